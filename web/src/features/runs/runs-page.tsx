/** All runs, newest first, with filters that are part of the address. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { History } from "lucide-react";
import { useMemo, useRef } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Select } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { queryClient, request, useData } from "@/graphql/client.ts";
import type { RunRowFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useSubscription } from "@/graphql/subscription.ts";
import { formatNumber, formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords, type Language, type Translate } from "@/lib/language.ts";
import { RUN_STATUS, spanOf, type RunStatus } from "@/lib/run-status.ts";
import { AllRunEvents, RunList, RunWorkflows } from "./operations.ts";
import { words } from "./words.ts";

const STATES = Object.keys(RUN_STATUS) as RunStatus[];
const column = createColumnHelper<RunRowFragment>();

export function RunsPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const workflow = search.get("workflow");
  const state = STATES.find((one) => one === search.get("state")?.toUpperCase());
  const { data: known } = useData(RunWorkflows, {}, { staleTime: 10_000 });
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["RunList", workflow, state],
    queryFn: ({ pageParam, signal }) => request(RunList, { workflow, statuses: state ? [state] : null, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.runs.pageInfo.hasNextPage ? last.runs.pageInfo.endCursor : undefined),
    refetchInterval: 15_000,
  });
  // Read again soon after something changed, but not at every event.
  const soon = useRef<ReturnType<typeof setTimeout>>(undefined);
  useSubscription(AllRunEvents, {}, true, ({ runEvents }) => {
    if (!runEvents.status) return;
    soon.current ??= setTimeout(() => {
      soon.current = undefined;
      void queryClient.invalidateQueries({ queryKey: ["RunList"] });
    }, 400);
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.runs.nodes) ?? [], [data]);
  const columns = useMemo(() => makeColumns(t, language), [t, language]);
  const filter = (name: string, value: string) => {
    const next = new URLSearchParams(search);
    if (value) next.set(name, value);
    else next.delete(name);
    setSearch(next, { replace: true });
  };
  const isFiltered = workflow !== null || state !== undefined;
  return (
    <Page crumbs={[{ label: t("title") }]}>
      <div className="bar">
        <Select className="find" aria-label={t("workflow")} value={workflow ?? ""} onChange={(event) => filter("workflow", event.target.value)}>
          <option value="">{t("allWorkflows")}</option>
          {workflow && !known?.workflows.nodes.some((one) => one.name === workflow) && <option>{workflow}</option>}
          {known?.workflows.nodes.map((one) => <option key={one.id}>{one.name}</option>)}
        </Select>
        <Select className="find" aria-label={t("status")} value={state ?? ""} onChange={(event) => filter("state", event.target.value.toLowerCase())}>
          <option value="">{t("allStates")}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {pick(RUN_STATUS[one].word, language)}
            </option>
          ))}
        </Select>
      </div>
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton rows={10} />}
      {data && rows.length === 0 && (
        <Empty icon={History} title={isFiltered ? t("noMatch") : t("none")}>
          <p>{isFiltered ? t("noMatchText") : t("noneText")}</p>
        </Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t("title")}
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          onOpen={(row) => void navigate(`/runs/${row.id}`)}
          onEnd={() => {
            if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
          }}
          foot={hasNextPage ? <Button tone="ghost" onClick={() => void fetchNextPage()}>{t("more")}</Button> : undefined}
        />
      )}
    </Page>
  );
}

function makeColumns(t: Translate<typeof words>, language: Language) {
  const total = (run: RunRowFragment, of: "rowsOut" | "rowsRejected") => run.steps.reduce((sum, step) => sum + step[of], 0);
  return [
    column.accessor("status", {
      header: t("status"),
      meta: { width: 120 },
      cell: ({ row, getValue }) => (
        <Link to={`/runs/${row.original.id}`}>
          <Status tone={RUN_STATUS[getValue()].tone}>{pick(RUN_STATUS[getValue()].word, language)}</Status>
        </Link>
      ),
    }),
    column.accessor((run) => run.workflowName ?? "", {
      id: "workflow",
      header: t("workflow"),
      cell: ({ row, getValue }) =>
        getValue() ? (
          <Link to={`/runs/${row.original.id}`} className="row-name">
            {getValue()}
          </Link>
        ) : (
          <span className="muted">{t("deleted")}</span>
        ),
    }),
    column.accessor("createdAt", { header: t("created"), cell: ({ getValue }) => <Moment at={getValue()} /> }),
    column.accessor("trigger", { header: t("trigger"), meta: { isWide: true }, cell: ({ getValue }) => triggerWord(getValue(), t) }),
    column.accessor((run) => spanOf(run, new Date()) ?? 0, {
      id: "took",
      header: t("took"),
      meta: { isNumber: true },
      cell: ({ row, getValue }) => (row.original.startedAt ? formatSpan(getValue()) : ""),
    }),
    column.accessor((run) => total(run, "rowsRejected"), {
      id: "rejected",
      header: t("rejected"),
      meta: { isNumber: true, isWide: true },
      cell: ({ getValue }) => (getValue() ? formatNumber(getValue(), language) : <span className="muted">0</span>),
    }),
    column.accessor((run) => run.error?.message ?? "", {
      id: "failure",
      header: t("failure"),
      meta: { isWide: true },
      cell: ({ getValue }) => (
        <span className="muted" title={getValue()}>
          {getValue()}
        </span>
      ),
    }),
  ];
}

/** What started a run, as people say it. */
export function triggerWord(trigger: string, t: Translate<typeof words>): string {
  return trigger === "manual" || trigger === "cron" || trigger === "webhook" ? t(trigger) : trigger;
}
