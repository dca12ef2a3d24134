import { Copy } from "lucide-react";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { tell } from "@/components/toast.tsx";
import type { ApplyTablesMutation, TableActionWord, TableAppliedWord, TableChangeFragment, TableVerdictWord, ValidateTablesMutation } from "@/graphql/generated/graphql.ts";
import { formatSpan } from "@/lib/format.ts";
import { useWords } from "@/lib/language.ts";
import type { Tone } from "@/lib/tone.ts";
import { canApply, keyOf, losesData, type Planned } from "./agree.ts";
import { words } from "./words.ts";

const ACTION: Record<TableActionWord, Tone> = { CREATE: "idle", ALTER: "warned", NOTHING: "good", MANUAL: "stopped" };
const APPLIED: Record<TableAppliedWord, Tone> = { CREATED: "good", ALTERED: "good", UNCHANGED: "idle", MANUAL: "stopped", FAILED: "bad", SKIPPED: "skipped", DROPPED: "warned" };
const VERDICT: Record<TableVerdictWord, Tone> = { MATCHES: "good", DIFFERS: "warned", MISSING: "bad", FAILED: "bad" };

interface PlanProps {
  tables: readonly Planned[];
  /** Tables that are not to be applied. */
  left: ReadonlySet<string>;
  onLeft: (left: ReadonlySet<string>) => void;
}

/** What would be run for each table, and what that costs. */
export function PlanPane({ tables, left, onLeft }: PlanProps) {
  const t = useWords(words);
  return (
    <ul className="tables-list">
      {tables.map((table) => (
        <li key={keyOf(table)} data-table={table.table}>
          <header className="row">
            <input
              type="checkbox"
              className="tables-check"
              aria-label={t("choose", { table: table.table })}
              disabled={!canApply(table)}
              checked={canApply(table) && !left.has(keyOf(table))}
              onChange={(event) => {
                const next = new Set(left);
                if (event.target.checked) next.delete(keyOf(table));
                else next.add(keyOf(table));
                onLeft(next);
              }}
            />
            <span className="mono tables-name cut">{table.table}</span>
            <span className="muted cut">
              {table.connection} · {table.databaseType}
            </span>
            <span className="grow" />
            {losesData(table) && <Status tone="bad">{t("loss", { what: "" }).replace(/[:：]\s*$/, "")}</Status>}
            {table.action ? <Status tone={ACTION[table.action]}>{t(table.action)}</Status> : <Status tone="bad">{t("failed")}</Status>}
          </header>
          {table.error && <Notice problem={table.error} />}
          <Changes changes={table.changes} />
          <Remarks manual={table.manual} notes={table.notes} />
        </li>
      ))}
    </ul>
  );
}

/** What became of each table. */
export function AppliedPane({ applied }: { applied: ApplyTablesMutation["applyTables"] }) {
  const t = useWords(words);
  const { created, altered, unchanged, manual, failed, skipped } = applied;
  return (
    <>
      <p className="tables-summary" role="status">
        {t("summary", { created, altered, unchanged, manual, failed, skipped })}
      </p>
      <ul className="tables-list">
        {applied.tables.map((table) => (
          <li key={keyOf(table)} data-table={table.table}>
            <header className="row">
              <span className="mono tables-name cut">{table.table}</span>
              <span className="muted cut">{table.connection}</span>
              <span className="grow" />
              <span className="muted">{formatSpan(table.durationMs)}</span>
              <Status tone={APPLIED[table.status]}>{t(table.status)}</Status>
            </header>
            {table.error && <Notice problem={table.error} />}
            <Changes changes={table.changes} />
            <Remarks manual={table.manual} notes={table.notes} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** In which columns tables are not as described. */
export function ValidationPane({ validation }: { validation: ValidateTablesMutation["validateTables"] }) {
  const t = useWords(words);
  return (
    <>
      <p className="tables-summary" role="status">
        {t("differences", { n: validation.differences })}
      </p>
      <ul className="tables-list">
        {validation.tables.map((table) => (
          <li key={keyOf(table)} data-table={table.table}>
            <header className="row">
              <span className="mono tables-name cut">{table.table}</span>
              <span className="muted cut">{table.connection}</span>
              <span className="grow" />
              <Status tone={VERDICT[table.verdict]}>{t(table.verdict)}</Status>
            </header>
            {table.error && <Notice problem={table.error} />}
            {table.columns.some((column) => column.verdict !== "MATCHES") && (
              <div className="tables-columns">
                <table className="table">
                  <thead>
                    <tr>
                      <th scope="col">{t("column")}</th>
                      <th scope="col">{t("wanted")}</th>
                      <th scope="col">{t("live")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {table.columns
                      .filter((column) => column.verdict !== "MATCHES")
                      .map((column) => (
                        <tr key={column.column} style={{ height: 28 }}>
                          <td className="mono">{column.column}</td>
                          <td className="mono">{column.wanted}</td>
                          <td className="mono">{column.live ?? <span className="muted">{t("MISSING")}</span>}</td>
                        </tr>
                      ))}
                  </tbody>
                </table>
              </div>
            )}
            <Remarks manual={table.differences} notes={[]} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Changes({ changes }: { changes: readonly TableChangeFragment[] }) {
  const t = useWords(words);
  if (changes.length === 0) return null;
  const all = changes.map((change) => `${change.sql};`).join("\n");
  return (
    <div className="tables-changes">
      {changes.map((change, place) => (
        // Statements are run in this very order.
        <div key={place}>
          <p className="row tables-change">
            <span>
              <Ticked text={change.summary} />
            </span>
            {change.lock === "writes" && <span className="tag">{t("lockWrites")}</span>}
            {change.lock === "all" && <span className="tag">{t("lockAll")}</span>}
            {change.rewrite && <span className="tag">{t("rewrite")}</span>}
            {change.loss && <span className="tables-loss">{t("loss", { what: change.loss })}</span>}
          </p>
          <pre tabIndex={0}>{change.sql}</pre>
          {change.note && <p className="muted">{change.note}</p>}
        </div>
      ))}
      <IconButton icon={Copy} label={t("copy")} className="tables-copy" onClick={() => void navigator.clipboard.writeText(all).then(() => tell(t("copied")))} />
    </div>
  );
}

function Remarks({ manual, notes }: { manual: readonly string[]; notes: readonly string[] }) {
  if (manual.length + notes.length === 0) return null;
  return (
    <ul className="tables-remarks">
      {manual.map((text) => (
        <li key={text}>
          <Ticked text={text} />
        </li>
      ))}
      {notes.map((text) => (
        <li key={text} className="muted">
          <Ticked text={text} />
        </li>
      ))}
    </ul>
  );
}
