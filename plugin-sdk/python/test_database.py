"""The fake's databases and Redis: what a test lays out comes, and what the plugin did is told."""

import unittest

from sluice_plugin import Batch, ErrorKind, PluginError, schema
from sluice_plugin.testing import FakeHost

COLUMNS = schema(id="l")


def rows(*ids):
    return Batch.of(COLUMNS, [{"id": number} for number in ids])


class Databases(unittest.TestCase):
    def test_a_query_gives_what_was_laid_out_and_no_more_once_it_is_closed(self):
        host = FakeHost().rows(COLUMNS, rows(1, 2), rows(3)).rows(COLUMNS, rows(4), rows(5))
        self.assertEqual(list(host.query("store", "SELECT id").objects()), [{"id": 1}, {"id": 2}, {"id": 3}])
        with host.query("store", "SELECT id") as answer:
            self.assertEqual(answer.next().rows, 1)
        self.assertIsNone(answer.next())
        with self.assertRaises(PluginError) as refused:
            host.query("store", "SELECT 9")
        self.assertEqual(refused.exception.kind, ErrorKind.PERMANENT)

    def test_a_transaction_is_committed_at_its_end_and_rolled_back_where_something_is_raised(self):
        host = FakeHost().changes(7, PluginError.transient("gone"))
        with host.begin("store") as it:
            self.assertEqual(it.execute("UPDATE t SET a = 1") + it.write("t", COLUMNS, rows(1, 2)), 9)
        with self.assertRaises(PluginError), host.begin("store") as it:
            it.execute("DELETE FROM t")
        with self.assertRaises(PluginError):
            it.execute("SELECT 1")
        expected = ["BEGIN", "UPDATE t SET a = 1", "WRITE t 2", "COMMIT", "BEGIN", "DELETE FROM t", "ROLLBACK"]
        self.assertEqual(host.statements, [f"store: {it}" for it in expected])

    def test_each_command_of_redis_is_answered(self):
        host = FakeHost().redis_answers(1, b"hi")
        self.assertEqual(host.redis("cache", ["INCR", "n"], ["GET", "a"], ["SET", "b", 7]), [1, b"hi", None])
        self.assertEqual(host.redis_commands, ["cache: INCR n", "cache: GET a", "cache: SET b 7"])


if __name__ == "__main__":
    unittest.main()
