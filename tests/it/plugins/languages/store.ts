/** A sink that keeps rows in a database and a word of them in Redis; the tests run it against real servers. */
import { Batch, decodeText, PluginError, schema, type Host, type Schema, type Sink } from "sluice";

const one = schema({ id: "l" });

function expect(holds: boolean, what: string): void {
  if (!holds) throw PluginError.permanent(`not so: ${what}`);
}

/** More than may be open at once: whatever is left half-way must be given back. */
function leaveHalfWay(host: Host): void {
  for (let turn = 0; turn < 20; turn += 1) {
    for (const batch of host.query("store", "SELECT generate_series(1, 20000) AS n")) {
      expect(batch.rows > 0, "an answer has rows");
      break;
    }
    try {
      host.transaction("store", (it) => {
        it.execute("DELETE FROM copies");
        throw PluginError.transient("changed my mind");
      });
    } catch (error) {
      expect(error instanceof PluginError && error.message === "changed my mind", `the error is my own: ${String(error)}`);
    }
    host.begin("store").rollback();
  }
}

function keep(host: Host, columns: Schema, rows: Batch): number {
  host.transaction("store", (it) => {
    it.execute("DELETE FROM copies");
    expect(it.write("copies", columns, rows) === rows.rows, "all rows are written");
    const changed = it.execute("UPDATE copies SET name = upper(name) WHERE id = $1", one, Batch.of(one, [{ id: 2 }, { id: 9 }]));
    expect(changed === 1, `one row is changed, not ${changed}`);
  });
  leaveHalfWay(host);
  const names = [...host.query("store", "SELECT name FROM copies ORDER BY id").objects()].map((row) => row.name);
  expect(names.join(" ") === "one ZWÖ", `the names are ${names.join(" ")}`);
  try {
    host.query("store", "SELECT nothing FROM copies");
    expect(false, "a wrong statement is refused");
  } catch (error) {
    expect(error instanceof PluginError && error.message.includes("nothing"), `it names the column: ${String(error)}`);
  }
  const { key } = host.settings<{ key: string }>();
  const list = `${key}.list`;
  const [set, got, none, pushed, all, big] = host.redis("cache",
    ["SET", key, names.join(" "), "EX", 60], ["GET", key], ["GET", `${key}.none`],
    ["RPUSH", list, "a", new Uint8Array([0xff])], ["LRANGE", list, 0, -1], ["INCRBY", `${key}.n`, 2n ** 53n - 1n]);
  expect(set instanceof Uint8Array && got instanceof Uint8Array && decodeText(got) === names.join(" "), "a text comes back");
  expect(none === null && pushed === 2 && big === Number.MAX_SAFE_INTEGER, `nothing ${String(none)}, numbers ${String(pushed)} ${String(big)}`);
  expect(Array.isArray(all) && all.length === 2 && all[1]?.[0] === 0xff, "bytes come back");
  host.redis("cache", ["DEL", key, list, `${key}.n`]);
  return rows.rows;
}

export const sink: Sink = {
  open: (host, columns) => ({
    prepare() {
      host.transaction("store", (it) => it.execute("CREATE TABLE IF NOT EXISTS copies (id bigint PRIMARY KEY, name text)"));
    },
    write: (rows) => keep(host, columns, rows),
    commit() {},
  }),
};
