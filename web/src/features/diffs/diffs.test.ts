import { describe, expect, it } from "vitest";
import { cellOf, differing, holds, readDifference, toCsv, toJson } from "./differences.ts";
import { EMPTY_PLAN, pairUp, readPlan, readTolerance, toInput, type DiffPlan } from "./plan.ts";

const column = (name: string, nativeType = "text") => ({ name, nativeType });
const table = (connection: string) => ({ connection, by: "table" as const, table: "orders", query: "", filter: "" });
const plan: DiffPlan = { ...EMPTY_PLAN, left: table("shop"), right: table("replica") };
const left = { columns: [column("id"), column("Name"), column("price"), column("old")], key: ["id"] };
const right = { columns: [column("id"), column("name"), column("cost")] };

describe("what is compared", () => {
  it("pairs columns by name whatever their case, and leaves out those without a peer", () => {
    const pairs = pairUp(plan, left, right);
    expect(pairs.map((pair) => [pair.left.name, pair.right?.name, pair.isKey])).toEqual([
      ["id", "id", true],
      ["Name", "name", false],
      ["price", undefined, false],
      ["old", undefined, false],
    ]);
    expect(toInput(plan, pairs)).toEqual({
      left: { connection: "shop", table: "orders" },
      right: { connection: "replica", table: "orders" },
      key: ["id"],
      columns: ["id", "Name"],
      mapping: [{ left: "Name", right: "name" }],
    });
  });

  it("takes pairs, keys and tolerances that people choose", () => {
    const chosen = { ...plan, key: ["id", "Name"], pairs: { price: "cost" }, tolerance: { price: "0.01", Name: "trim", old: "1" }, maxDifferences: "100" };
    const input = toInput(chosen, pairUp(chosen, left, right));
    expect(input.key).toEqual(["id", "Name"]);
    // What is in the key or not compared has no tolerance.
    expect(JSON.parse(input.settings ?? "")).toEqual({ max_differences: 100, tolerance: { price: 0.01 } });
  });

  it("reads what a run compared out of its document, and nothing out of another", () => {
    const text = JSON.stringify({
      steps: [
        {
          uses: "diff",
          with: {
            left: { connection: "shop", table: "orders", where: "id > 1" },
            right: { connection: "replica", query: "SELECT 1" },
            key: ["id"],
            columns: ["id", "price"],
            mapping: { price: "cost" },
            tolerance: { price: 0.5, at: { time: "second" }, name: { trim: true } },
            max_differences: 7,
          },
        },
      ],
    });
    const read = readPlan(text);
    expect(read?.left).toEqual({ connection: "shop", by: "table", table: "orders", query: "", filter: "id > 1" });
    expect(read?.right.by).toBe("query");
    expect(read).toMatchObject({ key: ["id"], columns: "id, price", pairs: { price: "cost" }, tolerance: { price: "0.5", at: "second", name: "trim" }, maxDifferences: "7" });
    expect(readPlan("steps: []")).toBeUndefined();
    expect(readPlan(JSON.stringify({ steps: [{ uses: "diff", with: { left: { path: "a.csv" }, right: {} } }] }))).toBeUndefined();
  });

  it("leaves out again what was left out before", () => {
    const pairs = pairUp({ ...plan, columns: "id" }, left, right);
    expect(pairs.filter((pair) => pair.right).map((pair) => pair.left.name)).toEqual(["id"]);
  });

  it.each([
    ["0.01", 0.01],
    ["1e-3", 0.001],
    ["second", { time: "second" }],
    ["nfkc", { unicode: "nfkc" }],
    ["ignore_case", { ignore_case: true }],
    ["much", "much"],
  ])("reads the tolerance %s", (text, expected) => {
    expect(readTolerance(text)).toEqual(expected);
  });
});

describe("what differs", () => {
  const sent = [
    { kind: "MISSING" as const, key: '{"id":"1"}', values: '{"id":"1","name":"a","note":null}', changes: [] },
    { kind: "EXTRA" as const, key: '{"id":"2"}', values: '{"id":"2","name":"","note":"=1+1"}', changes: [] },
    { kind: "CHANGED" as const, key: '{"id":"3"}', values: null, changes: [{ column: "name", left: "x,y", right: null }] },
  ];
  const rows = sent.map(readDifference);
  const [missing, extra, changed] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];

  it("stands on the side that has it", () => {
    expect(cellOf(missing, "left", "note")).toEqual({ kind: "value", text: null, isChanged: false });
    expect(cellOf(missing, "right", "note")).toEqual({ kind: "absent" });
    expect(cellOf(extra, "left", "name")).toEqual({ kind: "absent" });
    expect(cellOf(changed, "right", "name")).toEqual({ kind: "value", text: null, isChanged: true });
    expect(cellOf(changed, "left", "note")).toEqual({ kind: "same" });
    expect(cellOf(changed, "left", "id")).toEqual({ kind: "value", text: "3", isChanged: false });
  });

  it("names the columns in which rows differ; without changed rows all but the key", () => {
    expect(differing(["id", "name", "note"], ["id"], rows)).toEqual(["name"]);
    expect(differing(["id", "name", "note"], ["id"], [missing])).toEqual(["name", "note"]);
  });

  it("is found by any of its values", () => {
    expect(rows.filter((row) => holds(row, "x,y"))).toEqual([changed]);
    expect(rows.filter((row) => holds(row, "2"))).toEqual([extra]);
  });

  it("becomes a file with a line for each value, NULL apart from an empty text, and nothing that runs", () => {
    expect(toCsv(["id"], ["id", "name", "note"], rows).split("\r\n")).toEqual([
      "kind,id,column,left,right",
      "missing,1,name,a,",
      "missing,1,note,,",
      'extra,2,name,,""',
      "extra,2,note,,\"'=1+1\"",
      'changed,3,name,"x,y",',
      "",
    ]);
    expect((JSON.parse(toJson(rows)) as unknown[])[2]).toEqual({ kind: "changed", key: { id: "3" }, changes: { name: { left: "x,y", right: null } } });
    expect(toJson([])).toBe("[]\n");
  });
});
