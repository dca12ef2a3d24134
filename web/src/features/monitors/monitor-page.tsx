import { createColumnHelper } from "@tanstack/react-table";
import { Activity, Pencil, Play } from "lucide-react";
import { lazy, Suspense, useMemo } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { MonitorFindingFragment } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { FindingState, Trend } from "./finding.tsx";
import { MonitorDialog } from "./monitor-dialog.tsx";
import "./monitors.css";
import { MonitorDetail, RunMonitor } from "./operations.ts";
import { limitsOf, measuresOf, readPlan } from "./plan.ts";
import { words } from "./words.ts";

// Charts are loaded with the first page that shows one.
const TrendChart = lazy(async () => ({ default: (await import("@/components/trend-chart.tsx")).TrendChart }));

const column = createColumnHelper<MonitorFindingFragment>();
const STEP = 100;

/** One monitor: its value over time beside its thresholds, and what each run found. */
export function MonitorPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const name = useParams()["name"] ?? "";
  const [search, setSearch] = useSearchParams();
  const first = Math.max(STEP, Number(search.get("first")) || STEP);
  const { data, error } = useData(
    MonitorDetail,
    { name, first },
    { retry: false, placeholderData: (old) => old, refetchInterval: ({ state }) => (state.data?.monitorResults.nodes.some((one) => ["queued", "running", "waiting"].includes(one.status)) ? 1000 : 30_000) },
  );
  const run = useChange(RunMonitor, { onSuccess: () => tell(t("started", { name })), onError: (fault) => tell(fault.message, { isBad: true }) });
  const plan = useMemo(() => (data ? readPlan(data.workflow.version.text) : undefined), [data]);
  const results = useMemo(() => data?.monitorResults.nodes ?? [], [data]);
  const points = useMemo(
    () => results.flatMap((one) => (typeof one.value === "number" ? [{ at: new Date(one.at).getTime() / 1000, value: one.value, isMarked: one.passed }] : [])).reverse(),
    [results],
  );
  const limits = useMemo(() => limitsOf(plan), [plan]);
  const measures = useMemo(() => (plan ? measuresOf(plan.template, plan.right !== null) : []), [plan]);
  const columns = useMemo(
    () => [
      column.accessor("at", {
        header: t("at"),
        cell: ({ row, getValue }) => (
          <Link to={`/runs/${row.original.runId}`} className="row-name">
            <Moment at={getValue()} />
          </Link>
        ),
      }),
      column.accessor((row) => (row.passed ? 0 : 1), { id: "state", header: t("state"), cell: ({ row }) => <FindingState finding={row.original} /> }),
      column.accessor((row) => row.trend ?? 0, { id: "trend", header: t("trend"), meta: { isNumber: true }, cell: ({ row }) => <Trend trend={row.original.trend} /> }),
      ...measures.map((measure, place) =>
        column.accessor((row) => (JSON.parse(row.measures) as Record<string, unknown>)[measure], {
          id: measure,
          header: () => <span className="mono">{measure}</span>,
          meta: { isNumber: true, isWide: place > 0 },
          cell: ({ getValue }) => {
            const value: unknown = getValue();
            return typeof value === "number" ? formatNumber(value, language) : "";
          },
        }),
      ),
    ],
    [t, language, measures],
  );
  const crumbs = [{ label: t("title"), to: "/monitors" }, { label: name }];
  const set = (key: string, value: string | null) =>
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  if (!data) {
    return (
      <Page crumbs={crumbs}>
        {error ? (
          <div className="bar">
            <div className="grow">
              <Notice problem={asProblem(error)} />
            </div>
          </div>
        ) : (
          <Skeleton rows={8} />
        )}
      </Page>
    );
  }
  return (
    <Page
      crumbs={crumbs}
      beside={<FindingState finding={results[0]} />}
      actions={
        <>
          <May ask="createMonitor">
            <Button icon={Pencil} className="monitor-wide" onClick={() => set("change", "1")}>
              {t("change")}
            </Button>
          </May>
          <May ask="startRun">
            <Button tone="main" icon={Play} isBusy={run.isPending} onClick={() => run.mutate({ name })}>
              {t("runNow")}
            </Button>
          </May>
        </>
      }
    >
      <div className="bar monitor-facts">
        <span className="cut" title={data.workflow.outline.description ?? undefined}>
          {data.workflow.outline.description}
        </span>
        <span className="grow" />
        <span className="mono">{data.workflow.outline.schedules[0] ?? t("byHand")}</span>
        {data.workflow.outline.nextRunAt && <Moment at={data.workflow.outline.nextRunAt} />}
        <Link to={`/workflows/${name}`} className="row-name muted">
          {t("workflow")}
        </Link>
      </div>
      {results.length === 0 && (
        <Empty icon={Activity} title={t("noResults")}>
          <p>{t("noResultsText")}</p>
        </Empty>
      )}
      {points.length > 0 && (
        <div className="monitor-chart">
          <Suspense fallback={<div className="monitor-chart-wait" />}>
            <TrendChart label={`${t("chart")}: ${measures[0] ?? ""}`} name={measures[0] ?? t("value")} limitName={t("threshold")} points={points} limits={limits} />
          </Suspense>
        </div>
      )}
      {results.length > 0 && (
        <DataTable
          label={t("results")}
          rows={results}
          columns={columns}
          rowKey={(row) => row.runId}
          rowHeight={34}
          onOpen={(row) => void navigate(`/runs/${row.runId}`)}
          foot={
            results.length >= first && (
              <Button tone="ghost" onClick={() => set("first", String(first + STEP))}>
                {t("more")}
              </Button>
            )
          }
        />
      )}
      {search.has("change") && <MonitorDialog name={name} onClose={() => set("change", null)} />}
    </Page>
  );
}
