/** A translator: splits the text into statements and writes each in the other dialect, with a note on what may differ. */

import { PluginError, type Note, type Statement, type Translator } from "sluice";

const PAIRS: [string, string][] = [["sqlite", "mysql"]];

export const translator: Translator = {
  dialects: () => PAIRS,

  translate(_, { sql, sourceDialect, targetDialect }) {
    if (!PAIRS.some(([from, to]) => from === sourceDialect && to === targetDialect)) {
      throw PluginError.permanent(`cannot translate \`${sourceDialect}\` into \`${targetDialect}\``);
    }
    const statements: Statement[] = [];
    let line = 1;
    for (const text of sql.split(";")) {
      const begins = line + linesIn(text.slice(0, text.length - text.trimStart().length));
      line += linesIn(text);
      if (text.trim() !== "") statements.push(translateOne(text.trim(), begins));
    }
    return statements;
  },
};

function linesIn(text: string): number {
  return text.split("\n").length - 1;
}

/** A text that has both kinds of quotes needs a real parser: it is refused by a note, never translated wrongly. */
function translateOne(text: string, line: number): Statement {
  const note = (level: Note["level"], message: string): Note => ({ level, code: "quotes", message, line, column: 1 });
  if (text.includes("'") && text.includes('"')) {
    return { sql: "", line, notes: [note("error", "statements with both kinds of quotes are not translated")] };
  }
  const notes = text.includes('"') ? [note("info", "names are quoted by backticks")] : [];
  return { sql: text.replaceAll('"', "`"), line, notes };
}
