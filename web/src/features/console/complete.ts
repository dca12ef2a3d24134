/** Columns of the tables a text names, offered before the dialect's words; after a dot the dialect's own completion knows better. */
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import type { Schema } from "./use-console-data.ts";

export function completeColumns(schema: Schema): CompletionSource {
  const tables = new Map<string, string[]>();
  for (const [table, columns] of Object.entries(schema)) {
    for (const column of columns) tables.set(column, [...(tables.get(column) ?? []), table]);
  }
  const options: Completion[] = [...tables].map(([label, of]) => ({ label, type: "property", detail: of.join(", "), boost: 50 }));
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_$]*/u);
    const from = word?.from ?? context.pos;
    if ((!word && !context.explicit) || context.state.sliceDoc(from - 1, from) === ".") return null;
    return { from, options, validFor: /^[\p{L}\p{N}_$]*$/u };
  };
}
