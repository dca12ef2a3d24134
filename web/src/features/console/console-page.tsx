import { Database, History, Plus } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import "./console.css";
import { ConsoleTab } from "./console-tab.tsx";
import { HistoryDrawer } from "./history-drawer.tsx";
import { ConsoleConnections } from "./operations.ts";
import { firstRows } from "./statement.ts";
import { TabStrip } from "./tab-strip.tsx";
import { changeTab, openTab, useConsole } from "./tabs-store.ts";
import { words } from "./words.ts";

/** Asks any connection in its own words: tabs of statements, each with its answer. */
export function ConsolePage() {
  const t = useWords(words);
  const [search, setSearch] = useSearchParams();
  const [isHistory, setHistory] = useState(false);
  const { tabs, active } = useConsole();
  const { data, error } = useData(ConsoleConnections, {}, { staleTime: 30_000 });
  const connections = data?.connections.nodes.filter((one) => one.system !== "http");
  const tab = tabs.find((one) => one.id === active);
  const wanted = search.get("connection");
  const table = search.get("table");
  const { key } = useLocation();

  // An address that names a connection, or a table of one, opens it once and is then the console's own again.
  const taken = useRef("");
  useEffect(() => {
    if (!connections || !wanted || taken.current === key) return;
    taken.current = key;
    const state = useConsole.getState();
    const tab = state.tabs.find((one) => one.id === state.active);
    const found = connections.find((one) => one.name === wanted);
    if (found && table && found.system !== "redis") openTab(wanted, firstRows(found.system, table));
    else if (found && tab && tab.sql.trim() === "") changeTab(tab.id, { connection: wanted });
    else if (found && tab?.connection !== wanted) openTab(wanted);
    setSearch({}, { replace: true });
  }, [connections, wanted, table, key, setSearch]);

  const [first] = connections ?? [];
  useEffect(() => {
    if (tab && tab.connection === "" && first && !wanted) changeTab(tab.id, { connection: first.name });
  }, [tab, first, wanted]);

  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <Button icon={History} onClick={() => setHistory(true)}>
          {t("history")}
        </Button>
      }
    >
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {connections?.length === 0 && (
        <Empty icon={Database} title={t("none")}>
          <p>{t("noneText")}</p>
          <Link to="/connections?new=1" className="button button-main">
            <Plus size={14} aria-hidden />
            {t("createOne")}
          </Link>
        </Empty>
      )}
      {connections && connections.length > 0 && tab && (
        <>
          <TabStrip />
          <ConsoleTab key={tab.id} tab={tab} connections={connections} />
        </>
      )}
      {isHistory && (
        <HistoryDrawer
          connection={tab?.connection ?? ""}
          onClose={() => setHistory(false)}
          onOpen={(connection, sql) => {
            openTab(connection, sql);
            setHistory(false);
          }}
        />
      )}
    </Page>
  );
}
