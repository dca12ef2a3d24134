import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Pencil, PlugZap, SquareTerminal, Table2 } from "lucide-react";
import { useMemo, useRef } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { request, useData } from "@/graphql/client.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { addressOf, findSystem, readSettings } from "./address.ts";
import "./connections.css";
import { ConnectionTables, OneConnection } from "./operations.ts";
import { TableView } from "./table-view.tsx";
import { TestState } from "./test-state.tsx";
import { useTest } from "./use-test.ts";
import { words } from "./words.ts";

const PAGE = 200;

/** What is in a connection's system: its tables at the left, the chosen one's structure at the right. */
export function SchemaPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const name = useParams()["name"] ?? "";
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("find") ?? "";
  const chosen = search.get("table") ?? "";
  const { test, isTesting } = useTest(name);
  const { data: found, error: missing } = useData(OneConnection, { name }, { retry: false });
  const connection = found?.connection;
  const tables = useInfiniteQuery({
    queryKey: ["ConnectionTables", name],
    queryFn: ({ pageParam, signal }) => request(ConnectionTables, { name, after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.connection.tables.pageInfo.hasNextPage ? last.connection.tables.pageInfo.endCursor : undefined),
    enabled: connection !== undefined,
    retry: false,
    staleTime: 30_000,
  });
  const all = useMemo(() => tables.data?.pages.flatMap((page) => page.connection.tables.nodes) ?? [], [tables.data]);
  const shown = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return needle === "" ? all : all.filter((table) => table.toLowerCase().includes(needle));
  }, [all, wanted]);
  const change = (key: string, value: string) =>
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: key === "find" },
    );
  return (
    <Page
      crumbs={[{ label: t("title"), to: "/connections" }, { label: name }]}
      beside={connection && <TestState test={connection.lastTest} />}
      actions={
        connection && (
          <>
            <May ask="testConnection">
              <Button icon={PlugZap} className="wide-only" isBusy={isTesting} onClick={test}>
                {t("testIt")}
              </Button>
            </May>
            {connection.isSaved && (
              <May ask="updateConnection">
                <Button icon={Pencil} className="wide-only" onClick={() => void navigate(`/connections?change=${name}`)}>
                  {t("change")}
                </Button>
              </May>
            )}
            <May ask="runStatement">
              <Button tone="main" icon={SquareTerminal} onClick={() => void navigate(`/console?connection=${name}`)}>
                {t("console")}
              </Button>
            </May>
          </>
        )
      }
    >
      {missing && !connection && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(missing)} />
          </div>
        </div>
      )}
      {connection && (
        <div className="bar connection-facts">
          <span>{findSystem(connection.system)?.name ?? connection.system}</span>
          <span className="mono cut">{addressOf(connection.system, readSettings(connection.settings))}</span>
          {connection.description && <span className="muted cut">{connection.description}</span>}
          {connection.workflows.nodes.length > 0 && (
            <span className="row muted">
              {t("usedIn")}
              {connection.workflows.nodes.slice(0, 4).map((workflow) => (
                <Link key={workflow} to={`/workflows/${workflow}`} className="row-name">
                  {workflow}
                </Link>
              ))}
              {connection.workflows.nodes.length > 4 && `+${connection.workflows.nodes.length - 4}`}
            </span>
          )}
        </div>
      )}
      {tables.error && !tables.data && (
        <div className="bar">
          <div className="grow">
            <Notice
              problem={asProblem(tables.error)}
              action={
                <Button isBusy={tables.isFetching} onClick={() => void tables.refetch()}>
                  {t("again")}
                </Button>
              }
            />
          </div>
        </div>
      )}
      {!missing && !tables.error && !tables.data && <Skeleton height={28} rows={10} />}
      {tables.data && all.length === 0 && <Empty icon={Table2} title={t("noTables")} />}
      {all.length > 0 && (
        <div className={`schema ${chosen ? "schema-chosen" : ""}`}>
          <section className="schema-tables" aria-label={t("tables")}>
            <div className="schema-find">
              <TextInput type="search" aria-label={t("findTable")} placeholder={t("findTable")} value={wanted} onChange={(event) => change("find", event.target.value)} />
              <span className="muted">{t(tables.hasNextPage ? "tableCountMore" : "tableCount", { n: shown.length })}</span>
            </div>
            <TableList
              tables={shown}
              chosen={chosen}
              onChoose={(table) => change("table", table)}
              onEnd={() => {
                if (tables.hasNextPage && !tables.isFetching) void tables.fetchNextPage();
              }}
            />
          </section>
          <section className="schema-table" aria-live="polite">
            {chosen ? (
              <TableView key={chosen} connection={name} table={chosen} onBack={() => change("table", "")} />
            ) : (
              <Empty icon={Table2} title={t("chooseTable")}>
                <p>{t("chooseTableText")}</p>
              </Empty>
            )}
          </section>
        </div>
      )}
    </Page>
  );
}

interface ListProps {
  tables: readonly string[];
  chosen: string;
  onChoose: (table: string) => void;
  onEnd: () => void;
}

/** Only the names in view are drawn; the arrows go through them. */
function TableList({ tables, chosen, onChoose, onEnd }: ListProps) {
  const t = useWords(words);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: tables.length, getScrollElement: () => scroller.current, estimateSize: () => 28, overscan: 20 });
  // A short list is drawn whole, which also serves readers that lay nothing out.
  const isShort = tables.length <= 200;
  const items = isShort ? tables.map((_, index) => ({ index, start: index * 28 })) : virtual.getVirtualItems();
  return (
    <div
      ref={scroller}
      className="schema-list"
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        if (scrollTop + clientHeight > scrollHeight - 400) onEnd();
      }}
      onKeyDown={(event) => {
        const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (by === 0 || !(event.target instanceof HTMLElement)) return;
        const at = Number(event.target.dataset["at"]) + by;
        if (!(at >= 0 && at < tables.length)) return;
        event.preventDefault();
        if (!isShort) virtual.scrollToIndex(at);
        requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-at="${at}"]`)?.focus());
      }}
    >
      {tables.length === 0 && <p className="muted schema-none">{t("noTableMatch")}</p>}
      <div style={{ height: tables.length * 28, position: "relative" }}>
        {items.map(({ index, start }) => {
          const table = tables[index] ?? "";
          const dot = table.lastIndexOf(".");
          return (
            <button
              key={table}
              type="button"
              data-at={index}
              className="schema-name"
              style={{ transform: `translateY(${start}px)` }}
              aria-current={table === chosen ? "true" : undefined}
              title={table}
              onClick={() => onChoose(table)}
            >
              <Table2 size={13} aria-hidden />
              <span className="cut">
                {dot > 0 && <span className="muted">{table.slice(0, dot + 1)}</span>}
                {table.slice(dot + 1)}
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
