/** Transfers in few words. Pure: no React. */

/** `shop: orders` and `warehouse: old_*`. */
export function endsOf(settings: string): { from: string; to: string } {
  const given = JSON.parse(settings) as { from?: Record<string, unknown>; to?: Record<string, unknown> };
  const side = (of: Record<string, unknown> | undefined) => {
    const table = of?.["table"];
    const connection = typeof of?.["connection"] === "string" ? of["connection"] : "";
    const names = Array.isArray(table) ? table.join(", ") : typeof table === "string" ? table : of?.["query"] ? "query" : "";
    return names ? `${connection}: ${names}` : connection;
  };
  return { from: side(given.from), to: side(given.to) };
}

/** How much is done; undefined: nobody knows how much there is. */
export function shareOf(progress: { rows: number; rowsExpected?: number | null; chunks?: number | null; chunksDone?: number | null }, rows = progress.rows): number | undefined {
  if (typeof progress.rowsExpected === "number" && progress.rowsExpected > 0) return Math.min(1, Math.max(rows, progress.rows) / progress.rowsExpected);
  if (typeof progress.chunks === "number" && progress.chunks > 0) return (progress.chunksDone ?? 0) / progress.chunks;
  return undefined;
}

export interface TableResult {
  source: string;
  target: string;
  rows: number;
  rejected: number;
  /** `equal`, `different`, or nothing where nobody compared. */
  verdict: string;
  differences: number;
}

/** What became of each table. */
export function readTables(text: string | null | undefined): TableResult[] {
  if (!text) return [];
  const number = (value: unknown) => (typeof value === "number" ? value : 0);
  const object = (value: unknown) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {});
  return Object.entries(object(JSON.parse(text) as unknown)).map(([source, value]) => {
    const told = object(value);
    const proof = object(told["validation"]);
    return {
      source,
      target: typeof told["to"] === "string" ? told["to"] : source,
      rows: number(told["rows"]),
      rejected: number(told["rejected"]),
      verdict: typeof proof["verdict"] === "string" ? proof["verdict"] : "",
      differences: number(proof["differences"]),
    };
  });
}
