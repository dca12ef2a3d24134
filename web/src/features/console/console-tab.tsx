import { Eye, Lock, PenLine, Play, Square, TriangleAlert } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Select, Switch } from "@/components/field.tsx";
import { Hint } from "@/components/hint.tsx";
import { Ticked } from "@/components/notice.tsx";
import { request } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { kept, keep } from "@/lib/storage.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { spell } from "@/lib/shortcut.ts";
import { CheckStatement } from "./operations.ts";
import { ResultsPane } from "./results-pane.tsx";
import { cancel, explain, run } from "./run.ts";
import { Splitter } from "./splitter.tsx";
import { SqlEditor } from "./sql-editor.tsx";
import { inText, type Chosen } from "./statement.ts";
import { changeTab, LIMITS, setOutcome, useConsole, type Tab } from "./tabs-store.ts";
import { useCheck, useSchema, type Checked } from "./use-console-data.ts";
import { words } from "./words.ts";

interface Props {
  tab: Tab;
  connections: readonly { name: string; system: string; allowWrite: boolean }[];
}

/** One tab: whom to ask, the text, what the server thinks of it while it is written, and the answer. */
export function ConsoleTab({ tab, connections }: Props) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const outcome = useConsole((state) => state.outcomes[tab.id]);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [wantsWrite, setWantsWrite] = useState(false);
  const [asking, setAsking] = useState<Chosen | null>(null);
  const [height, setHeight] = useState(() => Number(kept("console-height")) || 220);
  const isStarting = useRef(false);
  const connection = connections.find((one) => one.name === tab.connection);
  const system = connection?.system ?? "";
  const schema = useSchema(connection ? tab.connection : "", tab.sql);
  const checked = useCheck(connection ? tab.connection : "", chosen);
  const mayWrite = connection?.allowWrite === true && system !== "redis";
  const isWriting = mayWrite && wantsWrite;
  const isRunning = outcome?.kind === "running";
  const canRun = connection !== undefined && chosen !== null && chosen.sql !== "" && !isRunning;

  const start = async () => {
    if (!canRun || !chosen || isStarting.current) return;
    if (!isWriting) return void run(tab, chosen, false);
    // What it would do is asked anew: what changes something is never run without a question.
    isStarting.current = true;
    try {
      const { checkStatement } = await request(CheckStatement, { connection: tab.connection, sql: chosen.sql, estimate: false });
      if (checkStatement.effect === "READ") void run(tab, chosen, false);
      else setAsking(chosen);
    } catch (error) {
      setOutcome(tab.id, { kind: "problem", problem: asProblem(error) });
    } finally {
      isStarting.current = false;
    }
    return undefined;
  };

  return (
    <div className="console">
      <div className="console-bar">
        <Select className="console-connection" aria-label={t("connection")} value={connection?.name ?? ""} onChange={(event) => changeTab(tab.id, { connection: event.target.value })}>
          {!connection && <option value="">{t("choose")}</option>}
          {connections.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name} · {one.system}
            </option>
          ))}
        </Select>
        {isRunning ? (
          <Button icon={Square} disabled={outcome.isCanceling} onClick={() => void cancel(tab.id)}>
            {t(outcome.isCanceling ? "canceling" : "cancel")}
          </Button>
        ) : (
          <Hint text={spell("Mod+Enter").join(" ")}>
            <Button tone="main" icon={Play} disabled={!canRun} onClick={() => void start()}>
              {t(isWriting && checked && checked.effect !== "READ" ? "runChanging" : "run")}
            </Button>
          </Hint>
        )}
        {system !== "redis" && (
          <Button disabled={!canRun} onClick={() => chosen && void explain(tab, chosen)}>
            {t("explain")}
          </Button>
        )}
        <Select className="console-limit" aria-label={t("limit")} value={tab.limit} onChange={(event) => changeTab(tab.id, { limit: Number(event.target.value) })}>
          {LIMITS.map((limit) => (
            <option key={limit} value={limit}>
              {t("limitRows", { n: formatNumber(limit, language) })}
            </option>
          ))}
        </Select>
        <span className="grow" />
        {mayWrite && <Switch label={t("mayWrite")} isOn={wantsWrite} onChange={setWantsWrite} />}
        {isWriting ? (
          <span className="console-mode console-mode-writes">
            <PenLine size={12} aria-hidden /> {t("writing")}
          </span>
        ) : (
          <Hint text={t("readOnlyText")}>
            <span className="console-mode" tabIndex={0} role="note">
              <Lock size={12} aria-hidden /> {t("readOnly")}
            </span>
          </Hint>
        )}
      </div>
      <div className="console-editor" style={{ height }}>
        <SqlEditor
          label={t("editor")}
          text={tab.sql}
          system={system}
          schema={schema}
          chosen={chosen}
          checked={checked}
          onText={(sql) => changeTab(tab.id, { sql })}
          onChosen={(next) => setChosen((old) => (old?.sql === next.sql && old.from === next.from ? old : next))}
          onRun={() => void start()}
        />
      </div>
      <CheckLine checked={checked} text={tab.sql} from={chosen?.from ?? 0} isWriting={isWriting} />
      <Splitter
        label={t("size")}
        height={height}
        onHeight={(next) => {
          setHeight(next);
          keep("console-height", String(next));
        }}
      />
      <div className="results">
        <ResultsPane outcome={outcome} name={tab.connection || "answer"} />
      </div>
      {asking !== null && (
        <Dialog
          title={t("confirmTitle", { connection: tab.connection })}
          description={t("confirmText")}
          closeLabel={t("close")}
          onClose={() => setAsking(null)}
          foot={
            <>
              <Button onClick={() => setAsking(null)}>{t("keep")}</Button>
              <Button
                tone="danger"
                onClick={() => {
                  setAsking(null);
                  void run(tab, asking, true);
                }}
              >
                {t("confirmYes", { connection: tab.connection })}
              </Button>
            </>
          }
        >
          <pre className="console-asking">{asking.sql}</pre>
        </Dialog>
      )}
    </div>
  );
}

const EFFECTS = { READ: "reads", WRITE: "changesRows", DEFINE: "changesTables", UNKNOWN: "unknown" } as const;

/** What the server thinks of the statement at the cursor: what is wrong with it, or what it would do and to which tables. */
function CheckLine({ checked, text, from, isWriting }: { checked: Checked | undefined; text: string; from: number; isWriting: boolean }) {
  const t = useWords(words);
  if (!checked) return <div className="console-check" />;
  const { effect, tables, refusal } = checked;
  const problem = checked.problem && inText(text, from, checked.problem);
  if (problem) {
    return (
      <div className="console-check console-check-bad" role="status">
        <TriangleAlert size={12} aria-hidden />
        <span className="cut" title={[problem.message, problem.hint].filter(Boolean).join("\n")}>
          {problem.line ? `${t("place", { line: problem.line, column: problem.column ?? 1 })}: ` : ""}
          <Ticked text={problem.message} />
        </span>
      </div>
    );
  }
  const isRefused = refusal !== null && refusal !== undefined && !isWriting;
  return (
    <div className={`console-check ${effect === "READ" && !isRefused ? "" : "console-check-warns"}`} role="status">
      {effect === "READ" ? <Eye size={12} aria-hidden /> : <PenLine size={12} aria-hidden />}
      <span className="cut">
        {t(EFFECTS[effect])}
        {tables.length > 0 && <span className="mono"> · {tables.join(", ")}</span>}
        {isRefused && (
          <>
            {" · "}
            <Ticked text={t("refused", { reason: refusal })} />
          </>
        )}
      </span>
    </div>
  );
}
