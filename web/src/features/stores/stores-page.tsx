import { createColumnHelper } from "@tanstack/react-table";
import { HeartPulse, ScanSearch } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import type { StoreRunFragment } from "@/graphql/generated/graphql.ts";
import { formatBytes } from "@/lib/format.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { isOver } from "@/lib/run-status.ts";
import { readInspection, workflowOf, type Inspection } from "./inspection.ts";
import { StoreList } from "./operations.ts";
import "./stores.css";
import { useInspect } from "./use-inspect.ts";
import { words } from "./words.ts";

interface Row {
  name: string;
  system: string;
  run: StoreRunFragment | undefined;
  found: Inspection | undefined;
}

const column = createColumnHelper<Row>();

/** All connections, each with what its last inspection said. */
export function StoresPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const { inspect, isBusy } = useInspect();
  const { data, error } = useData(StoreList, {}, { refetchInterval: ({ state }) => (state.data?.workflows.nodes.some((one) => one.outline.tags.includes("health") && one.runs.nodes[0] && !isOver(one.runs.nodes[0].status)) ? 1000 : 30_000) });
  const known = useMemo(() => new Set(data?.workflows.nodes.map((one) => one.name)), [data]);
  const rows = useMemo(
    (): Row[] =>
      (data?.connections.nodes ?? [])
        .filter(({ system }) => system !== "http")
        .map(({ name, system }) => {
          const run = data?.workflows.nodes.find((one) => one.name === workflowOf(name))?.runs.nodes[0];
          return { name, system, run, found: readInspection(run?.steps[0]?.outputs) };
        }),
    [data],
  );
  const columns = useMemo(
    () => [
      column.accessor("name", {
        header: t("store"),
        cell: ({ getValue }) => (
          <Link to={`/stores/${getValue()}`} className="row-name">
            {getValue()}
          </Link>
        ),
      }),
      column.accessor((row) => row.found?.version ?? row.system, { id: "version", header: t("version"), meta: { isWide: true } }),
      column.accessor((row) => row.found?.connections?.open ?? -1, {
        id: "connections",
        header: t("connections"),
        meta: { isWide: true, isNumber: true },
        cell: ({ row }) => <UsageText usage={row.original.found?.connections} />,
      }),
      column.accessor((row) => row.found?.diskBytes ?? -1, {
        id: "disk",
        header: t("disk"),
        meta: { isNumber: true },
        cell: ({ getValue }) => (getValue() < 0 ? "" : formatBytes(getValue())),
      }),
      column.accessor((row) => row.found?.findings ?? -1, { id: "findings", header: t("findings"), cell: ({ row }) => <Found row={row.original} /> }),
      column.accessor((row) => row.run?.createdAt ?? "", {
        id: "at",
        header: t("inspected"),
        meta: { isWide: true },
        cell: ({ getValue }) => (getValue() ? <Moment at={getValue()} /> : <span className="muted">{t("never")}</span>),
      }),
      column.display({
        id: "actions",
        header: () => <span className="only-read">{t("inspectNow")}</span>,
        meta: { width: 50 },
        cell: ({ row: { original } }) => <May ask="startRun">
          <IconButton icon={ScanSearch} label={t("inspect", { name: original.name })} disabled={isBusy} onClick={() => void inspect([original.name], known)} />
        </May>,
      }),
    ],
    [t, inspect, isBusy, known],
  );
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        rows.length > 0 && (
          <May ask="startRun">
            <Button icon={ScanSearch} isBusy={isBusy} onClick={() => void inspect(rows.map((row) => row.name), known)}>
              {t("inspectAll")}
            </Button>
          </May>
        )
      }
    >
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && rows.length === 0 && (
        <Empty icon={HeartPulse} title={t("none")}>
          <p>{t("noneText")}</p>
        </Empty>
      )}
      {rows.length > 0 && <DataTable label={t("title")} rows={rows} columns={columns} rowKey={(row) => row.name} rowHeight={40} onOpen={(row) => void navigate(`/stores/${row.name}`)} />}
    </Page>
  );
}

function Found({ row }: { row: Row }) {
  const t = useWords(words);
  if (!row.run) return null;
  if (!isOver(row.run.status)) return <Status tone="running">{t("inspecting")}</Status>;
  if (!row.found) return <Status tone="bad">{t("failed")}</Status>;
  return <Status tone={row.found.findings > 0 ? "warned" : "good"}>{String(row.found.findings)}</Status>;
}

export function UsageText({ usage }: { usage: { open: number; limit: number | undefined } | undefined }) {
  const t = useWords(words);
  if (!usage) return null;
  return <>{usage.limit === undefined ? usage.open : t("of", { open: usage.open, limit: usage.limit })}</>;
}
