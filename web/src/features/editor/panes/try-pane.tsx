/** Tries the document as it stands on a few rows, below the canvas: what leaves each step, and what would be written. */
import { CircleAlert, CircleSlash, Database, FlaskConical, Pin, PinOff, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button } from "@/components/button.tsx";
import { Select } from "@/components/field.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { ResultsGrid } from "@/components/results-grid.tsx";
import { request } from "@/graphql/client.ts";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import type { TryDocumentMutation } from "@/graphql/generated/graphql.ts";
import { readRows } from "@/lib/cells.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { sendable } from "../document/pins.ts";
import type { StepView } from "../document/read.ts";
import { useEditor } from "../document/store.ts";
import { TryDocument } from "../operations.ts";
import { words } from "../words.ts";
import "./try-pane.css";

type Trial = NonNullable<TryDocumentMutation["tryDocument"]["trial"]>;

const ROWS = ["10", "50", "200", "1000"];

export function TryPane({ steps }: { steps: readonly StepView[] }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const { text, selected, select, setTrying, pins, pin } = useEditor();
  const [rows, setRows] = useState("50");
  const [trial, setTrial] = useState<Trial | null>(null);
  const [tried, setTried] = useState<string | null>(null);
  const [problem, setProblem] = useState<ProblemView | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [shown, setShown] = useState("");
  const only = selected.length === 1 ? selected[0] : undefined;
  // A trial that was begun later counts, whichever ends first.
  const latest = useRef(0);

  const start = async (upTo: string | null) => {
    const turn = ++latest.current;
    setBusy(true);
    setProblem(null);
    try {
      const { tryDocument } = await request(TryDocument, { document: text, upTo, rows: Number(rows), pins: sendable(pins, steps.map((step) => step.key)) });
      if (turn !== latest.current) return;
      setTrial(tryDocument.trial ?? null);
      setTried(text);
      const [first] = tryDocument.problems;
      if (first) setProblem(first);
    } catch (error) {
      if (turn === latest.current) setProblem(asProblem(error));
    } finally {
      if (turn === latest.current) setBusy(false);
    }
  };
  useEffect(() => {
    void start(null);
    // Once, when the pane opens; after that when somebody asks.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  // What was kept out of nothing is not worth a line.
  const ports = useMemo(() => trial?.ports.filter((port) => port.total > 0 || port.port !== "rejected") ?? [], [trial]);
  const nameOf = (port: Trial["ports"][number]) => `${port.step}.${port.port}`;
  // The step chosen on the canvas is the one looked at.
  useEffect(() => {
    const own = ports.find((port) => port.step === only);
    // Another of its ports may have been chosen in the list.
    if (own) setShown((old) => (old.startsWith(`${own.step}.`) ? old : `${own.step}.${own.port}`));
  }, [only, ports]);
  const current = ports.find((port) => nameOf(port) === shown) ?? ports.at(-1);
  const cells = useMemo(() => (current ? readRows(current.rows) : []), [current]);
  const isPinned = current !== undefined && pins[current.step] !== undefined;
  const togglePin = () => {
    if (!current) return;
    const own = trial?.ports.filter((port) => port.step === current.step) ?? [];
    pin(current.step, isPinned ? null : own.map(({ port, columns, rows: given }) => ({ port, columns, rows: given })));
  };
  const amiss = trial?.steps.filter((step) => step.error) ?? [];
  const isStep = only !== undefined && steps.some((step) => step.key === only) && !only.startsWith("#");

  return (
    <section className="try" aria-label={t("try")} aria-busy={isBusy}>
      <header className="try-head">
        <FlaskConical size={14} aria-hidden />
        <strong>{t("try")}</strong>
        <label className="try-rows">
          <span className="muted">{t("tryRows")}</span>
          <Select value={rows} onChange={(event) => setRows(event.target.value)}>
            {ROWS.map((count) => (
              <option key={count} value={count}>
                {formatNumber(Number(count), language)}
              </option>
            ))}
          </Select>
        </label>
        <Button isBusy={isBusy} onClick={() => void start(null)}>
          {t("tryAll")}
        </Button>
        <Button disabled={!isStep || isBusy} onClick={() => void start(only ?? null)}>
          {isStep ? t("tryUpTo", { step: only ?? "" }) : t("tryUpToOne")}
        </Button>
        {current && (
          <Button icon={isPinned ? PinOff : Pin} onClick={togglePin}>
            {t(isPinned ? "tryUnpin" : "tryPin", { step: current.step })}
          </Button>
        )}
        <span className="muted try-note" role="status">
          {isBusy ? t("trying") : trial?.timedOut ? t("tryTimedOut") : tried !== null && tried !== text ? t("tryChanged") : t("tryWritesNothing")}
        </span>
        <IconButton icon={X} label={t("close")} onClick={() => setTrying(false)} />
      </header>
      {problem && <Notice problem={problem} />}
      <div className="try-body">
        <nav className="try-list" aria-label={t("tryPorts")}>
          <ul>
            {ports.map((port) => (
              <li key={nameOf(port)}>
                <button
                  type="button"
                  aria-current={port === current}
                  onClick={() => {
                    setShown(nameOf(port));
                    select([port.step]);
                  }}
                >
                  <span className="mono">
                    {port.step}
                    <span className={port.port === "rejected" ? "try-rejected" : "muted"}>.{port.port}</span>
                    {pins[port.step] && <Pin size={11} className="try-pin" aria-hidden />}
                  </span>
                  <span className="number">{formatNumber(port.total, language)}</span>
                </button>
              </li>
            ))}
            {trial?.targets.map((target) => (
              <li key={`${target.step} ${target.connection ?? target.plugin ?? ""} ${target.table ?? ""}`}>
                <button type="button" onClick={() => select([target.step])}>
                  <Database size={12} aria-hidden />
                  <span className="try-target">
                    <Ticked
                      text={t(target.makesTable ? "tryWouldMake" : "tryWouldWrite", {
                        n: target.rows,
                        place: target.table ?? target.plugin ?? "",
                        connection: target.connection ?? "",
                      })}
                    />
                    {target.missingColumns.length > 0 && (
                      <span className="try-rejected">
                        {" "}
                        <Ticked text={t("tryMissing", { columns: target.missingColumns.join(", ") })} />
                      </span>
                    )}
                  </span>
                </button>
              </li>
            ))}
            {amiss.map((step) => (
              <li key={step.id}>
                <button type="button" onClick={() => select([step.id])}>
                  {step.status === "FAILED" ? <CircleAlert size={12} className="try-rejected" aria-hidden /> : <CircleSlash size={12} className="muted" aria-hidden />}
                  <span className="try-target">
                    <span className="mono">{step.id}</span>{" "}
                    <span className={step.status === "FAILED" ? "try-rejected" : "muted"}>
                      <Ticked text={step.error?.message ?? ""} />
                    </span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </nav>
        <div className="try-grid">
          {current && cells.length > 0 ? (
            <ResultsGrid key={nameOf(current)} columns={current.columns} rows={cells} />
          ) : (
            <p className="muted try-empty">{isBusy ? t("trying") : t("tryNoRows")}</p>
          )}
        </div>
      </div>
    </section>
  );
}
