import { expect, it } from "vitest";
import { fieldsOf, fromText, readSchema, readWords, spellWords, toText, type FieldKind, type Schema } from "./schema-fields.ts";

const SCHEMA: Schema = {
  required: ["connection"],
  properties: {
    connection: { type: "string", description: "Where to." },
    mode: { enum: ["append", "upsert"], default: "append" },
    key: { oneOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
    limit: { type: "integer" },
    create: { type: "boolean", default: true },
    sql: { type: "string" },
    rules: { type: "array", items: { type: "object" } },
    infer: { oneOf: [{ const: "full" }, { type: "integer" }] },
  },
};

it("chooses a control for each kind of setting, and YAML for what is built of several", () => {
  expect(fieldsOf(SCHEMA).map((field) => [field.name, field.kind.kind, field.isNeeded])).toEqual([
    ["connection", "text", true],
    ["mode", "choice", false],
    ["key", "words", false],
    ["limit", "number", false],
    ["create", "boolean", false],
    ["sql", "text", false],
    ["rules", "yaml", false],
    ["infer", "yaml", false],
  ]);
  expect(readSchema("nonsense")).toEqual({});
});

it("reads one word as a text and several as a list", () => {
  expect([readWords("id"), readWords(" a, b ,"), readWords("  ")]).toEqual(["id", ["a", "b"], undefined]);
  expect([spellWords(["a", "b"]), spellWords("id"), spellWords(undefined)]).toEqual(["a, b", "id", ""]);
});

it("reads back what it has written, and refuses what does not fit", () => {
  const same = (kind: FieldKind, value: unknown) => expect(fromText(kind, toText(kind, value))).toEqual(value);
  same({ kind: "words", isList: true }, ["one@example.com"]);
  same({ kind: "words", isList: false }, "id");
  same({ kind: "number", isWhole: true }, 587);
  same({ kind: "boolean" }, false);
  same({ kind: "yaml" }, { "x-team": "data" });
  same({ kind: "text", isLong: false }, " as it is ");
  same({ kind: "text", isLong: false }, undefined);
  expect(() => fromText({ kind: "number", isWhole: true }, "1.5")).toThrow();
  expect(() => fromText({ kind: "yaml" }, "{")).toThrow();
});
