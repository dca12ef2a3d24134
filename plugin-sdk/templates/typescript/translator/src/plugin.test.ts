import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf, FakeHost } from "sluice/testing";
import { translator } from "./plugin.ts";

function translate(sql: string, targetDialect = "mysql") {
  return translator.translate(new FakeHost(), { sql, sourceDialect: "sqlite", targetDialect, strict: false });
}

test("names get their quotes and statements their lines", () => {
  const found = translate('select 1;\nselect "a" from t');
  assert.deepEqual([found[1]?.sql, found[1]?.line], ["select `a` from t", 2]);
});

test("what is not understood is refused", () => {
  const [found] = translate("select 'a' as \"b\"");
  assert.deepEqual([found?.sql, found?.notes[0]?.level], ["", "error"]);
  assert.equal(errorOf(() => translate("select 1", "basic")).kind, "permanent");
});
