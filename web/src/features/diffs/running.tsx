import { Progress } from "@/components/progress.tsx";
import { useNow } from "@/components/time.tsx";
import { useTable } from "@/graphql/catalog.ts";
import { formatShort, formatSpan } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import type { DiffPlan, SidePlan } from "./plan.ts";
import { words } from "./words.ts";

/** How far a comparison is: rows, rate, and about how long it still takes where the systems know their sizes. */
export function Running({ plan, rows, startedAt }: { plan: DiffPlan; rows: number; startedAt: string | null }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const now = useNow(500);
  const name = (side: SidePlan) => (side.by === "table" && side.filter === "" ? side.table : "");
  const left = useTable(plan.left.connection, name(plan.left)).shape?.rowEstimate;
  const right = useTable(plan.right.connection, name(plan.right)).shape?.rowEstimate;
  const expected = typeof left === "number" && typeof right === "number" && left + right > 0 ? Math.max(left + right, rows) : undefined;
  const seconds = startedAt ? Math.max(0.001, (now.getTime() - new Date(startedAt).getTime()) / 1000) : 0;
  const rate = seconds > 0 ? rows / seconds : 0;
  return (
    <div className="diff-running" role="status">
      <Progress label={t("running")} share={expected && rows > 0 ? rows / expected : undefined} />
      <div className="row muted">
        <span>{t("progress", { n: formatShort(rows, language) })}</span>
        {expected !== undefined && <span>{t("ofRows", { n: formatShort(expected, language) })}</span>}
        {rate > 0 && <span>{t("rate", { n: formatShort(rate, language) })}</span>}
        {expected !== undefined && rate > 0 && expected > rows && <span>{t("timeLeft", { span: formatSpan(((expected - rows) / rate) * 1000) })}</span>}
      </div>
    </div>
  );
}
