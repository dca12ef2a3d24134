import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf, FakeHost } from "sluice/testing";
import { source } from "./plugin.ts";

function open(rows: unknown, cursor?: string) {
  return source.open(new FakeHost({ settings: { rows } }), cursor);
}

function count(reader: ReturnType<typeof open>): number {
  let rows = 0;
  for (let page = reader.next(); page !== undefined; page = reader.next()) rows += page.rows.rows;
  return rows;
}

test("all rows come, and a cursor yields the rest", () => {
  assert.equal(count(open(2500)), 2500);
  const page = open(2500).next();
  assert.deepEqual(page?.rows.objects(open(1).columns)[999], { id: 999, name: "row 999" });
  assert.equal(count(open(2500, page?.cursor)), 1500);
});

test("a foreign cursor and settings of nonsense are refused", () => {
  assert.equal(errorOf(() => open(1, "nonsense")).kind, "permanent");
  assert.equal(errorOf(() => open("many")).field, "rows");
});
