import { HeartPulse, ScanSearch } from "lucide-react";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { Link, useParams } from "react-router";
import { Button } from "@/components/button.tsx";
import "@/components/data-table.css";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Progress } from "@/components/progress.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatBytes, formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { isOver } from "@/lib/run-status.ts";
import { readInspection, spellFigure, workflowOf, type Inspection, type Usage } from "./inspection.ts";
import { StoreDetail } from "./operations.ts";
import "./stores.css";
import { UsageText } from "./stores-page.tsx";
import { useInspect } from "./use-inspect.ts";
import { words } from "./words.ts";

const TrendChart = lazy(async () => ({ default: (await import("@/components/trend-chart.tsx")).TrendChart }));
const NO_LIMITS: readonly number[] = [];
const MOST = 20;

/** How one store is doing, by its last inspection, and how it grew. */
export function StorePage() {
  const t = useWords(words);
  const name = useParams()["name"] ?? "";
  const { inspect, isBusy } = useInspect();
  const { data, error } = useData(StoreDetail, { workflow: workflowOf(name) }, { retry: false, refetchInterval: ({ state }) => (state.data?.workflow.runs.nodes[0] && !isOver(state.data.workflow.runs.nodes[0].status) ? 1000 : 30_000) });
  const isMissing = error !== null && asProblem(error).code === "workflow_not_found";
  const runs = useMemo(() => (data?.workflow.runs.nodes ?? []).map((run) => ({ run, found: readInspection(run.steps[0]?.outputs) })), [data]);
  const newest = runs[0]?.run;
  const last = runs.find(({ found }) => found);
  const points = useMemo(
    () => runs.flatMap(({ run, found }) => (found?.diskBytes === undefined ? [] : [{ at: new Date(run.createdAt).getTime() / 1000, value: found.diskBytes, isMarked: false }])).reverse(),
    [runs],
  );
  return (
    <Page
      crumbs={[{ label: t("title"), to: "/stores" }, { label: name }]}
      beside={newest && !isOver(newest.status) ? <Status tone="running">{t("inspecting")}</Status> : undefined}
      actions={
        <May ask="startRun">
          <Button tone="main" icon={ScanSearch} isBusy={isBusy} onClick={() => void inspect([name], new Set(data ? [workflowOf(name)] : []))}>
            {t("inspectNow")}
          </Button>
        </May>
      }
    >
      {error && !isMissing && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton rows={8} />}
      {newest?.error && (
        <div className="bar">
          <div className="grow">
            <Notice problem={newest.error} />
          </div>
        </div>
      )}
      {(isMissing || (data && !last && !newest?.error)) && (
        <Empty icon={HeartPulse} title={t("nothing")}>
          <p>{t("nothingText")}</p>
        </Empty>
      )}
      {last?.found && (
        <>
          <div className="bar store-facts">
            <span>{last.found.version}</span>
            <Moment at={last.run.createdAt} />
            <span className="grow" />
            <Link className="row-name muted" to={`/anomalies?connection=${name}&state=all`}>
              {t("anomalies")}
            </Link>
            <Link className="row-name muted" to={`/workflows/${workflowOf(name)}`}>
              {t("schedule")}
            </Link>
          </div>
          <Findings found={last.found} />
          {points.length > 1 && (
            <div className="store-chart">
              <Suspense fallback={<div className="store-chart-wait" />}>
                <TrendChart label={t("growth")} name={t("bytes")} limitName="" points={points} limits={NO_LIMITS} />
              </Suspense>
            </div>
          )}
        </>
      )}
    </Page>
  );
}

function Findings({ found }: { found: Inspection }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const plain = (value: number) => formatNumber(value, language);
  const unwanted = found.indexes.filter((index) => index.scans === 0 || index.duplicateOf !== "");
  return (
    <>
      <div className="store-cards">
        {found.connections && <UsageCard label={t("connections")} usage={found.connections} />}
        {found.pool && <UsageCard label={t("pool")} usage={found.pool} />}
        {found.diskBytes !== undefined && (
          <div className="store-card">
            <span className="muted">{t("disk")}</span>
            <span className="store-number">{formatBytes(found.diskBytes)}</span>
          </div>
        )}
        <div className="store-card">
          <span className="muted">{t("findings")}</span>
          <span className="store-number">{plain(found.findings)}</span>
        </div>
      </div>
      <div className="store-blocks">
        <Block title={t("tables")} isThere={found.tables.length > 0}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t("table")}</th>
                <th scope="col" className="number">
                  {t("rows")}
                </th>
                <th scope="col" className="number">
                  {t("size")}
                </th>
              </tr>
            </thead>
            <tbody>
              {found.tables.slice(0, MOST).map((table) => (
                <tr key={table.table} style={{ height: 28 }}>
                  <td className="mono" title={table.table}>
                    {table.table}
                  </td>
                  <td className="number">{table.rows === undefined ? "" : plain(table.rows)}</td>
                  <td className="number">{formatBytes(table.bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Block>
        <Block title={t("figures")} isThere={found.figures.length > 0}>
          <table className="table">
            <tbody>
              {found.figures.map(([name, value]) => (
                <tr key={name} style={{ height: 28 }}>
                  <th scope="row" className="mono store-figure">
                    {name}
                  </th>
                  <td className="number">{spellFigure(name, value, plain)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Block>
        <Block title={t("indexes")} isThere={unwanted.length > 0}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t("index")}</th>
                <th scope="col">{t("findings")}</th>
                <th scope="col" className="number">
                  {t("size")}
                </th>
              </tr>
            </thead>
            <tbody>
              {unwanted.slice(0, MOST).map((index) => (
                <tr key={`${index.table}.${index.index}`} style={{ height: 28 }}>
                  <td className="mono" title={`${index.table}.${index.index}`}>
                    {index.table}.{index.index}
                  </td>
                  <td>{index.duplicateOf ? t("duplicate", { name: index.duplicateOf }) : t("unused")}</td>
                  <td className="number">{formatBytes(index.bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Block>
        <Lines title={t("slow")} lines={found.slow} />
        <Lines title={t("running")} lines={found.running} />
        <Block title={t("unavailable")} isThere={found.unavailable.length > 0}>
          <ul className="store-list">
            {found.unavailable.map((text) => (
              <li key={text}>
                <Ticked text={text} />
              </li>
            ))}
          </ul>
        </Block>
      </div>
    </>
  );
}

function UsageCard({ label, usage }: { label: string; usage: Usage }) {
  return (
    <div className="store-card">
      <span className="muted">{label}</span>
      <span className="store-number">
        <UsageText usage={usage} />
      </span>
      {usage.limit !== undefined && usage.limit > 0 && <Progress label={label} share={usage.open / usage.limit} />}
    </div>
  );
}

function Block({ title, isThere, children }: { title: string; isThere: boolean; children: ReactNode }) {
  if (!isThere) return null;
  return (
    <section className="store-block" aria-label={title} tabIndex={0}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Statements with whatever the system tells of them. */
function Lines({ title, lines }: { title: string; lines: readonly Record<string, string>[] }) {
  const names = Object.keys(lines[0] ?? {});
  return (
    <Block title={title} isThere={lines.length > 0}>
      <table className="table">
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name} scope="col" className="mono">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, MOST).map((line, place) => (
            // Statements have no name of their own.
            <tr key={place} style={{ height: 28 }}>
              {names.map((name) => (
                <td key={name} className="mono" title={line[name]}>
                  {line[name]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Block>
  );
}
