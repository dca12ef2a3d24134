"""A source: hands over rows page by page, and can go on after any page."""

from __future__ import annotations

from sluice_plugin import Batch, Host, Page, PluginError, Reader, Resume, Source, schema

#: Rows of one page.
PAGE = 1000
COLUMNS = schema(id="l", name="u")


class Numbers(Source):
    """The plugin."""

    def open(self, host: Host, cursor: str | None) -> Reading:
        settings = host.settings()
        rows = settings.get("rows")
        if not isinstance(rows, int) or rows < 0:
            raise PluginError.config("rows", "`rows` must be a whole number from 0")
        # The cursor is what this plugin gave with a page: the number of the next row.
        if cursor is not None and not cursor.isdecimal():
            raise PluginError.permanent(f"`{cursor}` is no cursor of mine")
        return Reading(host, rows, settings.get("prefix", "row"), int(cursor or 0))


class Reading(Reader):
    """A reading under way."""

    columns = COLUMNS
    resume = Resume.CURSOR

    def __init__(self, host: Host, rows: int, prefix: str, start: int) -> None:
        self._host, self._rows, self._prefix, self._next = host, rows, prefix, start

    def next(self) -> Page | None:
        if self._next >= self._rows:
            return None
        end = min(self._rows, self._next + PAGE)
        rows = [{"id": number, "name": f"{self._prefix} {number}"} for number in range(self._next, end)]
        self._next = end
        self._host.progress(end, self._rows, "rows")
        return Page(Batch.of(COLUMNS, rows), cursor=str(end))


source = Numbers()
