import { ScanSearch } from "lucide-react";
import { Button } from "@/components/button.tsx";
import "@/components/data-table.css";
import { Skeleton } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import type { TransferLookQuery } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { HazardLine } from "./mapping.tsx";
import { words } from "./words.ts";

type Look = TransferLookQuery["migrationLook"];
type Table = Look["tables"][number];

interface Props {
  look: Look | undefined;
  error: Error | null;
  isLooking: boolean;
  isFull: boolean;
  onFull: () => void;
}

/** A dry run: what would be made, what would hurt, and the first rows as they would arrive. */
export function Preview({ look, error, isLooking, isFull, onFull }: Props) {
  const t = useWords(words);
  return (
    <section className="transfer-section" aria-label={t("preview")}>
      <div className="row">
        <h2>{t("preview")}</h2>
        <span className="muted grow">{isLooking ? t("looking") : isFull ? t("lookedFull") : t("previewText")}</span>
        <Button icon={ScanSearch} title={t("lookFullHelp")} isBusy={isLooking} disabled={!look || isFull} onClick={onFull}>
          {t("lookFull")}
        </Button>
      </div>
      {error && <Notice problem={asProblem(error)} />}
      {!look && !error && <Skeleton rows={3} />}
      {look?.tables.map((table) => (
        <TablePreview key={table.source} table={table} isAlone={look.tables.length === 1} />
      ))}
      {look?.hasMore && <p className="muted">{t("hasMore")}</p>}
      {look && look.leftOut.length > 0 && (
        <details>
          <summary>
            {t("leftOut")} ({look.leftOut.length})
          </summary>
          <ul className="transfer-list">
            {look.leftOut.map((one) => (
              <li key={`${one.kind} ${one.name}`}>
                <span className="mono">{one.name}</span> <span className="tag">{one.kind}</span> {one.message}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function TablePreview({ table, isAlone }: { table: Table; isAlone: boolean }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const rows = table.sample.map((text) => JSON.parse(text) as Record<string, unknown>);
  const names = table.columns.map((column) => column.target);
  return (
    <details className="transfer-table" open={isAlone}>
      <summary>
        <span className="mono">{table.source}</span>
        <span aria-hidden>→</span>
        <span className="mono">{table.target}</span>
        <span className="tag">{t(table.exists ? "isThere" : "isMade")}</span>
        {typeof table.rowEstimate === "number" && <span className="muted">{t("about", { n: table.rowEstimate })}</span>}
        {(table.error ?? table.hazards.find((hazard) => hazard.isLoss)) && <HazardLine isLoss text={table.error?.message ?? t("loss")} />}
      </summary>
      {table.error && <Notice problem={table.error} />}
      {table.hazards.length > 0 && (
        <ul className="transfer-list">
          {table.hazards.map((hazard) => (
            <li key={`${hazard.column} ${hazard.kind}`}>
              <HazardLine isLoss={hazard.isLoss} text={`${hazard.column}: ${hazard.message}`} />
              {typeof hazard.rows === "number" && <span className="muted"> {t("hazardRows", { n: hazard.rows })}</span>}
              {hazard.hint && <p className="muted">{hazard.hint}</p>}
            </li>
          ))}
        </ul>
      )}
      {!table.error && table.hazards.length === 0 && <p className="muted">{t("noHazards")}</p>}
      {table.notes.length > 0 && (
        <ul className="transfer-list muted">
          {table.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {rows.length > 0 && (
        <>
          <h3>{t("sample")}</h3>
          <div className="transfer-sample" role="region" aria-label={`${t("sample")}: ${table.target}`} tabIndex={0}>
            <table className="table">
              <thead>
                <tr>
                  {names.map((name) => (
                    <th key={name} scope="col" className="mono">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row, place) => (
                  // The first rows of a look never move.
                  <tr key={place} style={{ height: 28 }}>
                    {names.map((name) => (
                      <td key={name} className="mono" title={spell(row[name]) ?? undefined}>
                        {spell(row[name]) ?? <span className="muted">NULL</span>}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {table.statements.length > 0 && (
        <details>
          <summary>
            {t("ddl")} ({formatNumber(table.statements.length, language)})
          </summary>
          <pre className="transfer-ddl" tabIndex={0}>
            {table.statements.map((statement) => `${statement};`).join("\n\n")}
          </pre>
        </details>
      )}
    </details>
  );
}

function spell(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
