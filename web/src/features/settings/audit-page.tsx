import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { ScrollText } from "lucide-react";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { DataTable } from "@/components/data-table.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Facts } from "@/components/facts.tsx";
import { TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { TextDiff } from "@/components/text-diff.tsx";
import { Moment } from "@/components/time.tsx";
import { request } from "@/graphql/client.ts";
import type { AuditLogQuery } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatExact } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { filterOf, spellJson } from "./audit-entry.ts";
import { Verdict } from "./audit-verdict.tsx";
import { AuditLog } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { SettingsPage } from "./settings-page.tsx";

type Entry = AuditLogQuery["auditLog"]["edges"][number]["node"];
const PAGE = 100;
const column = createColumnHelper<Entry>();

/** Who changed what, from where, with what was before and after. */
export function AuditPage() {
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
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["AuditLog", filter],
    queryFn: ({ pageParam, signal }) => request(AuditLog, { filter, after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.auditLog.pageInfo.hasNextPage ? last.auditLog.pageInfo.endCursor : undefined),
    retry: false,
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.auditLog.edges.map((edge) => edge.node)) ?? [], [data]);
  const columns = useMemo(
    () => [
      column.accessor("at", { header: t("when"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
      column.accessor("who", { header: t("who"), cell: ({ getValue }) => <span className="row-name">{getValue()}</span> }),
      column.accessor("operation", {
        header: t("operation"),
        cell: ({ row, getValue }) => (
          <button type="button" className="link-button" onClick={() => set("open", String(row.original.number))}>
            <code>{getValue()}</code>
          </button>
        ),
      }),
      column.accessor("subject", { header: t("subject"), meta: { isWide: true }, cell: ({ getValue }) => <span title={getValue()}>{getValue()}</span> }),
      column.accessor("outcome", { header: t("outcome"), cell: ({ getValue }) => <span className={getValue() === "done" ? "muted" : "audit-refused"}>{getValue()}</span> }),
      column.accessor("address", { header: t("address"), meta: { isWide: true }, cell: ({ getValue }) => <span className="mono muted">{getValue()}</span> }),
    ],
    // `set` only writes the address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t],
  );
  const field = (key: "who" | "operation" | "subject", label: string) => (
    <TextInput
      className="audit-filter"
      aria-label={label.replaceAll("`", "")}
      placeholder={label.replaceAll("`", "")}
      defaultValue={search.get(key) ?? ""}
      onBlur={(event) => set(key, event.target.value.trim())}
      onKeyDown={(event) => event.key === "Enter" && set(key, event.currentTarget.value.trim())}
    />
  );
  const open = rows.find((row) => String(row.number) === search.get("open"));
  return (
    <SettingsPage title={t("audit")}>
      <p className="settings-note">
        <Ticked text={t("auditText")} />
      </p>
      <May ask="auditVerdict">
        <Verdict />
      </May>
      <div className="bar">
        {field("who", t("filterWho"))}
        {field("operation", t("filterOperation"))}
        {field("subject", t("filterSubject"))}
      </div>
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && rows.length === 0 && <Empty icon={ScrollText} title={t("noEntries")} />}
      {rows.length > 0 && (
        <DataTable
          label={t("audit")}
          rows={rows}
          columns={columns}
          rowKey={(row) => String(row.number)}
          rowHeight={36}
          onOpen={(row) => set("open", String(row.number))}
          onEnd={() => {
            if (hasNextPage && !isFetching) void fetchNextPage();
          }}
        />
      )}
      {open && <EntryDrawer entry={open} onClose={() => set("open", null)} />}
    </SettingsPage>
  );
}

function EntryDrawer({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const hasChange = entry.before !== "" || entry.after !== "";
  const isAsked = entry.given !== "" && entry.given !== "{}";
  return (
    <Dialog title={entry.operation} description={t("entry", { n: entry.number })} closeLabel={t("close")} kind="drawer" width={640} onClose={onClose}>
      <div className="stack">
        <Facts
          facts={[
            [t("who"), entry.who],
            [t("when"), formatExact(new Date(entry.at), language)],
            [t("way"), entry.way],
            [t("address"), entry.address ? <span className="mono">{entry.address}</span> : undefined],
            [t("subject"), entry.subject || undefined],
            [t("outcome"), entry.outcome],
          ]}
        />
        {isAsked && (
          <section aria-label={t("asked")}>
            <h3>{t("asked")}</h3>
            <pre className="audit-text mono">{spellJson(entry.given)}</pre>
          </section>
        )}
        {hasChange && (
          <section aria-label={t("before")}>
            <h3>{t("before")}</h3>
            <TextDiff label={t("before")} before={spellJson(entry.before)} after={spellJson(entry.after)} />
          </section>
        )}
        {!isAsked && !hasChange && <p className="muted">{t("nothingKept")}</p>}
      </div>
    </Dialog>
  );
}
