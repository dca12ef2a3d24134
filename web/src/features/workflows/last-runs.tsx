import { Spark, type SparkBar } from "@/components/spark.tsx";
import type { WorkflowRowFragment } from "@/graphql/generated/graphql.ts";
import { formatExact, formatSpan } from "@/lib/format.ts";
import { pick, useLanguage } from "@/lib/language.ts";
import { RUN_STATUS, spanOf } from "@/lib/run-status.ts";

/** The last runs, oldest first: color is how each went, height how long it took. */
export function LastRuns({ runs, label }: { runs: WorkflowRowFragment["runs"]["nodes"]; label: string }) {
  const language = useLanguage((state) => state.language);
  const now = new Date();
  const bars = runs.toReversed().map((run): SparkBar => {
    const { tone, word } = RUN_STATUS[run.status];
    const span = spanOf(run, now);
    const parts = [pick(word, language), span === undefined ? "" : formatSpan(span), formatExact(new Date(run.createdAt), language)];
    return { id: run.id, tone, size: span ?? 0, label: parts.filter(Boolean).join(" · ") };
  });
  return <Spark bars={bars} label={label} />;
}
