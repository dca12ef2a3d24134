/** From a JSON Schema to the fields of a form. Pure. */
import type { Schema } from "../graph/graph.ts";

export type FieldKind =
  | { kind: "text"; isLong: boolean }
  | { kind: "number"; isWhole: boolean }
  | { kind: "boolean" }
  | { kind: "choice"; options: string[] }
  | { kind: "words" }
  | { kind: "yaml" };

export interface FieldView {
  name: string;
  kind: FieldKind;
  description: string | undefined;
  default: unknown;
  isNeeded: boolean;
}

/** Names whose text has several lines. */
const LONG = new Set(["sql", "script", "query", "body"]);

export function fieldsOf(schema: Schema): FieldView[] {
  const needed = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    kind: kindOf(name, property),
    description: property.description,
    default: property.default,
    isNeeded: needed.has(name),
  }));
}

function kindOf(name: string, schema: Schema): FieldKind {
  if (schema.enum) return { kind: "choice", options: schema.enum.map(String) };
  if (isWords(schema)) return { kind: "words" };
  switch (schema.type) {
    case "string":
      return { kind: "text", isLong: LONG.has(name) };
    case "integer":
      return { kind: "number", isWhole: true };
    case "number":
      return { kind: "number", isWhole: false };
    case "boolean":
      return { kind: "boolean" };
    default:
      return { kind: "yaml" };
  }
}

/** A text, or a list of texts. */
function isWords(schema: Schema): boolean {
  const isTexts = (one: Schema) => one.type === "array" && one.items?.type === "string";
  if (isTexts(schema)) return true;
  const either = schema.oneOf ?? [];
  return either.length === 2 && either.some((one) => one.type === "string" && !one.enum) && either.some(isTexts);
}

/** `a, b` as a list, one word as a text, nothing as nothing. */
export function readWords(text: string): string | string[] | undefined {
  const words = text.split(",").map((word) => word.trim()).filter(Boolean);
  if (words.length === 0) return undefined;
  return words.length === 1 ? words[0] : words;
}

export function spellWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function isExpression(value: unknown): boolean {
  return typeof value === "string" && value.includes("${{");
}

/** Fields that are shown at once: those needed, those set, and for a step kind what it is about. */
export function isShownAtOnce(field: FieldView, settings: Record<string, unknown>): boolean {
  return field.isNeeded || settings[field.name] !== undefined || ALWAYS.has(field.name);
}

const ALWAYS = new Set(["source", "path", "url", "connection", "table", "mode", "key", "sql", "script", "rules", "channels", "title", "text", "left", "right"]);
