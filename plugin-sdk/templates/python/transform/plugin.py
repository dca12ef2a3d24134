"""A transform: changes one column and hands all others on as they are."""

from __future__ import annotations

from sluice_plugin import Batch, ColumnBuilder, Host, PluginError, Schema, Transform, Transformer


class Capitals(Transform):
    """The plugin."""

    def open(self, host: Host, columns: Schema) -> Change:
        name = host.settings().get("column")
        place = columns.place(name)
        if place is None:
            known = ", ".join(it.name for it in columns.fields[:20])
            raise PluginError.config("column", f"there is no column `{name}`; the columns are {known}")
        if columns.fields[place].format != "u":
            raise PluginError.config("column", f"column `{name}` is no text")
        return Change(columns, place)


class Change(Transformer):
    """A change under way."""

    def __init__(self, columns: Schema, place: int) -> None:
        self.output, self._place = columns, place

    def process(self, rows: Batch) -> list[Batch]:
        texts = rows.column(self._place, self.output.fields[self._place]).list()
        changed = ColumnBuilder("u", (None if text is None else text.upper() for text in texts))
        return [rows.replaced(self._place, changed.finish())]


transform = Capitals()
