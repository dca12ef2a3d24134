import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import { Status } from "@/components/status.tsx";
import type { AnomalySeverity, AnomalyState } from "@/graphql/generated/graphql.ts";
import { useWords } from "@/lib/language.ts";
import type { Tone } from "@/lib/tone.ts";
import { words } from "./words.ts";

const ICON = { INFO: Info, WARN: TriangleAlert, ERROR: CircleAlert };
const TONE: Record<AnomalySeverity, Tone> = { INFO: "idle", WARN: "warned", ERROR: "bad" };
const STATE: Record<AnomalyState, Tone> = { OPEN: "bad", ACKNOWLEDGED: "waiting", RESOLVED: "good" };

export function Severity({ severity }: { severity: AnomalySeverity }) {
  const t = useWords(words);
  const Icon = ICON[severity];
  return (
    <span className={`anomaly-severity tone-${TONE[severity]}`}>
      <Icon size={13} aria-hidden />
      {t(severity)}
    </span>
  );
}

export function State({ state }: { state: AnomalyState }) {
  const t = useWords(words);
  return <Status tone={STATE[state]}>{t(state)}</Status>;
}
