import { describe, expect, it } from "vitest";
import { EMPTY_PLAN, leftOver, mapRows, readPlan, spellValue, suggestName, toInput, type TransferPlan } from "./plan.ts";
import { endsOf, readTables, shareOf } from "./spelling.ts";

const plan: TransferPlan = { ...EMPTY_PLAN, from: "shop", to: "dw", tables: ["orders"], validate: "none" };
const column = (name: string, nativeType = "text", nullable = true) => ({ name, nativeType, nullable, default: null });
const source = [column("id", "integer"), column("Name"), column("note")];
const rule = (by: "column" | "value" | "sql" | "none", text = "", target = "", type = "") => ({ by, text, target, type });

describe("the mapping", () => {
  it("of a table that is made is its source's, and asks the server for nothing more", () => {
    const rows = mapRows(plan, source, undefined);
    expect(rows.map((row) => [row.target, row.rule.text])).toEqual([
      ["id", "id"],
      ["Name", "Name"],
      ["note", "note"],
    ]);
    expect(toInput(plan, rows, source)).toEqual({ from: "shop", to: "dw", tables: ["orders"], mode: "APPEND" });
  });

  it("renames, leaves out and adds columns of a table that is made", () => {
    const changed = { ...plan, rules: { Name: rule("column", "Name", "title", "varchar(20)"), note: rule("none"), origin: rule("value", "shop", "origin", "text") } };
    const input = toInput(changed, mapRows(changed, source, undefined), source);
    expect(input.columns).toEqual([
      { target: "title", from: "Name", nativeType: "varchar(20)" },
      { target: "origin", value: '"shop"', nativeType: "text" },
    ]);
    expect(input.skip).toEqual(["note"]);
  });

  it("finds a table's own columns whatever their case, and says which must be given a value", () => {
    const target = [column("id", "integer", false), column("name"), column("origin", "text", false)];
    const rows = mapRows(plan, source, target);
    expect(rows.map((row) => [row.target, row.rule.by, row.rule.text, row.isNeeded])).toEqual([
      ["id", "column", "id", false],
      ["name", "column", "Name", false],
      ["origin", "none", "", true],
    ]);
    expect(leftOver(rows, source)).toEqual(["note"]);
    const input = toInput(plan, rows, source);
    expect(input.columns).toEqual([{ target: "name", from: "Name" }]);
    expect(input.skip).toEqual(["note"]);
  });

  it("does not leave out a column whose name a value fills", () => {
    const changed = { ...plan, rules: { note: rule("value", "x") } };
    expect(toInput(changed, mapRows(changed, source, source), source)).toMatchObject({ columns: [{ target: "note", value: '"x"' }] });
    expect(toInput(changed, mapRows(changed, source, source), source).skip).toBeUndefined();
  });

  it.each([
    ["7", "integer", "7"],
    ["7", "text", '"7"'],
    ["1.50", "numeric(10,2)", '"1.50"'],
    ["12345678901234567890", "bigint", '"12345678901234567890"'],
    ["null", "text", "null"],
    ["TRUE", "boolean", "true"],
    ['say "hi"', "text", '"say \\"hi\\""'],
  ])("spells the value %s of %s as %s", (text, type, expected) => {
    expect(spellValue(text, type)).toBe(expected);
  });

  it("comes back from what was saved", () => {
    const settings = JSON.stringify({
      from: { connection: "shop", table: "orders", where: "id > 1" },
      to: { connection: "dw", table: "sales" },
      mode: "insert_ignore",
      task: "${{ inputs.task }}",
      columns: { client: "name", origin: { value: "shop" }, total: { sql: "a * b", type: "numeric" } },
      skip: ["note"],
      chunk_rows: 5000,
      validate: { by: "diff", threshold: 3 },
      convert: { nul: "strip" },
    });
    const read = readPlan("move", settings);
    expect(read).toMatchObject({ from: "shop", to: "dw", tables: ["orders"], target: "sales", filter: "id > 1", mode: "INSERT_IGNORE", chunkRows: "5000" });
    expect(read?.rules["client"]).toEqual(rule("column", "name", "client"));
    expect(read?.rules["origin"]).toEqual(rule("value", "shop", "origin"));
    // What the form does not know stays as it was.
    expect(read?.further).toEqual({ convert: { nul: "strip" }, validate: { by: "diff", threshold: 3 } });
    expect(readPlan("q", JSON.stringify({ from: { connection: "a", query: "SELECT 1" } }))).toBeUndefined();
  });

  it("suggests a name that a workflow may have", () => {
    expect(suggestName({ ...plan, tables: ["public.Orders"] })).toBe("shop-public-orders-to-dw");
    expect(suggestName({ ...plan, tables: ["a", "b"] })).toBe("shop-tables-to-dw");
  });
});

describe("a transfer in few words", () => {
  it("tells both ends, how much is done, and what became of each table", () => {
    expect(endsOf('{"from":{"connection":"a","table":["x","y"]},"to":{"connection":"b"}}')).toEqual({ from: "a: x, y", to: "b" });
    expect(shareOf({ rows: 10, rowsExpected: 40 })).toBe(0.25);
    expect(shareOf({ rows: 10, rowsExpected: 40 }, 20)).toBe(0.5);
    expect(shareOf({ rows: 10, chunks: 4, chunksDone: 1 })).toBe(0.25);
    expect(shareOf({ rows: 10 })).toBeUndefined();
    expect(readTables('{"orders":{"to":"sales","rows":2,"rejected":1,"validation":{"differences":3,"verdict":"different"}},"b":{"rows":1}}')).toEqual([
      { source: "orders", target: "sales", rows: 2, rejected: 1, verdict: "different", differences: 3 },
      { source: "b", target: "b", rows: 1, rejected: 0, verdict: "", differences: 0 },
    ]);
    expect(readTables(null)).toEqual([]);
  });
});
