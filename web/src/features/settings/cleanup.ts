/** Finds what workflows remove, in their documents. Pure. */
import { parseDocument } from "yaml";

export interface Cleanup {
  step: string;
  /** What is kept for how long: `runs 180d`, `ticks 90d`. */
  keeps: string[];
}

/** The steps of the kind `cleanup` in a document; one that cannot be read has none. */
export function cleanupsOf(text: string): Cleanup[] {
  const document = parseDocument(text, { strict: false });
  if (document.errors.length > 0) return [];
  const steps: unknown = (document.toJS() as { steps?: unknown } | null)?.steps;
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((one: unknown): Cleanup[] => {
    const step = asObject(one);
    if (step["uses"] !== "cleanup") return [];
    const settings = asObject(step["with"]);
    const [rows, backups] = [asObject(settings["rows"]), asObject(settings["backups"])];
    const keeps = [
      ...Object.entries(asObject(settings["metadata"])).map(([name, age]) => `${name} ${spell(age)}`),
      ...(rows["table"] ? [`${spell(rows["connection"])}:${spell(rows["table"])} ${spell(rows["older_than"])}`] : []),
      ...(backups["connection"] ? [`backups of ${spell(backups["connection"])} ${spell(backups["older_than"])}`] : []),
    ];
    return [{ step: typeof step["id"] === "string" ? step["id"] : "", keeps }];
  });
}

const spell = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** A document to begin with. */
export const CLEANUP = `name: cleanup
description: Removes what is old. Look at what the dry run counts, then switch it off.
triggers:
  - cron: "0 3 * * *"
steps:
  - id: thinned
    uses: cleanup
    with:
      metadata: { runs: 180d, log_lines: 30d, console_history: 90d, anomalies: 365d, backups: 365d, inspections: 90d, alerts: 365d }
      dry_run: true
`;

/** A document to begin with, for a connection of that name. */
export function backupDocument(connection: string): string {
  return `name: backup-${connection}
triggers:
  - cron: "0 2 * * *"
steps:
  - id: kept
    uses: backup
    with: { connection: ${connection}, keep: 7 }
`;
}
