/** Differences as cells of a table and as lines of a file. Pure: no React. */
import { csvField, csvFile } from "@/lib/csv.ts";

export type Kind = "MISSING" | "EXTRA" | "CHANGED";

export interface Difference {
  kind: Kind;
  key: Readonly<Record<string, string | null>>;
  /** The whole row; none for a changed one. */
  values: Readonly<Record<string, string | null>> | null;
  changes: readonly { column: string; left?: string | null; right?: string | null }[];
}

/** What stands in a cell: a value, nothing to tell, or no row at all. */
export type Cell = { kind: "value"; text: string | null; isChanged: boolean } | { kind: "same" } | { kind: "absent" };

interface Sent {
  kind: Kind;
  key: string;
  values?: string | null;
  changes: readonly { column: string; left?: string | null; right?: string | null }[];
}

export function readDifference(sent: Sent): Difference {
  return { kind: sent.kind, key: readRow(sent.key), values: sent.values ? readRow(sent.values) : null, changes: sent.changes };
}

function readRow(text: string): Record<string, string | null> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => [name, own === null || typeof own === "string" ? own : typeof own === "object" ? JSON.stringify(own) : String(own)]),
  );
}

export function cellOf(difference: Difference, side: "left" | "right", column: string): Cell {
  if (difference.kind === "CHANGED") {
    if (column in difference.key) return { kind: "value", text: difference.key[column] ?? null, isChanged: false };
    const change = difference.changes.find((one) => one.column === column);
    return change ? { kind: "value", text: change[side] ?? null, isChanged: true } : { kind: "same" };
  }
  const has = difference.kind === "MISSING" ? "left" : "right";
  return side === has ? { kind: "value", text: difference.values?.[column] ?? null, isChanged: false } : { kind: "absent" };
}

/** Columns in which a shown row differs; where only whole rows differ, all of them. */
export function differing(columns: readonly string[], key: readonly string[], rows: readonly Difference[]): string[] {
  const changed = new Set(rows.flatMap((row) => row.changes.map((change) => change.column)));
  const rest = columns.filter((column) => !key.includes(column));
  return changed.size === 0 ? rest : rest.filter((column) => changed.has(column));
}

export function holds(difference: Difference, needle: string): boolean {
  const has = (text: string | null | undefined) => text?.toLowerCase().includes(needle) === true;
  return (
    Object.values(difference.key).some(has) ||
    Object.values(difference.values ?? {}).some(has) ||
    difference.changes.some((change) => has(change.left) || has(change.right))
  );
}

/** A line for each value that differs: `kind`, the key, `column`, `left`, `right`. */
export function toCsv(key: readonly string[], columns: readonly string[], rows: readonly Difference[]): string {
  const lines = [["kind", ...key, "column", "left", "right"].map((name) => csvField(name))];
  for (const row of rows) {
    const head = [row.kind.toLowerCase(), ...key.map((name) => csvField(row.key[name] ?? row.values?.[name] ?? null))];
    if (row.kind === "CHANGED") {
      for (const { column, left, right } of row.changes) lines.push([...head, csvField(column), csvField(left ?? null), csvField(right ?? null)]);
      continue;
    }
    for (const column of columns) {
      if (key.includes(column)) continue;
      const value = csvField(row.values?.[column] ?? null);
      lines.push([...head, csvField(column), row.kind === "MISSING" ? value : "", row.kind === "EXTRA" ? value : ""]);
    }
    // A table that is nothing but its key has no value to tell.
    if (columns.every((column) => key.includes(column))) lines.push([...head, "", "", ""]);
  }
  return csvFile(lines);
}

export function toJson(rows: readonly Difference[]): string {
  const lines = rows.map((row) => {
    const changes = Object.fromEntries(row.changes.map(({ column, left, right }) => [column, { left: left ?? null, right: right ?? null }]));
    return JSON.stringify({ kind: row.kind.toLowerCase(), key: row.key, ...(row.values ? { values: row.values } : { changes }) });
  });
  return lines.length === 0 ? "[]\n" : `[\n  ${lines.join(",\n  ")}\n]\n`;
}
