import { createColumnHelper } from "@tanstack/react-table";
import { BellRing, Ellipsis, Megaphone, Pencil, Plus, Send, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { TextInput } from "@/components/field.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Menu, MenuItem, MenuLine } from "@/components/menu.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import type { ChannelRowFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { ChannelDialog } from "./channel-dialog.tsx";
import "./channels.css";
import { DeleteDialog } from "./delete-dialog.tsx";
import { ChannelList } from "./operations.ts";
import { targetOf } from "./target.ts";
import { TestDialog } from "./test-dialog.tsx";
import { words } from "./words.ts";

const column = createColumnHelper<ChannelRowFragment>();

/** All channels: where each leads, and what can be done with it. */
export function ChannelsPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const mayCreate = useMay("createChannel");
  const mayTest = useMay("testChannel");
  const wanted = search.get("find") ?? "";
  const set = (key: string, value: string | null) =>
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  const { data, error } = useData(ChannelList, {}, { retry: false });
  const rows = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return (data?.channels.nodes ?? []).filter((one) => [one.name, one.kind, targetOf(one.settings)].some((text) => text.toLowerCase().includes(needle)));
  }, [data, wanted]);
  const columns = useMemo(
    () => [
      column.accessor("name", {
        header: t("name"),
        cell: ({ getValue }) =>
          mayCreate ? (
            <button type="button" className="link-button row-name" onClick={() => set("change", getValue())}>
              {getValue()}
            </button>
          ) : (
            <span className="row-name">{getValue()}</span>
          ),
      }),
      column.accessor("kind", { header: t("kind"), cell: ({ getValue }) => <span className="mono">{getValue()}</span> }),
      column.accessor((row) => targetOf(row.settings), { id: "to", header: t("to"), meta: { isWide: true }, cell: ({ getValue }) => <span className="mono" title={getValue()}>{getValue()}</span> }),
      column.accessor("hasSecret", { header: t("secrets"), meta: { isWide: true }, cell: ({ getValue }) => <span className="muted">{t(getValue() ? "hasSecret" : "noSecret")}</span> }),
      column.accessor("updatedAt", { header: t("changed"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
      column.display({
        id: "actions",
        header: () => <span className="only-read">{t("change")}</span>,
        meta: { width: 90 },
        cell: ({ row: { original } }) => (
          <div className="row row-end">
            {mayTest && <IconButton icon={Send} label={t("test", { name: original.name })} onClick={() => set("test", original.name)} />}
            <Menu trigger={<IconButton icon={Ellipsis} label={t("more", { name: original.name })} />}>
              <MenuItem icon={BellRing} onSelect={() => void navigate(`/alerts?channel=${original.name}`)}>
                {t("deliveries")}
              </MenuItem>
              {mayCreate && <MenuLine />}
              {mayCreate && (
                <MenuItem icon={Pencil} onSelect={() => set("change", original.name)}>
                  {t("change")}
                </MenuItem>
              )}
              {mayCreate && (
                <MenuItem icon={Trash2} isDanger onSelect={() => set("delete", original.name)}>
                  {t("delete")}
                </MenuItem>
              )}
            </Menu>
          </div>
        ),
      }),
    ],
    // `set` only writes the address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, mayCreate, mayTest, navigate],
  );
  const changing = data?.channels.nodes.find((one) => one.name === search.get("change"));
  const testing = search.get("test");
  const deleting = search.get("delete");
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <>
          <Link className="button channel-policy" to="/alerts/policy">
            {t("policy")}
          </Link>
          {mayCreate && (
            <Button tone="main" icon={Plus} onClick={() => set("new", "1")}>
              {t("new")}
            </Button>
          )}
        </>
      }
    >
      <div className="bar">
        <TextInput type="search" className="find" aria-label={t("search")} placeholder={t("search")} value={wanted} onChange={(event) => set("find", event.target.value)} />
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
      {data && rows.length === 0 && (
        <Empty icon={Megaphone} title={wanted ? t("noMatch") : t("none")}>
          {!wanted && (
            <p>
              <Ticked text={t("noneText")} />
            </p>
          )}
        </Empty>
      )}
      {rows.length > 0 && <DataTable label={t("title")} rows={rows} columns={columns} rowKey={(row) => row.name} rowHeight={40} />}
      {search.has("new") && <ChannelDialog onClose={() => set("new", null)} />}
      {changing && <ChannelDialog key={changing.name} channel={changing} onClose={() => set("change", null)} />}
      {testing && <TestDialog name={testing} onClose={() => set("test", null)} />}
      {deleting && <DeleteDialog name={deleting} onClose={() => set("delete", null)} />}
    </Page>
  );
}
