import { createColumnHelper } from "@tanstack/react-table";
import { Database, Plus } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import type { ConnectionRowFragment } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useWords, type Translate } from "@/lib/language.ts";
import { addressOf, findSystem, readSettings } from "./address.ts";
import { ConnectionDialog } from "./connection-dialog.tsx";
import "./connections.css";
import { ConnectionList } from "./operations.ts";
import { RowActions } from "./row-actions.tsx";
import { TestState } from "./test-state.tsx";
import { words } from "./words.ts";

const column = createColumnHelper<ConnectionRowFragment>();

/** All connections: where each leads, whether it answered when it was last tested, and what can be done with it. */
export function ConnectionsPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
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
  const { data, error } = useData(ConnectionList, {});
  const rows = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return (data?.connections.nodes ?? []).filter((one) =>
      [one.name, one.system, one.description, addressOf(one.system, readSettings(one.settings)), ...one.labels].some((text) =>
        text?.toLowerCase().includes(needle),
      ),
    );
  }, [data, wanted]);
  const columns = useMemo(() => makeColumns(t), [t]);
  const changing = data?.connections.nodes.find((one) => one.name === search.get("change"));
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <May ask="createConnection">
          <Button tone="main" icon={Plus} onClick={() => set("new", "1")}>
            {t("new")}
          </Button>
        </May>
      }
    >
      <div className="bar">
        <TextInput
          type="search"
          className="find"
          aria-label={t("search")}
          placeholder={t("search")}
          value={wanted}
          onChange={(event) => set("find", event.target.value)}
        />
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
        <Empty icon={Database} title={wanted ? t("noMatch") : t("none")}>
          {!wanted && <p>{t("noneText")}</p>}
        </Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t("title")}
          rows={rows}
          columns={columns}
          rowKey={(row) => row.name}
          onOpen={(row) => void navigate(`/connections/${row.name}`)}
          rowHeight={40}
        />
      )}
      {search.has("new") && <ConnectionDialog onClose={() => set("new", null)} />}
      {changing && <ConnectionDialog connection={changing} onClose={() => set("change", null)} />}
    </Page>
  );
}

function makeColumns(t: Translate<typeof words>) {
  return [
    column.accessor("name", {
      header: t("name"),
      cell: ({ row: { original }, getValue }) => (
        <span className="row">
          <Link to={`/connections/${getValue()}`} className="row-name" title={original.description ?? undefined}>
            {getValue()}
          </Link>
          {original.labels.map((label) => (
            <span key={label} className="tag wide">
              {label}
            </span>
          ))}
          {original.allowWrite && <span className="tag wide">{t("writes")}</span>}
        </span>
      ),
    }),
    column.accessor("system", {
      header: t("system"),
      meta: { isWide: true },
      cell: ({ getValue }) => findSystem(getValue())?.name ?? getValue(),
    }),
    column.accessor((row) => addressOf(row.system, readSettings(row.settings)), {
      id: "address",
      header: t("address"),
      meta: { isWide: true },
      cell: ({ row: { original }, getValue }) => (
        <span className="row">
          <span className="mono cut" title={getValue()}>
            {getValue()}
          </span>
          {original.variable && <span className="muted">{t("fromVariable", { variable: original.variable })}</span>}
        </span>
      ),
    }),
    column.accessor((row) => (row.lastTest ? (row.lastTest.ok ? 2 : 0) : 1), {
      id: "lastTest",
      header: t("lastTest"),
      cell: ({ row }) => <TestState test={row.original.lastTest} />,
    }),
    column.accessor((row) => row.updatedAt ?? "", {
      id: "changed",
      header: t("changed"),
      meta: { isWide: true },
      cell: ({ row }) => (row.original.updatedAt ? <Moment at={row.original.updatedAt} /> : null),
    }),
    column.display({
      id: "actions",
      header: () => <span className="only-read">{t("change")}</span>,
      meta: { width: 90 },
      cell: ({ row }) => (
        <div className="row row-end">
          <RowActions connection={row.original} />
        </div>
      ),
    }),
  ];
}
