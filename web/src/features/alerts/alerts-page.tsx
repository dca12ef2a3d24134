import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { BellRing } from "lucide-react";
import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Select, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Moment } from "@/components/time.tsx";
import { request, useData } from "@/graphql/client.ts";
import type { AlertRowFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { AlertDrawer } from "./alert-drawer.tsx";
import "./alerts.css";
import { filterOf, isFiltered } from "./filter.ts";
import { AlertChannels, AlertList } from "./operations.ts";
import { DeliveryState, SEVERITIES, Severity, STATUSES } from "./severity.tsx";
import { words } from "./words.ts";

const PAGE = 100;
const column = createColumnHelper<AlertRowFragment>();

/** The delivery log: what was told, to whom, and what became of it. */
export function AlertsPage() {
  const t = useWords(words);
  const [search, setSearch] = useSearchParams();
  const set = (key: string, value: string | null) =>
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: key !== "open" },
    );
  const filter = filterOf(search);
  const { data: known } = useData(AlertChannels, {}, { staleTime: 30_000, retry: false });
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["AlertList", filter],
    queryFn: ({ pageParam, signal }) => request(AlertList, { filter, after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.alerts.pageInfo.hasNextPage ? last.alerts.pageInfo.endCursor : undefined),
    retry: false,
    refetchInterval: 15_000,
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.alerts.edges.map((edge) => edge.node)) ?? [], [data]);
  const columns = useMemo(
    () => [
      column.accessor("severity", { header: t("severity"), meta: { width: 110 }, cell: ({ getValue }) => <Severity severity={getValue()} /> }),
      column.accessor("title", {
        header: t("what"),
        cell: ({ row, getValue }) => (
          <button type="button" className="link-button row-name" title={getValue()} onClick={() => set("open", row.original.id)}>
            {getValue()}
          </button>
        ),
      }),
      column.accessor((row) => row.workflow ?? "", {
        id: "workflow",
        header: t("workflow"),
        meta: { isWide: true },
        cell: ({ getValue }) => <span className="mono">{getValue()}</span>,
      }),
      column.accessor((row) => row.deliveries.map((one) => one.status).join(), {
        id: "status",
        header: t("status"),
        cell: ({ row: { original } }) => (
          <span className="row">
            {original.deliveries.length === 0 && <span className="muted">{t(original.duplicateOf ? "duplicate" : "nobody")}</span>}
            {original.deliveries.slice(0, 3).map((one) => (
              <DeliveryState key={one.id} status={one.status} channel={one.channel} />
            ))}
            {original.deliveries.length > 3 && <span className="muted">+{original.deliveries.length - 3}</span>}
            {original.acknowledgedAt && <span className="tag wide">{t("acknowledged")}</span>}
          </span>
        ),
      }),
      column.accessor("raisedAt", { header: t("raised"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
    ],
    // `set` only writes the address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t],
  );
  const names = ["log", ...(known?.channels.nodes.map((one) => one.name) ?? [])];
  const opened = search.get("open");
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <>
          <Link className="button" to="/channels">
            {t("channels")}
          </Link>
          <Link className="button" to="/alerts/policy">
            {t("policy")}
          </Link>
        </>
      }
    >
      <div className="bar">
        <Select className="alert-filter" aria-label={t("severity")} value={search.get("severity") ?? ""} onChange={(event) => set("severity", event.target.value)}>
          <option value="">{t("anySeverity")}</option>
          {SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {t(one)}
            </option>
          ))}
        </Select>
        <Select className="alert-filter" aria-label={t("status")} value={search.get("status") ?? ""} onChange={(event) => set("status", event.target.value)}>
          <option value="">{t("anyStatus")}</option>
          {STATUSES.map((one) => (
            <option key={one} value={one}>
              {t(one)}
            </option>
          ))}
        </Select>
        <Select className="alert-filter" aria-label={t("channel")} value={search.get("channel") ?? ""} onChange={(event) => set("channel", event.target.value)}>
          <option value="">{t("anyChannel")}</option>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
        <TextInput
          className="alert-filter mono"
          aria-label={t("workflow")}
          placeholder={t("workflowFilter")}
          defaultValue={search.get("workflow") ?? ""}
          onBlur={(event) => set("workflow", event.target.value.trim())}
          onKeyDown={(event) => event.key === "Enter" && set("workflow", event.currentTarget.value.trim())}
        />
        <span className="muted">{data && t(hasNextPage ? "countMore" : "count", { n: rows.length })}</span>
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
        <Empty icon={BellRing} title={t(isFiltered(filter) ? "noMatch" : "none")}>
          <p>
            <Ticked text={t(isFiltered(filter) ? "noMatchText" : "noneText")} />
          </p>
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
      {opened && <AlertDrawer key={opened} id={opened} onOpen={(id) => set("open", id)} onClose={() => set("open", null)} />}
    </Page>
  );
}
