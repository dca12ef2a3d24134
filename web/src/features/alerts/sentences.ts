/** The policy's entries in sentences. */
import type { Translate } from "@/lib/language.ts";
import type { Route, Rules } from "./policy.ts";
import type { words } from "./words.ts";

type T = Translate<typeof words>;
const SEVERITY = { info: "INFO", warning: "WARNING", critical: "CRITICAL", resolved: "RESOLVED" } as const;
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

export function spellSeverity(t: T, severity: string): string {
  return severity in SEVERITY ? t(SEVERITY[severity as keyof typeof SEVERITY]) : severity;
}

const list = (texts: readonly string[]) => texts.join(", ");
const severities = (t: T, texts: readonly string[]) => list(texts.map((one) => spellSeverity(t, one)));

/** Which alerts a route is about. */
export function spellMatch(t: T, route: Route): string {
  const parts = [
    ...(route.severity.length > 0 ? [t("ofSeverity", { list: severities(t, route.severity) })] : []),
    ...(route.workflow ? [t("ofWorkflow", { name: route.workflow })] : []),
    ...Object.entries(route.labels).map(([name, value]) => t("ofLabel", { name, value })),
  ];
  return parts.length > 0 ? parts.join(" · ") : t("everyAlert");
}

/** What is done with them. */
export function spellRoute(t: T, route: Route): string[] {
  const by = (given: readonly string[]) => (given.length > 0 ? list(given) : t("alike"));
  return [
    ...(route.channels.length > 0 ? [t("goesTo", { list: list(route.channels) }) + (route.replace ? ` (${t("instead")})` : "")] : []),
    ...(route.group ? [t("grouped", { by: by(route.group.by), window: route.group.window })] : []),
    ...(route.dedupe ? [t("deduped", { by: by(route.dedupe.by), window: route.dedupe.window })] : []),
    ...route.escalate.map((one) => t("escalates", { after: one.after, list: list(one.channels) })),
    ...(route.stop ? [t("stops")] : []),
  ];
}

export function spellRules(t: T, rules: Rules): string[] {
  const { rate, quiet, retry } = rules;
  return [
    ...(rate ? [t("rate", { limit: rate.limit, per: rate.per })] : []),
    ...(quiet
      ? [
          [
            t("quiet", { from: quiet.from, to: quiet.to, zone: quiet.zone || "UTC" }),
            ...(quiet.days.length > 0 ? [t("quietDays", { days: list(quiet.days.map((day) => spellDay(t, day))) })] : []),
            ...(quiet.except.length > 0 ? [t("quietExcept", { list: severities(t, quiet.except) })] : []),
            t(quiet.then === "drop" ? "quietDrop" : "quietHold"),
          ].join(", "),
        ]
      : []),
    ...(retry
      ? [
          [
            ...(retry.attempts === null ? [] : [t("retries", { attempts: retry.attempts })]),
            ...(retry.backoff ? [t("backoff", { backoff: retry.backoff })] : []),
            ...(retry.max ? [t("backoffMost", { max: retry.max })] : []),
          ].join(", "),
        ]
      : []),
  ];
}

export function spellDay(t: T, day: string): string {
  const known = DAYS.find((one) => one === day);
  return known ? t(known) : day;
}
