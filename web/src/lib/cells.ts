/** Values of an answer as text, and how wide and on which side they stand. Pure: no React. */
export interface AnswerColumn {
  name: string;
  nativeType: string;
}

export type Row = readonly unknown[];

/** Rows as the server sent them: JSON text of a list of lists. */
export function readRows(text: string): Row[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.filter((row): row is unknown[] => Array.isArray(row)) : [];
}

const NUMBER = /^(?:u?(?:tiny|small|medium|big)?int(?:eger)?\d*|numeric|decimal|number|dec|fixed|real|float\d*|double|(?:small|big)?serial\d*|money)\b/i;

/** Whether a column's values are numbers, by the type its system gives it. */
export function isNumeric(nativeType: string): boolean {
  return NUMBER.test(nativeType.trim()) && !nativeType.includes("[");
}

/** A value as text; NULL has none. */
export function spellValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return JSON.stringify(value);
}

const LETTER = 7.3;
const SAMPLE = 200;

/** How wide each column is to be, by its name, its type and its first values. */
export function measure(columns: readonly AnswerColumn[], rows: readonly Row[]): number[] {
  return columns.map((column, at) => {
    let letters = Math.max(column.name.length, column.nativeType.length * 0.92);
    for (const row of rows.slice(0, SAMPLE)) letters = Math.max(letters, lettersOf(spellValue(row[at]) ?? "NULL"));
    return Math.round(Math.min(380, Math.max(56, letters * LETTER + 22)));
  });
}

/** Signs of Chinese and the like are twice as wide. */
function lettersOf(text: string): number {
  let letters = 0;
  for (const sign of text.slice(0, 60)) letters += sign > "\u2e7f" ? 1.8 : 1;
  return letters;
}
