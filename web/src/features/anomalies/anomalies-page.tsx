import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Check, Eye, SlidersHorizontal, TriangleAlert } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Select, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Segments } from "@/components/segments.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useConnections } from "@/graphql/catalog.ts";
import { queryClient, request } from "@/graphql/client.ts";
import type { AnomalyFieldsFragment } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import "./anomalies.css";
import { AnomalyDrawer } from "./anomaly-drawer.tsx";
import { filterOf, SEVERITIES, viewOf, type View } from "./filter.ts";
import { AcknowledgeAnomaly, AnomalyList, ResolveAnomaly } from "./operations.ts";
import { RulesDrawer } from "./rules-drawer.tsx";
import { Severity, State } from "./severity.tsx";
import { words } from "./words.ts";

const PAGE = 100;
const VIEWS: readonly View[] = ["unsolved", "OPEN", "ACKNOWLEDGED", "RESOLVED", "all"];
const column = createColumnHelper<AnomalyFieldsFragment>();

/** The inbox of what is wrong: filtered by the address, settled one by one or several at once. */
export function AnomaliesPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const [search, setSearch] = useSearchParams();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isBusy, setBusy] = useState(false);
  const connections = useConnections() ?? [];
  const set = (key: string, value: string | null) => {
    if (key !== "open") setChosen(new Set());
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: key !== "open" },
    );
  };
  const filter = filterOf(search);
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["AnomalyList", filter],
    queryFn: ({ pageParam, signal }) => request(AnomalyList, { filter, after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.anomalies.pageInfo.hasNextPage ? last.anomalies.pageInfo.endCursor : undefined),
    retry: false,
    refetchInterval: 30_000,
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.anomalies.nodes) ?? [], [data]);
  const columns = useMemo(
    () => [
      column.display({
        id: "chosen",
        header: () => (
          <input
            type="checkbox"
            className="anomaly-check"
            aria-label={t("selectAll")}
            checked={rows.length > 0 && rows.every((row) => chosen.has(row.id))}
            onChange={(event) => setChosen(new Set(event.target.checked ? rows.map((row) => row.id) : []))}
          />
        ),
        meta: { width: 36 },
        cell: ({ row: { original } }) => (
          <input
            type="checkbox"
            className="anomaly-check"
            aria-label={t("select", { name: `${original.rule} ${original.table} ${original.scope}` })}
            checked={chosen.has(original.id)}
            onChange={(event) =>
              setChosen((old) => {
                const next = new Set(old);
                if (event.target.checked) next.add(original.id);
                else next.delete(original.id);
                return next;
              })
            }
          />
        ),
      }),
      column.accessor("severity", { header: t("severity"), cell: ({ getValue }) => <Severity severity={getValue()} /> }),
      column.accessor("message", {
        header: t("message"),
        cell: ({ row, getValue }) => (
          <button type="button" className="anomaly-open" title={getValue()} onClick={() => set("open", row.original.id)}>
            {getValue()}
          </button>
        ),
      }),
      column.accessor((row) => [row.connection, row.table].filter(Boolean).join(":"), {
        id: "where",
        header: t("where"),
        meta: { isWide: true },
        cell: ({ row, getValue }) => (
          <span className="mono">
            {getValue()}
            {row.original.scope && <span className="muted"> · {row.original.scope}</span>}
          </span>
        ),
      }),
      column.accessor("rule", { header: t("rule"), meta: { isWide: true }, cell: ({ getValue }) => <code>{getValue()}</code> }),
      column.accessor("state", { header: t("states"), meta: { isWide: true }, cell: ({ getValue }) => <State state={getValue()} /> }),
      column.accessor("count", { header: t("times"), meta: { isNumber: true, isWide: true }, cell: ({ getValue }) => formatNumber(getValue(), language) }),
      column.accessor("lastSeen", { header: t("lastSeen"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
    ],
    // `set` only writes the address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, language, rows, chosen],
  );
  const settle = async (ask: (id: string) => Promise<unknown>) => {
    setBusy(true);
    let count = 0;
    for (const id of chosen) {
      try {
        await ask(id);
        count++;
      } catch (fault) {
        tell(asProblem(fault).message, { isBad: true });
      }
    }
    setBusy(false);
    setChosen(new Set());
    await queryClient.invalidateQueries();
    if (count > 0) tell(t("done", { n: count }));
  };
  const isFiltered = search.get("severity") !== null || search.get("rule") !== null || search.get("connection") !== null;
  const opened = search.get("open");
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <Button icon={SlidersHorizontal} onClick={() => set("open", "rules")}>
          {t("rules")}
        </Button>
      }
    >
      <div className="bar">
        <Segments label={t("states")} value={viewOf(search)} choices={VIEWS.map((view) => ({ value: view, label: t(view) }))} onChange={(view) => set("state", view === "unsolved" ? null : view)} />
        <Select className="anomaly-filter" aria-label={t("severity")} value={search.get("severity") ?? ""} onChange={(event) => set("severity", event.target.value)}>
          <option value="">{t("anySeverity")}</option>
          {SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {one === "ERROR" ? t(one) : t("orWorse", { word: t(one) })}
            </option>
          ))}
        </Select>
        <Select className="anomaly-filter" aria-label={t("connection")} value={search.get("connection") ?? ""} onChange={(event) => set("connection", event.target.value)}>
          <option value="">{t("anyConnection")}</option>
          {connections.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
        <TextInput className="anomaly-filter mono" aria-label={t("rule")} placeholder={t("ruleFilter").replaceAll("`", "")} defaultValue={search.get("rule") ?? ""} onBlur={(event) => set("rule", event.target.value.trim())} onKeyDown={(event) => event.key === "Enter" && set("rule", event.currentTarget.value.trim())} />
        <span className="muted">{data && t(hasNextPage ? "countMore" : "count", { n: rows.length })}</span>
        <span className="grow" />
        {chosen.size > 0 && (
          <>
            <May ask="acknowledgeAnomaly">
              <Button icon={Eye} isBusy={isBusy} onClick={() => void settle((id) => request(AcknowledgeAnomaly, { id }))}>
                {t("acknowledgeMany", { n: chosen.size })}
              </Button>
            </May>
            <May ask="resolveAnomaly">
              <Button icon={Check} isBusy={isBusy} onClick={() => void settle((id) => request(ResolveAnomaly, { id }))}>
                {t("resolveMany", { n: chosen.size })}
              </Button>
            </May>
          </>
        )}
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
        <Empty icon={TriangleAlert} title={t(isFiltered ? "noMatch" : "none")}>
          <p>{t(isFiltered ? "noMatchText" : "noneText")}</p>
        </Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t("title")}
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          rowHeight={38}
          onOpen={(row) => set("open", row.id)}
          onEnd={() => {
            if (hasNextPage && !isFetching) void fetchNextPage();
          }}
        />
      )}
      {opened === "rules" && <RulesDrawer onClose={() => set("open", null)} />}
      {opened && opened !== "rules" && <AnomalyDrawer id={opened} onClose={() => set("open", null)} />}
    </Page>
  );
}
