import { createColumnHelper } from "@tanstack/react-table";
import { Activity, Pencil, Play, Plus } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Switch, TextInput } from "@/components/field.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { MonitorListQuery } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { FindingState, Trend } from "./finding.tsx";
import { MonitorDialog } from "./monitor-dialog.tsx";
import "./monitors.css";
import { EnableMonitor, MonitorList, RunMonitor } from "./operations.ts";
import { words } from "./words.ts";

type Row = MonitorListQuery["monitors"]["nodes"][number];
const column = createColumnHelper<Row>();

/** All monitors, each with its last value and whether a threshold was passed. */
export function MonitorsPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("find") ?? "";
  const set = (key: string, value: string | null) =>
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  const { data, error } = useData(MonitorList, {}, { refetchInterval: ({ state }) => (state.data?.monitors.nodes.some((one) => one.last?.status === "running" || one.last?.status === "queued") ? 1500 : 30_000) });
  const rows = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return (data?.monitors.nodes ?? []).filter((one) => [one.name, one.description].some((text) => text.toLowerCase().includes(needle)));
  }, [data, wanted]);
  const columns = useMemo(
    () => [
      column.accessor("name", {
        header: t("name"),
        cell: ({ row: { original }, getValue }) => (
          <Link to={`/monitors/${getValue()}`} className="row-name" title={original.description}>
            {getValue()}
          </Link>
        ),
      }),
      column.accessor("template", { header: t("template"), meta: { isWide: true }, cell: ({ getValue }) => t(getValue()) }),
      column.accessor((row) => (row.last?.passed ? 0 : row.last ? 2 : 1), { id: "state", header: t("state"), cell: ({ row }) => <FindingState finding={row.original.last} /> }),
      column.accessor((row) => row.last?.value ?? -1, {
        id: "last",
        header: t("last"),
        meta: { isNumber: true },
        cell: ({ row }) => (typeof row.original.last?.value === "number" ? formatNumber(row.original.last.value, language) : ""),
      }),
      column.accessor((row) => row.last?.trend ?? 0, { id: "trend", header: t("trend"), meta: { isNumber: true, isWide: true }, cell: ({ row }) => <Trend trend={row.original.last?.trend} /> }),
      column.accessor((row) => row.last?.at ?? "", { id: "when", header: t("when"), meta: { isWide: true }, cell: ({ getValue }) => (getValue() ? <Moment at={getValue()} /> : null) }),
      column.accessor((row) => row.cron ?? "", {
        id: "schedule",
        header: t("schedule"),
        meta: { isWide: true },
        cell: ({ row: { original } }) => (original.cron ? <Schedule monitor={original} /> : <span className="muted">{t("byHand")}</span>),
      }),
      column.display({
        id: "actions",
        header: () => <span className="only-read">{t("change")}</span>,
        meta: { width: 80 },
        cell: ({ row }) => <Actions name={row.original.name} onChange={() => set("change", row.original.name)} />,
      }),
    ],
    // `set` only writes the address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, language],
  );
  const changing = search.get("change");
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <May ask="createMonitor">
          <Button tone="main" icon={Plus} onClick={() => set("new", "1")}>
            {t("new")}
          </Button>
        </May>
      }
    >
      <div className="bar">
        <TextInput type="search" className="find" aria-label={t("search")} placeholder={t("search")} value={wanted} onChange={(event) => set("find", event.target.value)} />
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
        <Empty icon={Activity} title={wanted ? t("noMatch") : t("none")}>
          {!wanted && <p>{t("noneText")}</p>}
        </Empty>
      )}
      {rows.length > 0 && <DataTable label={t("title")} rows={rows} columns={columns} rowKey={(row) => row.name} rowHeight={40} onOpen={(row) => void navigate(`/monitors/${row.name}`)} />}
      {search.has("new") && <MonitorDialog onClose={() => set("new", null)} />}
      {changing && <MonitorDialog name={changing} onClose={() => set("change", null)} />}
    </Page>
  );
}

function Schedule({ monitor }: { monitor: Row }) {
  const t = useWords(words);
  const { mutate, isPending } = useChange(EnableMonitor, { onError: (error) => tell(error.message, { isBad: true }) });
  const may = useMay("setWorkflowEnabled");
  return (
    <span className="row">
      <Switch isBare label={t("enable", { name: monitor.name })} isOn={monitor.enabled} disabled={isPending || !may} onChange={(enabled) => mutate({ id: monitor.name, enabled })} />
      <span className="mono">{monitor.cron}</span>
    </span>
  );
}

function Actions({ name, onChange }: { name: string; onChange: () => void }) {
  const t = useWords(words);
  const { mutate, isPending } = useChange(RunMonitor, {
    onSuccess: () => tell(t("started", { name })),
    onError: (error) => tell(error.message, { isBad: true }),
  });
  return (
    <div className="row row-end">
      <May ask="startRun">
        <IconButton icon={Play} label={t("run", { name })} disabled={isPending} onClick={() => mutate({ name })} />
      </May>
      <May ask="createMonitor">
        <IconButton icon={Pencil} label={t("changeTitle", { name })} onClick={onChange} />
      </May>
    </div>
  );
}
