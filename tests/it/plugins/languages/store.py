"""A sink that keeps rows in a database and a word of them in Redis; the tests run it against real servers."""

from __future__ import annotations

from sluice_plugin import Batch, Host, Mark, PluginError, Schema, Sink, Writer, schema


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise PluginError.permanent(f"not so: {what}")


def leave_half_way(host: Host) -> None:
    """More than may be open at once: whatever is left half-way must be given back."""
    for _ in range(20):
        with host.query("store", "SELECT generate_series(1, 20000) AS n") as answer:
            batch = answer.next()
            expect(batch is not None and batch.rows > 0, "an answer has rows")
        try:
            with host.begin("store") as it:
                it.execute("DELETE FROM copies")
                raise PluginError.transient("changed my mind")
        except PluginError as error:
            expect(error.message == "changed my mind", f"the error is my own: {error}")
        host.begin("store").rollback()


class Keeping(Writer):
    def __init__(self, host: Host, columns: Schema) -> None:
        self._host, self._columns = host, columns

    def prepare(self) -> None:
        with self._host.begin("store") as it:
            it.execute("CREATE TABLE IF NOT EXISTS copies (id bigint PRIMARY KEY, name text)")

    def write(self, rows: Batch, mark: Mark) -> int:
        host, one = self._host, schema(id="l")
        with host.begin("store") as it:
            it.execute("DELETE FROM copies")
            expect(it.write("copies", self._columns, rows) == rows.rows, "all rows are written")
            upper = "UPDATE copies SET name = upper(name) WHERE id = $1"
            changed = it.execute(upper, one, Batch.of(one, [{"id": 2}, {"id": 9}]))
            expect(changed == 1, f"one row is changed, not {changed}")
        leave_half_way(host)
        names = [row["name"] for row in host.query("store", "SELECT name FROM copies ORDER BY id").objects()]
        expect(names == ["one", "ZWÖ"], f"the names are {names}")
        try:
            host.query("store", "SELECT nothing FROM copies")
            expect(False, "a wrong statement is refused")
        except PluginError as error:
            expect("nothing" in error.message, f"it names the column: {error}")
        key = host.settings()["key"]
        text = " ".join(names).encode()
        _, got, none, pushed, everything, big = host.redis(
            "cache", ["SET", key, text, "EX", 60], ["GET", key], ["GET", f"{key}.none"],
            ["RPUSH", f"{key}.list", "a", b"\xff"], ["LRANGE", f"{key}.list", 0, -1], ["INCRBY", f"{key}.n", 2**53 + 1],
        )
        expect(got == text and none is None and pushed == 2 and big == 2**53 + 1, f"{got} {none} {pushed} {big}")
        expect(everything == [b"a", b"\xff"], f"bytes come back: {everything}")
        host.redis("cache", ["DEL", key, f"{key}.list", f"{key}.n"])
        return rows.rows

    def commit(self) -> None:
        pass


class Keeper(Sink):
    def open(self, host: Host, columns: Schema, key: str) -> Keeping:
        return Keeping(host, columns)


sink = Keeper()
