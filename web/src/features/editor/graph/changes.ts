/** Which steps differ between two documents. Pure: no React. */
import type { StepView } from "../document/read.ts";

export type Mark = "added" | "removed" | "changed";

/** Steps of `before` that are gone or other, and steps of `after` that are new or other, by their keys. */
export function changesOf(before: readonly StepView[], after: readonly StepView[]): { before: Map<string, Mark>; after: Map<string, Mark> } {
  const marks = { before: new Map<string, Mark>(), after: new Map<string, Mark>() };
  const olds = new Map(before.map((step) => [step.key, step]));
  const news = new Map(after.map((step) => [step.key, step]));
  for (const [key, step] of olds) {
    const other = news.get(key);
    if (!other) marks.before.set(key, "removed");
    else if (spell(step) !== spell(other)) {
      marks.before.set(key, "changed");
      marks.after.set(key, "changed");
    }
  }
  for (const key of news.keys()) if (!olds.has(key)) marks.after.set(key, "added");
  return marks;
}

/** All that a step is, but not where it stands in the text. */
function spell(step: StepView): string {
  return JSON.stringify({ ...step, index: 0, firstLine: 0, lastLine: 0 });
}
