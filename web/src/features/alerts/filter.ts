/** Which alerts are shown, as the address says it. Pure: no React. */
import type { AlertFilterInput, AlertSeverity, DeliveryStatus } from "@/graphql/generated/graphql.ts";

const SEVERITIES = ["CRITICAL", "WARNING", "INFO", "RESOLVED"];
const STATUSES = ["PENDING", "DELIVERED", "FAILED", "DROPPED"];

export function filterOf(search: URLSearchParams): AlertFilterInput {
  const severity = search.get("severity") ?? "";
  const status = search.get("status") ?? "";
  const text = (key: "channel" | "workflow" | "run") => (search.get(key) ? { [key]: search.get(key) } : {});
  return {
    ...(SEVERITIES.includes(severity) ? { severity: severity as AlertSeverity } : {}),
    ...(STATUSES.includes(status) ? { statuses: [status as DeliveryStatus] } : {}),
    ...text("channel"),
    ...text("workflow"),
    ...text("run"),
  };
}

export function isFiltered(filter: AlertFilterInput): boolean {
  return Object.keys(filter).length > 0;
}
