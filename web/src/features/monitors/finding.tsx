import { ArrowDown, ArrowRight, ArrowUp } from "lucide-react";
import { Status } from "@/components/status.tsx";
import type { MonitorFindingFragment } from "@/graphql/generated/graphql.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** How a run of a monitor ended, in one word. */
export function FindingState({ finding }: { finding: MonitorFindingFragment | null | undefined }) {
  const t = useWords(words);
  if (!finding) return <Status tone="idle">{t("never")}</Status>;
  if (["queued", "running", "waiting"].includes(finding.status)) return <Status tone="running">{t("measuring")}</Status>;
  // A run whose alert could not be delivered has failed, and has measured all the same.
  if (finding.passed) return <Status tone="warned">{t("passed")}</Status>;
  if (finding.status !== "succeeded") return <Status tone="bad">{t("failed")}</Status>;
  return <Status tone="good">{t("within")}</Status>;
}

/** By how much the value is more, or less, than before. */
export function Trend({ trend }: { trend: number | null | undefined }) {
  const language = useLanguage((state) => state.language);
  if (typeof trend !== "number") return null;
  const Icon = trend > 0 ? ArrowUp : trend < 0 ? ArrowDown : ArrowRight;
  return (
    <span className="monitor-trend">
      <Icon size={12} aria-hidden />
      {trend > 0 ? "+" : ""}
      {formatNumber(trend, language)}
    </span>
  );
}
