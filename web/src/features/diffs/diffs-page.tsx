import { createColumnHelper } from "@tanstack/react-table";
import { GitCompareArrows, Plus } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import type { DiffListQuery } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { isOver, RUN_STATUS } from "@/lib/run-status.ts";
import "./diffs.css";
import { DiffList } from "./operations.ts";
import { words } from "./words.ts";

type Row = DiffListQuery["workflows"]["nodes"][number];
const column = createColumnHelper<Row>();

/** What was compared before: each pair of tables once, with what its last run found. */
export function DiffsPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("find") ?? "";
  const { data, error } = useData(DiffList, {}, { refetchInterval: ({ state }) => (state.data?.workflows.nodes.some(isGoing) ? 2000 : false) });
  const rows = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return (data?.workflows.nodes ?? [])
      .filter((one) => one.outline.tags.includes("diff"))
      .filter((one) => [one.name, one.outline.description].some((text) => text?.toLowerCase().includes(needle)))
      .sort((a, b) => (whenOf(a) < whenOf(b) ? 1 : -1));
  }, [data, wanted]);
  const columns = useMemo(
    () => [
      column.accessor((row) => row.outline.description ?? row.name, {
        id: "what",
        header: t("what"),
        cell: ({ row: { original }, getValue }) => (
          <Link to={pathOf(original)} className="row-name">
            <Ticked text={getValue().replace(/^Compares |\.$/g, "")} />
          </Link>
        ),
      }),
      column.accessor((row) => row.runs.nodes[0]?.status ?? "", {
        id: "state",
        header: t("state"),
        cell: ({ row: { original } }) => {
          const run = original.runs.nodes[0];
          return run ? <Status tone={RUN_STATUS[run.status].tone}>{pick(RUN_STATUS[run.status].word, language)}</Status> : null;
        },
      }),
      column.accessor((row) => foundOf(row) ?? -1, {
        id: "found",
        header: t("found"),
        meta: { isNumber: true },
        cell: ({ getValue }) => (getValue() < 0 ? "" : formatNumber(getValue(), language)),
      }),
      column.accessor(whenOf, {
        id: "when",
        header: t("when"),
        meta: { isWide: true },
        cell: ({ getValue }) => (getValue() ? <Moment at={getValue()} /> : <span className="muted">{t("neverRun")}</span>),
      }),
    ],
    [t, language],
  );
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <May ask="startDiff">
          <Button tone="main" icon={Plus} onClick={() => void navigate("/diffs/new")}>
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
        <Empty icon={GitCompareArrows} title={wanted ? t("noMatch") : t("none")}>
          {!wanted && <p>{t("noneText")}</p>}
        </Empty>
      )}
      {rows.length > 0 && <DataTable label={t("title")} rows={rows} columns={columns} rowKey={(row) => row.id} rowHeight={40} onOpen={(row) => void navigate(pathOf(row))} />}
    </Page>
  );
}

function isGoing(row: Row): boolean {
  const run = row.runs.nodes[0];
  return run !== undefined && row.outline.tags.includes("diff") && !isOver(run.status);
}

function whenOf(row: Row): string {
  return row.runs.nodes[0]?.createdAt ?? "";
}

function pathOf(row: Row): string {
  return row.runs.nodes[0] ? `/diffs/${row.runs.nodes[0].id}` : `/workflows/${row.name}`;
}

function foundOf(row: Row): number | undefined {
  const outputs = row.runs.nodes[0]?.steps[0]?.outputs;
  const found = outputs ? (JSON.parse(outputs) as Record<string, unknown>)["differences"] : undefined;
  return typeof found === "number" ? found : undefined;
}
