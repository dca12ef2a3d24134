import { createColumnHelper } from "@tanstack/react-table";
import { MonitorSmartphone } from "lucide-react";
import { useMemo } from "react";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { SessionListQuery } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { spellBrowser } from "./browser.ts";
import { EndSession, SessionList } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { SettingsPage } from "./settings-page.tsx";
import { usePeople } from "./use-people.ts";
import { useAll, Whose } from "./whose.tsx";

const column = createColumnHelper<SessionListQuery["sessions"]["nodes"][number]>();

/** Where one is signed in; each can be ended. */
export function SessionsPage() {
  const t = useWords(words);
  const isAll = useAll();
  const nameOf = usePeople();
  const { data, error } = useData(SessionList, { all: isAll }, { retry: false });
  const end = useChange(EndSession, { onSuccess: () => tell(t("ended")), onError: (fault) => tell(fault.message, { isBad: true }) });
  const columns = useMemo(
    () => [
      ...(isAll ? [column.accessor((row) => nameOf(row.userId), { id: "person", header: t("person"), cell: ({ getValue }) => <span className="row-name">{getValue()}</span> })] : []),
      column.accessor((row) => spellBrowser(row.browser), {
        id: "browser",
        header: t("browser"),
        cell: ({ row, getValue }) => (
          <span className="row" title={row.original.browser}>
            {getValue()}
            {row.original.current && <span className="tag">{t("thisOne")}</span>}
          </span>
        ),
      }),
      column.accessor("address", { header: t("address"), meta: { isWide: true }, cell: ({ getValue }) => <span className="mono">{getValue()}</span> }),
      column.accessor("createdAt", { header: t("begun"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
      column.accessor("seenAt", { header: t("used"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
      column.accessor("expiresAt", { header: t("ends"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
      column.display({
        id: "actions",
        header: () => <span className="only-read">{t("end")}</span>,
        cell: ({ row: { original } }) => (
          <div className="row row-end">
            <Button aria-label={t("endOf", { who: nameOf(original.userId), address: original.address })} onClick={() => end.mutate({ id: original.id })}>
              {t("end")}
            </Button>
          </div>
        ),
      }),
    ],
    // What ends a session stays the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, isAll, nameOf],
  );
  const rows = data?.sessions.nodes ?? [];
  return (
    <SettingsPage title={t("sessions")}>
      <p className="settings-note">{t("sessionsText")}</p>
      <Whose />
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && rows.length === 0 && <Empty icon={MonitorSmartphone} title={t("noSessions")} />}
      {rows.length > 0 && <DataTable label={t("sessions")} rows={rows} columns={columns} rowKey={(row) => row.id} rowHeight={40} />}
    </SettingsPage>
  );
}
