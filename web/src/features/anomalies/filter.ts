/** What of the anomalies is shown, as the address says it. Pure: no React. */
import type { AnomalyFilterInput, AnomalySeverity, AnomalyState } from "@/graphql/generated/graphql.ts";

export type View = "unsolved" | "OPEN" | "ACKNOWLEDGED" | "RESOLVED" | "all";

const STATES: Record<View, readonly AnomalyState[]> = {
  unsolved: ["OPEN", "ACKNOWLEDGED"],
  OPEN: ["OPEN"],
  ACKNOWLEDGED: ["ACKNOWLEDGED"],
  RESOLVED: ["RESOLVED"],
  all: [],
};

export const SEVERITIES: readonly AnomalySeverity[] = ["ERROR", "WARN", "INFO"];

/** What stands in the address; what is no view is the first one. */
export function viewOf(search: URLSearchParams): View {
  const word = search.get("state") ?? "";
  return word in STATES ? (word as View) : "unsolved";
}

export function filterOf(search: URLSearchParams): AnomalyFilterInput {
  const severity = search.get("severity") as AnomalySeverity | null;
  const states = STATES[viewOf(search)];
  return {
    ...(states.length > 0 ? { states: [...states] } : {}),
    ...(severity && SEVERITIES.includes(severity) ? { severity } : {}),
    ...(search.get("rule") ? { rule: search.get("rule") } : {}),
    ...(search.get("connection") ? { connection: search.get("connection") } : {}),
  };
}

/** Figures and samples as lines of name and value; nested ones as JSON. */
export function readDetails(text: string): [string, string][] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).map(([name, own]) => [name, typeof own === "string" ? own : typeof own === "number" ? String(own) : JSON.stringify(own, null, 1)]);
  } catch {
    return [];
  }
}
