/** Where a channel leads, in one line: the most telling of its settings. Pure. */

const TELLING = ["url", "to", "chat", "host", "mention", "source"];

export function targetOf(settings: string): string {
  let value: unknown;
  try {
    value = JSON.parse(settings);
  } catch {
    return "";
  }
  if (typeof value !== "object" || value === null) return "";
  const given = value as Record<string, unknown>;
  for (const name of TELLING) {
    const own = given[name];
    if (typeof own === "string" && own !== "") return own;
    if (typeof own === "number") return String(own);
    if (Array.isArray(own) && own.length > 0) return own.map(String).join(", ");
  }
  return "";
}
