import { Ban, Check, Download, GitCompareArrows, Pencil, SearchX, Wrench } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Switch, TextInput } from "@/components/field.tsx";
import { Menu, MenuItem } from "@/components/menu.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Segments } from "@/components/segments.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { keyOf, queryClient, useChange, useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useRunEvents } from "@/graphql/run-events.ts";
import { download } from "@/lib/download.ts";
import { formatNumber, formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { isOver, RUN_STATUS, spanOf } from "@/lib/run-status.ts";
import { differing, holds, toCsv, toJson, type Difference } from "./differences.ts";
import { DifferenceGrid } from "./difference-grid.tsx";
import "./diffs.css";
import { CancelDiff, DiffDetail, StartDiff } from "./operations.ts";
import { readPlan, spellSide, toInput } from "./plan.ts";
import { RepairDrawer } from "./repair-drawer.tsx";
import { RowDrawer } from "./row-drawer.tsx";
import { Running } from "./running.tsx";
import { Totals, type Counts } from "./totals.tsx";
import { FILE_MOST, readAll, useDifferences } from "./use-differences.ts";
import { words } from "./words.ts";

/** What one comparison found: totals, and its rows side by side. */
export function DiffPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const run = useParams()["run"] ?? "";
  const [search, setSearch] = useSearchParams();
  const { data, error } = useData(DiffDetail, { run }, { retry: false, refetchInterval: ({ state }) => (state.data && !isOver(state.data.diff.run.status) ? 2000 : false) });
  const diff = data?.diff;
  const isGoing = diff !== undefined && !isOver(diff.run.status);
  const readAgain = useCallback(() => void queryClient.invalidateQueries({ queryKey: keyOf(DiffDetail, { run }) }), [run]);
  const followed = useRunEvents(run, isGoing, readAgain);
  const plan = useMemo(() => (diff?.run.version ? readPlan(diff.run.version.text) : undefined), [diff?.run.version]);
  const names = { left: plan ? spellSide(plan.left) : t("left"), right: plan ? spellSide(plan.right) : t("right") };
  const set = (key: string, value: string | null) =>
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  const cancel = useChange(CancelDiff, { onSuccess: () => tell(t("canceling")), onError: (fault) => tell(fault.message, { isBad: true }) });
  const again = useChange(StartDiff, {
    onSuccess: ({ startDiff }) => void navigate(`/diffs/${startDiff.run.id}`),
    onError: (fault) => tell(fault.message, { isBad: true }),
  });
  const crumbs = [{ label: t("title"), to: "/diffs" }, { label: plan ? `${names.left} ↔ ${names.right}` : run }];
  if (!diff) {
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
  const counts: Counts | undefined = diff.isCounted
    ? {
        missing: diff.missing ?? 0,
        extra: diff.extra ?? 0,
        changed: diff.changed ?? 0,
        equal: diff.equal ?? 0,
        leftRows: diff.leftRows ?? 0,
        rightRows: diff.rightRows ?? 0,
        percent: diff.percent ?? 0,
      }
    : undefined;
  const differences = counts ? counts.missing + counts.extra + counts.changed : 0;
  const repaired = repairedOf(diff.run.steps[0]?.outputs);
  const { tone, word } = RUN_STATUS[diff.run.status];
  const fault = diff.run.steps.find((step) => step.error)?.error ?? diff.error;
  const span = spanOf(diff.run, new Date());
  const input = plan ? fixed(toInput(plan, undefined), plan.pairs) : undefined;
  return (
    <Page
      crumbs={crumbs}
      beside={
        <span data-run-status={diff.run.status}>
          <Status tone={tone}>{pick(word, language)}</Status>
        </span>
      }
      actions={
        <>
          {isGoing && (
            <Button tone="danger" icon={Ban} isBusy={cancel.isPending} onClick={() => cancel.mutate({ id: diff.run.id })}>
              {t("cancel")}
            </Button>
          )}
          {!isGoing && input && (
            <Button icon={GitCompareArrows} isBusy={again.isPending} onClick={() => again.mutate({ input })}>
              {t("rerun")}
            </Button>
          )}
          {!isGoing && (
            <Button icon={Pencil} className="diff-wide" onClick={() => void navigate(`/diffs/new?from=${run}`)}>
              {t("again")}
            </Button>
          )}
        </>
      }
    >
      <div className="bar diff-facts">
        <Moment at={diff.run.createdAt} />
        {span !== undefined && !isGoing && <span>{formatSpan(span)}</span>}
        {diff.strategy && (
          <span className="muted" title={[...diff.reasons, ...diff.notes].join("\n")}>
            {diff.strategy}
          </span>
        )}
        {diff.complete === false && <Status tone="warned">{t("partial")}</Status>}
        {repaired > 0 && <Status tone="good">{t("repaired", { n: repaired })}</Status>}
        <span className="grow" />
        <Link to={`/runs/${diff.run.id}`} className="row-name muted">
          {t("openRun")}
        </Link>
      </div>
      {fault && (
        <div className="bar">
          <div className="grow">
            <Notice problem={fault} />
          </div>
        </div>
      )}
      {isGoing && plan && <Running plan={plan} rows={followed.rows} startedAt={diff.run.startedAt ?? null} />}
      {counts && <Totals counts={counts} kind={search.get("kind") ?? ""} onKind={(kind) => set("kind", kind)} />}
      {counts && differences === 0 && (
        <Empty icon={Check} title={t("noRows")}>
          <p>{t("noRowsText", { n: counts.equal })}</p>
        </Empty>
      )}
      {counts && differences > 0 && (
        <Rows run={run} names={names} counts={counts} search={search} set={set} input={plan?.right.by === "table" && diff.key.length > 0 ? input : undefined} />
      )}
      {counts && diff.notes.length > 0 && (
        <details className="diff-notes">
          <summary>{t("how")}</summary>
          <ul>
            {[...diff.reasons, ...diff.notes].map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </details>
      )}
    </Page>
  );
}

/** The columns that were called otherwise stay so when the comparison is repeated. */
function fixed(input: ReturnType<typeof toInput>, pairs: Readonly<Record<string, string>>) {
  const mapping = Object.entries(pairs)
    .filter(([, right]) => right !== "")
    .map(([left, right]) => ({ left, right }));
  return mapping.length > 0 ? { ...input, mapping } : input;
}

function repairedOf(outputs: string | undefined): number {
  const found = outputs ? (JSON.parse(outputs) as Record<string, unknown>)["repaired"] : 0;
  return typeof found === "number" ? found : 0;
}

interface RowsProps {
  run: string;
  names: { left: string; right: string };
  counts: Counts;
  search: URLSearchParams;
  set: (key: string, value: string | null) => void;
  /** What is mended; none: the right side is no table, or its rows have no key. */
  input: ReturnType<typeof toInput> | undefined;
}

function Rows({ run, names, counts, search, set, input }: RowsProps) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const [opened, setOpened] = useState<Difference>();
  const [read, setRead] = useState<number>();
  const { rows, key, columns, data, error, hasNextPage, isFetching, fetchNextPage } = useDifferences(run, true);
  const kind = search.get("kind") ?? "";
  const wanted = (search.get("find") ?? "").trim().toLowerCase();
  const layout = search.get("layout") === "columns" ? "columns" : "sides";
  const isAll = search.get("columns") === "all";
  const shown = useMemo(() => rows.filter((row) => (kind === "" || row.kind === kind) && (wanted === "" || holds(row, wanted))), [rows, kind, wanted]);
  const drawn = useMemo(() => (isAll ? columns.filter((column) => !key.includes(column)) : differing(columns, key, shown)), [isAll, columns, key, shown]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetching && !error) void fetchNextPage();
  }, [hasNextPage, isFetching, error, fetchNextPage]);
  const save = async (kindOfFile: "csv" | "json") => {
    setRead(0);
    try {
      const all = await readAll(run, setRead);
      if (kindOfFile === "csv") download("differences.csv", toCsv(all.key, all.columns, all.rows), "text/csv");
      else download("differences.json", toJson(all.rows), "application/json");
      if (all.isCut) tell(t("exportCut", { n: FILE_MOST }), { isBad: true });
    } catch (fault) {
      tell(asProblem(fault).message, { isBad: true });
    }
    setRead(undefined);
  };
  const isRepairing = search.has("repair");
  return (
    <>
      <div className="bar">
        <TextInput type="search" className="find" aria-label={t("findRow")} placeholder={t("findRow")} value={search.get("find") ?? ""} onChange={(event) => set("find", event.target.value)} />
        <Segments
          label={t("layout")}
          value={layout}
          choices={[
            { value: "sides", label: t("sideBySide") },
            { value: "columns", label: t("byColumn") },
          ]}
          onChange={(next) => set("layout", next === "sides" ? null : next)}
        />
        <Switch label={t("onlyDifferent")} isOn={!isAll} onChange={(isOn) => set("columns", isOn ? null : "all")} />
        <span className="muted grow" role="status" title={t("asFound")}>
          {hasNextPage ? t("shown", { n: rows.length, all: counts.missing + counts.extra + counts.changed }) : t("shownAll", { n: shown.length })}
        </span>
        <Menu
          trigger={
            <Button icon={Download} isBusy={read !== undefined}>
              {read === undefined ? t("export") : t("exporting", { n: formatNumber(read, language) })}
            </Button>
          }
        >
          <MenuItem onSelect={() => void save("csv")}>{t("exportCsv")}</MenuItem>
          <MenuItem onSelect={() => void save("json")}>{t("exportJson")}</MenuItem>
        </Menu>
        {input && (
          <Button icon={Wrench} onClick={() => set("repair", "1")}>
            {t("repair")}
          </Button>
        )}
      </div>
      {error && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton height={28} rows={8} />}
      {data && shown.length === 0 && !hasNextPage && (
        <Empty icon={SearchX} title={t(rows.length === 0 ? "gone" : "noRowsMatch")}>
          <p>{t(rows.length === 0 ? "goneText" : "noRowsMatchText")}</p>
        </Empty>
      )}
      {data && (shown.length > 0 || hasNextPage) && (
        <DifferenceGrid rows={shown} keyColumns={key} columns={drawn} layout={layout} names={names} onOpen={setOpened} onEnd={more} />
      )}
      {opened && <RowDrawer row={opened} keyColumns={key} columns={columns} names={names} onClose={() => setOpened(undefined)} />}
      {isRepairing && input && <RepairDrawer run={run} names={names} input={input} counts={counts} onClose={() => set("repair", null)} />}
    </>
  );
}
