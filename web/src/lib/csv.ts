/** Fields of a CSV file (RFC 4180), safe to open in a spreadsheet. */

/** One field. NULL is nothing at all, an empty text is `""`; text that a spreadsheet would run as a formula stands behind a `'`. */
export function csvField(text: string | null, isNumber = false): string {
  if (text === null) return "";
  const isFormula = !isNumber && /^[=+\-@\t\r]/.test(text);
  const isQuoted = isFormula || text === "" || /[",\n\r]/.test(text) || text.trim() !== text;
  const told = isFormula ? `'${text}` : text;
  return isQuoted ? `"${told.replaceAll('"', '""')}"` : told;
}

/** A file of lines that are made of fields. */
export function csvFile(lines: readonly (readonly string[])[]): string {
  return [...lines.map((line) => line.join(",")), ""].join("\r\n");
}
