/** What an entry of the audit log keeps, as lines to be read. Pure. */

/** JSON with a line for each value, its keys in order, so that two of them can be held against each other. */
export function spellJson(text: string): string {
  if (text === "") return "";
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value, sorted, 2);
  } catch {
    return text;
  }
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface AuditFilter {
  who?: string;
  operation?: string;
  subject?: string;
}

/** What the address filters by. */
export function filterOf(search: URLSearchParams): AuditFilter {
  const text = (key: keyof AuditFilter) => {
    const value = search.get(key)?.trim();
    return value ? { [key]: value } : {};
  };
  return { ...text("who"), ...text("operation"), ...text("subject") };
}
