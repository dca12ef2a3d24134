import unittest

from plugin import translator
from sluice_plugin import NoteLevel, PluginError, TranslateRequest
from sluice_plugin.testing import FakeHost


def translate(sql, target="mysql"):
    return translator.translate(FakeHost(), TranslateRequest(sql, "sqlite", target))


class Translating(unittest.TestCase):
    def test_names_get_their_quotes_and_statements_their_lines(self):
        found = translate('select 1;\nselect "a" from t')
        self.assertEqual((found[1].sql, found[1].line), ("select `a` from t", 2))

    def test_what_is_not_understood_is_refused(self):
        (found,) = translate("select 'a' as \"b\"")
        self.assertEqual((found.sql, found.notes[0].level), ("", NoteLevel.ERROR))
        with self.assertRaisesRegex(PluginError, "basic"):
            translate("select 1", "basic")


if __name__ == "__main__":
    unittest.main()
