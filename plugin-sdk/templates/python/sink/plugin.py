"""A sink: posts each batch as lines of JSON. The key of the batch goes along, so that the receiver knows a repeat."""

from __future__ import annotations

import json
from typing import Any

from sluice_plugin import Batch, Host, Mark, PluginError, Schema, Sink, Writer


def url_of(host: Host) -> str:
    """What a user sets; `plugin.toml` publishes the same as JSON Schema."""
    url = host.settings().get("url")
    if not isinstance(url, str):
        raise PluginError.config("url", "`url` must be a text")
    return url


class Lines(Sink):
    """The plugin."""

    def check(self, host: Host) -> None:
        url_of(host)

    def open(self, host: Host, columns: Schema, key: str) -> Writing:
        return Writing(host, url_of(host), columns)


class Writing(Writer):
    """A writing under way."""

    def __init__(self, host: Host, url: str, columns: Schema) -> None:
        self._host, self._url, self._columns = host, url, columns

    def write(self, rows: Batch, mark: Mark) -> int:
        if rows.rows == 0:
            return 0
        lines = (json.dumps(row, default=plain, ensure_ascii=False) for row in rows.objects(self._columns))
        headers = {"content-type": "application/x-ndjson", "idempotency-key": mark.key}
        body = "".join(f"{line}\n" for line in lines)
        # 2xx is success; 429 and 5xx may be tried again; all else is final.
        self._host.send("post", self._url, headers=headers, body=body).success("the receiver")
        return rows.rows

    def commit(self) -> None:
        pass


def plain(value: Any) -> str:
    """What JSON has no word for becomes a text."""
    return value.hex() if isinstance(value, bytes) else str(value)


sink = Lines()
