import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Plus } from "lucide-react";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { request } from "@/graphql/client.ts";
import type { PersonFieldsFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { AddPersonDialog } from "./add-person-dialog.tsx";
import { PersonList } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { PersonDrawer } from "./person-drawer.tsx";
import { SettingsPage } from "./settings-page.tsx";

const PAGE = 100;
const column = createColumnHelper<PersonFieldsFragment>();

/** Who may sign in, and as what. */
export function PeoplePage() {
  const t = useWords(words);
  const own = useSession((state) => state.who?.user);
  const [search, setSearch] = useSearchParams();
  const set = (key: string, value: string | null) => setSearch(value ? { [key]: value } : {}, { replace: key !== "open" });
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["PersonList"],
    queryFn: ({ pageParam, signal }) => request(PersonList, { after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.users.pageInfo.hasNextPage ? last.users.pageInfo.endCursor : undefined),
    retry: false,
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.users.nodes) ?? [], [data]);
  const columns = useMemo(
    () => [
      column.accessor("name", {
        header: t("name"),
        cell: ({ row, getValue }) => (
          <span className="row">
            <button type="button" className="link-button row-name" onClick={() => set("open", row.original.id)}>
              {getValue()}
            </button>
            {row.original.id === own && <span className="tag">{t("you")}</span>}
          </span>
        ),
      }),
      column.accessor("role", { header: t("role"), cell: ({ getValue }) => t(getValue()) }),
      column.accessor("disabled", {
        header: t("state"),
        cell: ({ row: { original } }) => (original.disabled ? <Status tone="stopped">{t("disabled")}</Status> : <Status tone="good">{t(original.hasPassword ? "active" : "noPassword")}</Status>),
      }),
      column.accessor((row) => row.grants.length, {
        id: "grants",
        header: t("grants"),
        meta: { isWide: true },
        cell: ({ getValue }) => <span className="muted">{getValue() > 0 && t("grantsCount", { n: getValue() })}</span>,
      }),
      column.accessor((row) => row.signedInAt ?? "", {
        id: "seen",
        header: t("lastSeen"),
        meta: { isWide: true },
        cell: ({ row }) => (row.original.signedInAt ? <Moment at={row.original.signedInAt} /> : <span className="muted">{t("never")}</span>),
      }),
    ],
    // `set` only writes the address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, own],
  );
  const open = rows.find((row) => row.id === search.get("open"));
  return (
    <SettingsPage
      title={t("people")}
      actions={
        <Button tone="main" icon={Plus} onClick={() => set("new", "1")}>
          {t("add")}
        </Button>
      }
    >
      <div className="bar">
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
      {rows.length > 0 && (
        <DataTable
          label={t("people")}
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          rowHeight={40}
          onOpen={(row) => set("open", row.id)}
          onEnd={() => {
            if (hasNextPage && !isFetching) void fetchNextPage();
          }}
        />
      )}
      {search.has("new") && <AddPersonDialog onClose={() => set("new", null)} />}
      {open && <PersonDrawer key={open.id} person={open} isSelf={open.id === own} onClose={() => set("open", null)} />}
    </SettingsPage>
  );
}
