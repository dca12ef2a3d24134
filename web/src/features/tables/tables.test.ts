import { describe, expect, it } from "vitest";
import { agreed, keyOf, type Planned } from "./agree.ts";

const change = (loss: string | null = null) => ({ summary: "", sql: "ALTER", lock: "none", rewrite: false, loss, note: null });
const planned = (table: string, more: Partial<Planned> = {}): Planned => ({
  databaseType: "SQLite",
  connection: "market",
  table,
  action: "ALTER",
  changes: [change()],
  manual: [],
  notes: [],
  error: null,
  fingerprint: `f-${table}`,
  ...more,
});

describe("what of a plan is applied", () => {
  const tables = [
    planned("a", { changes: [change(), change()] }),
    planned("b", { changes: [change("the column `x`")] }),
    planned("c", { action: "NOTHING", changes: [] }),
    planned("d", { error: { code: "x", message: "", hint: null, path: null, line: null, column: null } }),
  ];

  it("is every table with statements but those that lose data or could not be planned", () => {
    expect(agreed(tables, new Set(), false)).toEqual({ list: [{ connection: "market", table: "a", fingerprint: "f-a" }], statements: 2 });
  });

  it("includes those that lose data where that is allowed", () => {
    expect(agreed(tables, new Set(), true).list.map((one) => one.table)).toEqual(["a", "b"]);
  });

  it("leaves out what a person took away", () => {
    expect(agreed(tables, new Set([keyOf({ connection: "market", table: "a" })]), true).list.map((one) => one.table)).toEqual(["b"]);
  });
});
