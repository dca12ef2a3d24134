"""Values of every type go into columns and come back; what does not fit is refused by its row."""

import unittest
from decimal import Decimal

from sluice_plugin import Batch, ColumnBuilder, ColumnView, ErrorKind, PluginError, schema
from sluice_plugin.testing import FakeHost

CASES = [
    ("n", [None, None]),
    ("b", [True, None, False]),
    ("c", [-128, 127]), ("C", [255, None]), ("s", [-32768]), ("S", [65535]), ("i", [-(2**31)]), ("I", [2**32 - 1]),
    ("l", [0, -1, None, 2**63 - 1, -(2**63)]), ("L", [2**64 - 1]),
    ("e", [0.5]), ("f", [0.5, -1.5]), ("g", [0.1, None, float("inf")]),
    ("u", ["", "a", None, "grün", "漲停 🚀", "\0"]), ("u", ["plain", None, "texts"]),
    ("z", [b"\0\xff", None, b""]),
    ("tdD", [-1, 20000]), ("tdm", [86_400_000]), ("tts", [1]), ("ttn", [86_399_999_999_999]),
    ("tsu:UTC", [1_700_000_000_000_000, -1]), ("tDs", [-5]), ("tiM", [14]),
    ("d:38,10", [Decimal("1.5"), None, Decimal("-9999999999999999999999999999.9999999999")]),
    ("d:9,-2", [Decimal(1200)]), ("d:76,4,256", [Decimal("12345678901234567890123456789012345678901234567890.1234")]),
    ("w:3", [b"abc", None]), ("tiD", [bytes(8)]), ("tin", [bytes(16)]),
]

WRONG = [
    ("c", 128), ("C", -1), ("l", 2**63), ("l", 1.5), ("l", "1"), ("u", 1), ("z", "x"), ("g", "x"),
    ("d:9,2", "1.234"), ("d:9,2", "x"), ("w:2", b"abc"),
]


class Columns(unittest.TestCase):
    def test_values_of_every_type_come_back_and_nulls_stay(self):
        for form, values in CASES:
            column = ColumnBuilder(form, values).finish()
            self.assertEqual(ColumnView(form, column, len(values)).list(), values, form)

    def test_a_value_that_does_not_fit_is_refused_by_its_row(self):
        for form, value in WRONG:
            with self.assertRaises(PluginError, msg=f"{form} {value!r}") as refused:
                ColumnBuilder(form, [None, value]).finish()
            self.assertEqual((refused.exception.kind, refused.exception.row), (ErrorKind.DATA, 1))
        with self.assertRaises(PluginError):
            ColumnBuilder("+l", [1]).finish()

    def test_rows_are_read_as_dictionaries(self):
        columns = schema(id="l", name="u")
        batch = Batch.of(columns, [{"id": 1, "name": "a"}, {"id": 2}])
        self.assertEqual(list(batch.objects(columns)), [{"id": 1, "name": "a"}, {"id": 2, "name": None}])
        self.assertEqual(len(list(Batch(3, []).objects(schema()))), 3)


class Answers(unittest.TestCase):
    def test_statuses_are_sorted_by_whether_trying_again_may_help(self):
        for status, kind in ((401, "AUTH"), (429, "TRANSIENT"), (503, "TRANSIENT"), (404, "PERMANENT")):
            with self.assertRaises(PluginError) as refused:
                FakeHost().answer(status, "no", {"retry-after": "2"}).send("get", "https://x").success("it")
            self.assertEqual((refused.exception.kind.name, refused.exception.retry_after_ms), (kind, 2000))


if __name__ == "__main__":
    unittest.main()
