/** What forms of steps know besides what their schemas say. Pure. */
import type { FieldView } from "@/lib/schema-fields.ts";

export function isExpression(value: unknown): boolean {
  return typeof value === "string" && value.includes("${{");
}

/** Fields that are shown at once: those needed, those set, and for a step kind what it is about. */
export function isShownAtOnce(field: FieldView, settings: Record<string, unknown>): boolean {
  return field.isNeeded || settings[field.name] !== undefined || ALWAYS.has(field.name);
}

const ALWAYS = new Set(["source", "path", "url", "connection", "table", "mode", "key", "sql", "script", "rules", "channels", "title", "text", "left", "right"]);
