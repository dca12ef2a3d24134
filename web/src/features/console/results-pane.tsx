import { FileBraces, FileSpreadsheet, TableProperties } from "lucide-react";
import { IconButton } from "@/components/icon-button.tsx";
import { ResultsGrid } from "@/components/results-grid.tsx";
import { Empty } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { useNow } from "@/components/time.tsx";
import { download } from "@/lib/download.ts";
import { formatNumber, formatSpan } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { spell } from "@/lib/shortcut.ts";
import { toCsv, toJson } from "./export.ts";
import type { Outcome } from "./tabs-store.ts";
import { words } from "./words.ts";

/** What became of the tab's statement. */
export function ResultsPane({ outcome, name }: { outcome: Outcome | undefined; name: string }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const now = useNow(100, outcome?.kind === "running");
  if (!outcome) {
    return (
      <Empty icon={TableProperties} title={t("beginTitle")}>
        <p>{t("begin", { keys: spell("Mod+Enter").join("+") })}</p>
      </Empty>
    );
  }
  switch (outcome.kind) {
    case "running":
      return (
        <div className="results-bar" role="status">
          <Status tone="running">{t("running", { span: formatSpan(Math.max(0, now.getTime() - outcome.startedAt)) })}</Status>
        </div>
      );
    case "canceled":
      return (
        <div className="results-bar" role="status">
          <Status tone="stopped">{t("canceled", { span: formatSpan(outcome.durationMs) })}</Status>
        </div>
      );
    case "problem":
      return (
        <div className="results-problem">
          <Notice problem={outcome.problem} />
        </div>
      );
    case "plan":
      return (
        <>
          <div className="results-bar">
            <span>{t("explain")}</span>
            {outcome.rows !== null && <span className="muted">{t("expected", { n: outcome.rows })}</span>}
            {outcome.cost !== null && <span className="muted">{t("cost", { n: outcome.cost })}</span>}
          </div>
          <pre className="results-plan" tabIndex={0}>
            {outcome.plan ?? t("noPlan")}
          </pre>
        </>
      );
    case "answer": {
      const { columns, rows, truncated, affected, durationMs } = outcome;
      const count = columns.length > 0 ? t("rows", { n: rows.length }) : affected === null ? t("done") : t("affected", { n: affected });
      return (
        <>
          <div className="results-bar" role="status">
            <span>{count}</span>
            {truncated && <Status tone="warned">{t("truncated", { n: formatNumber(rows.length, language) })}</Status>}
            <span className="muted">{formatSpan(durationMs)}</span>
            <span className="grow" />
            {rows.length > 0 && (
              <>
                <IconButton icon={FileSpreadsheet} label={t("csv")} onClick={() => download(`${name}.csv`, toCsv(columns, rows), "text/csv")} />
                <IconButton icon={FileBraces} label={t("json")} onClick={() => download(`${name}.json`, toJson(columns, rows), "application/json")} />
              </>
            )}
          </div>
          {columns.length > 0 && rows.length === 0 && (
            <Empty icon={TableProperties} title={t("noRows")}>
              <p>{t("noRowsText")}</p>
            </Empty>
          )}
          {/* A new answer begins at its first row. */}
          {rows.length > 0 && <ResultsGrid key={rowsKey(outcome)} columns={columns} rows={rows} />}
        </>
      );
    }
    default:
      return null;
  }
}

const keys = new WeakMap<object, number>();
let next = 1;

function rowsKey(outcome: Outcome): number {
  const key = keys.get(outcome) ?? next++;
  keys.set(outcome, key);
  return key;
}
