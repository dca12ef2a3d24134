import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, schema } from "sluice";
import { errorOf, FakeHost } from "sluice/testing";
import { sink } from "./plugin.ts";

function host(status: number) {
  return new FakeHost({ settings: { url: "https://example.com/rows" } }).answer(status);
}

function write(fake: FakeHost): number {
  const columns = schema({ id: "l", name: "u" });
  const rows = Batch.of(columns, [{ id: 1, name: "grün" }, { id: 2, name: null }]);
  return sink.open(fake, columns, "run/step").write(rows, { lane: "main", sequence: 1, key: "run/step/1" });
}

test("rows are posted with their key", () => {
  const fake = host(204);
  assert.equal(write(fake), 2);
  assert.equal(fake.requests[0]?.headers?.["idempotency-key"], "run/step/1");
  assert.equal(fake.requests[0]?.body, '{"id":1,"name":"grün"}\n{"id":2,"name":null}\n');
});

test("a busy receiver may be tried again", () => {
  assert.equal(errorOf(() => write(host(503))).kind, "transient");
  assert.equal(errorOf(() => write(host(404))).kind, "permanent");
});
