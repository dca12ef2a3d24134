import unittest

from plugin import COLUMNS, source
from sluice_plugin import PluginError
from sluice_plugin.testing import FakeHost


def read(rows, cursor=None):
    return source.open(FakeHost(settings={"rows": rows}), cursor)


def count(reader):
    return sum(page.rows.rows for page in iter(reader.next, None))


class Reading(unittest.TestCase):
    def test_all_rows_come_and_a_cursor_yields_the_rest(self):
        self.assertEqual(count(read(2500)), 2500)
        page = read(2500).next()
        self.assertEqual(list(page.rows.objects(COLUMNS))[999], {"id": 999, "name": "row 999"})
        self.assertEqual(count(read(2500, page.cursor)), 1500)

    def test_a_foreign_cursor_and_settings_of_nonsense_are_refused(self):
        with self.assertRaisesRegex(PluginError, "nonsense"):
            read(1, "nonsense")
        with self.assertRaises(PluginError) as refused:
            read("many")
        self.assertEqual(refused.exception.field, "rows")


if __name__ == "__main__":
    unittest.main()
