/** Answers as files. Text that a spreadsheet would run as a formula stands behind a `'`, as in the server's own export. */
import { isNumeric, spellValue, type AnswerColumn, type Row } from "./cells.ts";

/** CSV of RFC 4180. NULL is nothing at all, an empty text is `""`. */
export function toCsv(columns: readonly AnswerColumn[], rows: readonly Row[]): string {
  const safe = columns.map((column) => isNumeric(column.nativeType));
  const lines = rows.map((row) => columns.map((_, at) => field(row[at], safe[at] === true)).join(","));
  return [columns.map((column) => field(column.name, false)).join(","), ...lines, ""].join("\r\n");
}

function field(value: unknown, isNumber: boolean): string {
  const text = spellValue(value);
  if (text === null) return "";
  const isFormula = !isNumber && typeof value !== "number" && /^[=+\-@\t\r]/.test(text);
  const isQuoted = isFormula || text === "" || /[",\n\r]/.test(text) || text.trim() !== text;
  const told = isFormula ? `'${text}` : text;
  return isQuoted ? `"${told.replaceAll('"', '""')}"` : told;
}

/** A list of objects; of columns with the same name, the second is `name_2`. */
export function toJson(columns: readonly AnswerColumn[], rows: readonly Row[]): string {
  const names: string[] = [];
  for (const { name } of columns) {
    let own = name;
    for (let count = 2; names.includes(own); count++) own = `${name}_${count}`;
    names.push(own);
  }
  const lines = rows.map((row) => `  {${names.map((name, at) => `${JSON.stringify(name)}: ${JSON.stringify(row[at] ?? null)}`).join(", ")}}`);
  return lines.length === 0 ? "[]\n" : `[\n${lines.join(",\n")}\n]\n`;
}
