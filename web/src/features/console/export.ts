/** Answers as files. Text that a spreadsheet would run as a formula stands behind a `'`, as in the server's own export. */
import { csvField, csvFile } from "@/lib/csv.ts";
import { isNumeric, spellValue, type AnswerColumn, type Row } from "@/lib/cells.ts";

/** CSV of RFC 4180. NULL is nothing at all, an empty text is `""`. */
export function toCsv(columns: readonly AnswerColumn[], rows: readonly Row[]): string {
  const safe = columns.map((column) => isNumeric(column.nativeType));
  return csvFile([columns.map((column) => field(column.name, false)), ...rows.map((row) => columns.map((_, at) => field(row[at], safe[at] === true)))]);
}

function field(value: unknown, isNumber: boolean): string {
  return csvField(spellValue(value), isNumber || typeof value === "number");
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
