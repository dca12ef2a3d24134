/** From a JSON Schema to the fields of a form. Pure. */

/** As much of JSON Schema as forms are made of. */
export interface Schema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  additionalProperties?: boolean | Schema;
}

export type FieldKind =
  | { kind: "text"; isLong: boolean }
  | { kind: "number"; isWhole: boolean }
  | { kind: "boolean" }
  | { kind: "choice"; options: string[] }
  | { kind: "words"; isList: boolean }
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
  if (isTexts(schema)) return { kind: "words", isList: true };
  if (isWords(schema)) return { kind: "words", isList: false };
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

const isTexts = (one: Schema) => one.type === "array" && one.items?.type === "string";

/** A text, or a list of texts. */
function isWords(schema: Schema): boolean {
  const either = schema.oneOf ?? [];
  return either.length === 2 && either.some((one) => one.type === "string" && !one.enum) && either.some(isTexts);
}

/** Reads a schema that came as JSON text; what is none has no fields. */
export function readSchema(text: string): Schema {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value) : {};
  } catch {
    return {};
  }
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

/** What stands in a form's field for a value. */
export function toText(kind: FieldKind, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (kind.kind === "words") return spellWords(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The value that a form's field says; nothing for an empty one. Throws where a text is not what it should be. */
export function fromText(kind: FieldKind, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  switch (kind.kind) {
    case "words": {
      const words = readWords(text);
      return kind.isList && typeof words === "string" ? [words] : words;
    }
    case "number": {
      const value = Number(trimmed);
      if (!Number.isFinite(value) || (kind.isWhole && !Number.isInteger(value))) throw new Error(trimmed);
      return value;
    }
    case "boolean":
      return trimmed === "true";
    case "yaml":
      return JSON.parse(trimmed) as unknown;
    default:
      return text;
  }
}
