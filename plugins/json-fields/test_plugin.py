import unittest

import paths
import values
from plugin import transform
from sluice_plugin import Batch, PluginError, schema
from sluice_plugin.testing import FakeHost

COLUMNS = schema(id="l", body="u")


def change(bodies, columns=COLUMNS, **settings):
    opened = transform.open(FakeHost(settings={"column": "body", **settings}), columns)
    (out,) = opened.process(Batch.of(columns, [{"id": row, "body": body} for row, body in enumerate(bodies)]))
    return list(out.objects(opened.output))


class Changing(unittest.TestCase):
    def test_values_become_columns_and_what_is_missing_null(self):
        fields = {
            "number": {"path": "no", "type": "int64"},
            "price": {"path": "lines[-1].price", "type": "float64"},
            "title": 'lines[0]."the title"',
            "all": {"path": "lines", "type": "json"},
        }
        rows = change(['{"no": "12", "lines": [{"price": 9.50, "the title": "grün"}]}', "{}", None], fields=fields)
        written = '[{"price":9.50,"the title":"grün"}]'
        self.assertEqual(rows[0], {"id": 0, "number": 12, "price": 9.5, "title": "grün", "all": written})
        self.assertEqual(rows[1], {"id": 1, "number": None, "price": None, "title": None, "all": None})
        self.assertEqual(rows[2]["number"], None)

    def test_the_column_of_json_goes_on_where_it_is_kept(self):
        (row,) = change(['{"a": 1}'], fields={"a": "a"}, keep=True)
        self.assertEqual(row, {"id": 0, "body": '{"a": 1}', "a": "1"})

    def test_what_does_not_fit_is_told_by_its_row_or_null(self):
        number = {"a": {"path": "a", "type": "int64"}}
        for bad in ("{", '{"a": 1.5}', '{"a": true}', '{"a": 9223372036854775808}', '{"a": "1_000"}', "NaN", "[" * 100_000):
            with self.assertRaises(PluginError) as refused:
                change(['{"a": 1}', bad], fields=number)
            self.assertEqual(refused.exception.row, 1, bad)
            self.assertEqual(change(['{"a": 1}', bad], fields=number, wrong="null")[1]["a"], None)

    def test_settings_of_nonsense_are_refused_by_name(self):
        for field, settings in (
            ("column", {"column": "nmae", "fields": {"a": "a"}}),
            ("column", {"column": "id", "fields": {"a": "a"}}),
            ("fields", {"fields": {}}),
            ("fields", {"fields": {"a": "a..b"}}),
            ("fields", {"fields": {"a": {"path": "a", "type": "date"}}}),
            ("fields", {"fields": {"id": "a"}}),
        ):
            with self.assertRaises(PluginError) as refused:
                change([], **settings)
            self.assertEqual(refused.exception.field, field, settings)


class Paths(unittest.TestCase):
    def test_paths_are_read(self):
        for text, parts in (
            ("a", ["a"]),
            ("a.b[0][-1].c", ["a", "b", 0, -1, "c"]),
            ('"a.b"."say \\"hi\\""', ["a.b", 'say "hi"']),
            ("[2].x", [2, "x"]),
        ):
            self.assertEqual(paths.parse(text), parts)

    def test_paths_of_nonsense_are_refused(self):
        for text in ("", ".", "a.", ".a", "a..b", "a[", "a[x]", "a b", "a.[0]", 'a"b"', "a]"):
            with self.assertRaises(ValueError, msg=text):
                paths.parse(text)


class Values(unittest.TestCase):
    def test_numbers_keep_their_digits(self):
        document = values.parse('{"a": 12345678901234567890, "b": 1e3}')
        self.assertEqual(values.convert(document["a"], "text"), "12345678901234567890")
        self.assertEqual(values.convert(document["b"], "int64"), 1000)
        self.assertEqual(values.write(document), '{"a":12345678901234567890,"b":1e3}')


if __name__ == "__main__":
    unittest.main()
