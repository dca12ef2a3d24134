import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import { Status } from "@/components/status.tsx";
import type { AlertSeverity, DeliveryStatus } from "@/graphql/generated/graphql.ts";
import { useWords } from "@/lib/language.ts";
import type { Tone } from "@/lib/tone.ts";
import { words } from "./words.ts";

const ICON = { INFO: Info, WARNING: TriangleAlert, CRITICAL: CircleAlert, RESOLVED: CircleCheck };
const TONE: Record<AlertSeverity, Tone> = { INFO: "idle", WARNING: "warned", CRITICAL: "bad", RESOLVED: "good" };
const DELIVERY: Record<DeliveryStatus, Tone> = { PENDING: "waiting", DELIVERED: "good", FAILED: "bad", DROPPED: "skipped" };

export const SEVERITIES: readonly AlertSeverity[] = ["CRITICAL", "WARNING", "INFO", "RESOLVED"];
export const STATUSES: readonly DeliveryStatus[] = ["PENDING", "DELIVERED", "FAILED", "DROPPED"];

export function Severity({ severity }: { severity: AlertSeverity }) {
  const t = useWords(words);
  const Icon = ICON[severity];
  return (
    <span className={`alert-severity tone-${TONE[severity]}`}>
      <Icon size={13} aria-hidden />
      {t(severity)}
    </span>
  );
}

export function DeliveryState({ status, channel }: { status: DeliveryStatus; channel?: string }) {
  const t = useWords(words);
  return <Status tone={DELIVERY[status]}>{channel ? `${channel}: ${t(status)}` : t(status)}</Status>;
}
