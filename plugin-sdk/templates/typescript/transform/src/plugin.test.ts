import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, schema } from "sluice";
import { errorOf, FakeHost } from "sluice/testing";
import { transform } from "./plugin.ts";

const columns = schema({ id: "l", name: "u" });

function open(column: string) {
  return transform.open(new FakeHost({ settings: { column } }), columns);
}

test("texts become capitals and nulls stay", () => {
  const [out] = open("name").process(Batch.of(columns, [{ id: 1, name: "grün" }, { id: 2, name: null }]));
  assert.deepEqual(out?.objects(columns), [{ id: 1, name: "GRÜN" }, { id: 2, name: null }]);
});

test("a column that is missing or no text is refused by name", () => {
  for (const column of ["nmae", "id"]) {
    const error = errorOf(() => open(column));
    assert.equal(error.field, "column");
    assert.match(error.message, new RegExp(column));
  }
});
