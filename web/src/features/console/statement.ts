/** Which statement of a text is meant, and the tables it may speak of. Pure but for the editor's state. */
import { MariaSQL, PostgreSQL, SQLite, StandardSQL, type SQLDialect } from "@codemirror/lang-sql";
import { ensureSyntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";

export interface Chosen {
  sql: string;
  /** Where it begins in the whole text. */
  from: number;
}

/** Systems whose console takes SQL; Redis takes one command in a line. */
export function dialectOf(system: string): SQLDialect | null {
  switch (system) {
    case "postgres":
      return PostgreSQL;
    case "mysql":
      return MariaSQL;
    case "sqlite":
      return SQLite;
    case "redis":
      return null;
    default:
      return StandardSQL;
  }
}

/** What is selected, or else the statement at the cursor, or else the last one before it. */
export function chosenStatement(state: EditorState, isSql: boolean): Chosen {
  const { main } = state.selection;
  if (!main.empty) return trimmed(state.sliceDoc(main.from, main.to), main.from);
  if (!isSql) {
    const line = state.doc.lineAt(main.head);
    return trimmed(line.text, line.from);
  }
  const tree = ensureSyntaxTree(state, state.doc.length, 100);
  let found: { from: number; to: number } | undefined;
  for (let node = tree?.topNode.firstChild ?? null; node; node = node.nextSibling) {
    if (node.name !== "Statement") continue;
    if (!found || node.from <= main.head) found = { from: node.from, to: node.to };
  }
  const { from, to } = found ?? { from: 0, to: state.doc.length };
  return trimmed(state.sliceDoc(from, to), from);
}

function trimmed(text: string, from: number): Chosen {
  const start = text.length - text.trimStart().length;
  return { sql: text.trim().replace(/(?:\s*;)+$/, ""), from: from + start };
}

/** Where a line and column of a statement lie in the whole text. */
export function offsetOf(chosen: Chosen, line: number, column: number): number {
  const lines = chosen.sql.split("\n");
  const at = Math.min(Math.max(1, line), lines.length);
  const before = lines.slice(0, at - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return chosen.from + before + Math.min(Math.max(0, column - 1), lines[at - 1]?.length ?? 0);
}

/** The same problem with its place in the whole text, where it was told for the statement alone. */
export function inText<P extends { line?: number | null; column?: number | null }>(text: string, from: number, problem: P): P {
  if (!problem.line) return problem;
  const before = text.slice(0, from).split("\n");
  const column = problem.line === 1 && problem.column ? problem.column + (before.at(-1)?.length ?? 0) : problem.column;
  return { ...problem, line: problem.line + before.length - 1, column };
}

const MOST_TABLES = 12;

/** Those of the tables whose name stands in the text, so that their columns can be offered. */
export function tablesIn(text: string, tables: readonly string[]): string[] {
  const said = new Set((text.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? []));
  return tables.filter((table) => said.has(lastPart(table).toLowerCase())).slice(0, MOST_TABLES);
}

function lastPart(table: string): string {
  return table.slice(table.lastIndexOf(".") + 1);
}

/** `SELECT` of a table's first rows, with names quoted where they must be. */
export function firstRows(system: string, table: string): string {
  const sign = system === "mysql" || system === "tdengine" ? "`" : '"';
  const quote = (part: string) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : sign + part.replaceAll(sign, sign + sign) + sign);
  return `SELECT * FROM ${table.split(".").map(quote).join(".")} LIMIT 100`;
}
