import unittest

from plugin import transform
from sluice_plugin import Batch, PluginError, schema
from sluice_plugin.testing import FakeHost

COLUMNS = schema(id="l", name="u")


def change(column):
    return transform.open(FakeHost(settings={"column": column}), COLUMNS)


class Changing(unittest.TestCase):
    def test_texts_become_capitals_and_nulls_stay(self):
        rows = Batch.of(COLUMNS, [{"id": 1, "name": "grün"}, {"id": 2, "name": None}])
        (out,) = change("name").process(rows)
        self.assertEqual(list(out.objects(COLUMNS)), [{"id": 1, "name": "GRÜN"}, {"id": 2, "name": None}])

    def test_a_column_that_is_missing_or_no_text_is_refused_by_name(self):
        for column in ("nmae", "id"):
            with self.assertRaisesRegex(PluginError, column) as refused:
                change(column)
            self.assertEqual(refused.exception.field, "column")


if __name__ == "__main__":
    unittest.main()
