import { createColumnHelper } from "@tanstack/react-table";
import { ArrowRightLeft, Plus } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Progress } from "@/components/progress.tsx";
import { Status } from "@/components/status.tsx";
import { useData } from "@/graphql/client.ts";
import type { TransferListQuery } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { TransferList } from "./operations.ts";
import { endsOf, shareOf } from "./spelling.ts";
import { isGoing, TONE } from "./state.ts";
import "./transfers.css";
import { words } from "./words.ts";

type Row = TransferListQuery["migrations"]["nodes"][number];
const column = createColumnHelper<Row>();

/** All transfers, each with how far its newest run is. */
export function TransfersPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("find") ?? "";
  const { data, error } = useData(TransferList, {}, { refetchInterval: ({ state }) => (state.data?.migrations.nodes.some((one) => isGoing(one.progress?.state)) ? 1000 : false) });
  const rows = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return (data?.migrations.nodes ?? []).filter((one) => [one.name, ...Object.values(endsOf(one.settings))].some((text) => text.toLowerCase().includes(needle)));
  }, [data, wanted]);
  const columns = useMemo(
    () => [
      column.accessor("name", {
        header: t("name"),
        cell: ({ getValue }) => (
          <Link to={`/transfers/${getValue()}`} className="row-name">
            {getValue()}
          </Link>
        ),
      }),
      column.accessor((row) => endsOf(row.settings).from, { id: "from", header: t("from"), meta: { isWide: true }, cell: ({ getValue }) => <span className="mono">{getValue()}</span> }),
      column.accessor((row) => endsOf(row.settings).to, { id: "to", header: t("to"), meta: { isWide: true }, cell: ({ getValue }) => <span className="mono">{getValue()}</span> }),
      column.accessor((row) => row.progress?.state ?? "", {
        id: "state",
        header: t("state"),
        cell: ({ row: { original } }) =>
          original.progress ? <Status tone={TONE[original.progress.state]}>{t(original.progress.state)}</Status> : <span className="muted">{t("notStarted")}</span>,
      }),
      column.display({
        id: "progress",
        header: t("progress"),
        meta: { isWide: true, width: 160 },
        cell: ({ row: { original } }) =>
          original.progress && isGoing(original.progress.state) ? <Progress label={`${t("progress")}: ${original.name}`} share={shareOf(original.progress)} /> : null,
      }),
      column.accessor((row) => row.progress?.rows ?? -1, {
        id: "rows",
        header: t("rows"),
        meta: { isNumber: true },
        cell: ({ getValue }) => (getValue() < 0 ? "" : formatNumber(getValue(), language)),
      }),
    ],
    [t, language],
  );
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <May ask="createMigration">
          <Button tone="main" icon={Plus} onClick={() => void navigate("/transfers/new")}>
            {t("new")}
          </Button>
        </May>
      }
    >
      <div className="bar">
        <TextInput
          type="search"
          className="find"
          aria-label={t("search")}
          placeholder={t("search")}
          value={wanted}
          onChange={(event) => setSearch(event.target.value ? { find: event.target.value } : {}, { replace: true })}
        />
        <span className="muted">{data && t("count", { n: rows.length })}</span>
      </div>
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && rows.length === 0 && (
        <Empty icon={ArrowRightLeft} title={wanted ? t("noMatch") : t("none")}>
          {!wanted && <p>{t("noneText")}</p>}
        </Empty>
      )}
      {rows.length > 0 && <DataTable label={t("title")} rows={rows} columns={columns} rowKey={(row) => row.name} rowHeight={40} onOpen={(row) => void navigate(`/transfers/${row.name}`)} />}
    </Page>
  );
}
