/** The fake's databases and Redis: what a test lays out comes, and what the plugin did is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, decodeText, PluginError, schema } from "sluice";
import { errorOf, FakeHost } from "sluice/testing";

const columns = schema({ id: "l" });
const rows = (...ids: number[]) => Batch.of(columns, ids.map((id) => ({ id })));

test("a query gives what was laid out, and no more once it is closed", () => {
  const host = new FakeHost().rows(columns, rows(1, 2), rows(3)).rows(columns, rows(4), rows(5));
  assert.deepEqual([...host.query("store", "SELECT id").objects()], [{ id: 1 }, { id: 2 }, { id: 3 }]);
  const answer = host.query("store", "SELECT id");
  for (const batch of answer) {
    assert.equal(batch.rows, 1);
    break;
  }
  assert.equal(answer.next(), undefined);
  assert.equal(errorOf(() => host.query("store", "SELECT 9")).kind, "permanent");
  assert.equal(errorOf(() => new FakeHost().failQuery(PluginError.transient("busy")).query("a", "b")).kind, "transient");
});

test("a transaction is committed where the work is done and rolled back where it throws", () => {
  const host = new FakeHost().changes(7, PluginError.transient("gone"));
  const changed = host.transaction("store", (it) => it.execute("UPDATE t SET a = 1") + it.write("t", columns, rows(1, 2)));
  assert.equal(changed, 9);
  assert.equal(errorOf(() => host.transaction("store", (it) => it.execute("DELETE FROM t"))).message, "gone");
  const open = host.begin("store");
  open.commit();
  open.rollback();
  assert.equal(errorOf(() => open.execute("SELECT 1")).message, "the transaction has ended");
  assert.deepEqual(host.statements, [
    "store: BEGIN", "store: UPDATE t SET a = 1", "store: WRITE t 2", "store: COMMIT",
    "store: BEGIN", "store: DELETE FROM t", "store: ROLLBACK",
    "store: BEGIN", "store: COMMIT",
  ]);
});

test("each command of Redis is answered", () => {
  const host = new FakeHost().redisAnswers(1, new Uint8Array([104, 105]));
  const [count, text, none] = host.redis("cache", ["INCR", "n"], ["GET", "a"], ["SET", "b", 7n]);
  assert.equal(count, 1);
  assert.equal(text instanceof Uint8Array && decodeText(text), "hi");
  assert.equal(none, null);
  assert.deepEqual(host.redisCommands, ["cache: INCR n", "cache: GET a", "cache: SET b 7"]);
});
