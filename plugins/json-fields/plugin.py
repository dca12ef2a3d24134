"""A transform: columns out of a column of JSON. Paths are read by `paths`, values by `values`."""

from __future__ import annotations

from dataclasses import dataclass

import paths
import values
from sluice_plugin import Batch, ColumnBuilder, Field, Host, PluginError, Schema, Transform, Transformer, Value


class JsonFields(Transform):
    """The plugin."""

    def open(self, host: Host, columns: Schema) -> Change:
        settings = host.settings()
        place = place_of(settings.get("column"), columns)
        wanted = [wanted_of(name, it) for name, it in fields_of(settings).items()]
        keep = settings.get("keep", False) is True
        kept = [index for index in range(len(columns.fields)) if keep or index != place]
        taken = {columns.fields[index].name for index in kept}
        for it in wanted:
            if it.name in taken:
                message = f"there is a column `{it.name}` already; choose another name"
                raise PluginError.config("fields", message)
        return Change(columns, place, kept, wanted, lenient=settings.get("wrong") == "null")


@dataclass
class Wanted:
    """One new column."""

    name: str
    path: list[paths.Part]
    type: str


class Change(Transformer):
    """A change under way."""

    def __init__(self, columns: Schema, place: int, kept: list[int], wanted: list[Wanted], *, lenient: bool) -> None:
        self._column, self._place = columns.fields[place], place
        self._kept, self._wanted, self._lenient = kept, wanted, lenient
        new = [Field(it.name, values.FORMATS[it.type]) for it in wanted]
        self.output = Schema([columns.fields[index] for index in kept] + new, columns.metadata)

    def process(self, rows: Batch) -> list[Batch]:
        documents = self._documents(rows)
        built = [self._column_of(it, documents).finish() for it in self._wanted]
        return [Batch(rows.rows, [rows.columns[index] for index in self._kept] + built)]

    def _documents(self, rows: Batch) -> list[object]:
        documents = []
        for row, text in enumerate(rows.column(self._place, self._column).list()):
            try:
                documents.append(None if text is None else values.parse(text))
            except (ValueError, RecursionError):
                if not self._lenient:
                    raise PluginError.data(f"column `{self._column.name}` holds no JSON: {text[:60]!r}", row) from None
                documents.append(None)
        return documents

    def _column_of(self, wanted: Wanted, documents: list[object]) -> ColumnBuilder:
        column = ColumnBuilder(values.FORMATS[wanted.type])
        for row, document in enumerate(documents):
            column.push(self._value(wanted, document, row))
        return column

    def _value(self, wanted: Wanted, document: object, row: int) -> Value:
        found = paths.find(document, wanted.path)
        if found is None:
            return None
        try:
            return values.convert(found, wanted.type)
        except ValueError:
            if self._lenient:
                return None
            shown = values.write(found)[:60]
            raise PluginError.data(f"column `{wanted.name}`: {shown} is no {wanted.type}", row) from None


def place_of(name: object, columns: Schema) -> int:
    place = columns.place(name) if isinstance(name, str) else None
    if place is None:
        known = ", ".join(it.name for it in columns.fields[:20])
        raise PluginError.config("column", f"there is no column `{name}`; the columns are {known}")
    if columns.fields[place].format != "u":
        raise PluginError.config("column", f"column `{name}` is no text")
    return place


def fields_of(settings: dict) -> dict:
    fields = settings.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise PluginError.config("fields", "`fields` must name at least one column")
    return fields


def wanted_of(name: str, it: object) -> Wanted:
    path, type_ = (it, "text") if isinstance(it, str) else (None, None)
    if isinstance(it, dict):
        path, type_ = it.get("path"), it.get("type", "text")
    if not isinstance(path, str) or type_ not in values.FORMATS:
        types = ", ".join(values.FORMATS)
        raise PluginError.config("fields", f"`{name}` must be a path, or `path` and `type`, which is one of {types}")
    try:
        return Wanted(name, paths.parse(path), type_)
    except ValueError as error:
        raise PluginError.config("fields", f"the path of `{name}` is not understood: {error}") from None


transform = JsonFields()
