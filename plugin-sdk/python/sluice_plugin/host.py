"""What a plugin reaches through the server; anything but settings, log and progress must be asked for and granted."""

from __future__ import annotations

import json
from typing import Any, Protocol

from .database import RedisCommand, RedisValue, Rows, Transaction
from .error import ErrorKind, PluginError


class Body(Protocol):
    """The body of an answer."""

    def read(self, max_bytes: int) -> bytes | None: ...

    def read_all(self, limit: int) -> bytes: ...


class Connection(Protocol):
    """A plain connection; reading nothing means that the other side closed it."""

    def read(self, max_bytes: int) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def start_tls(self, server_name: str) -> None: ...


class Response:
    """The answer of a service."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: Body) -> None:
        self.status = status
        #: Names in lowercase.
        self.headers = headers
        self.body = body

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for it, value in self.headers if it == name.lower()), None)

    def success(self, who: str) -> Response:
        """This answer where its status is 2xx; else an error: 429 and 5xx may be tried again, 401 and 403 are `auth`."""
        if 200 <= self.status < 300:
            return self
        try:
            said = self.text(4096).strip()[:200]
        except PluginError:
            said = ""  # What it says besides is of no weight.
        wait = self.header("retry-after") or ""
        message = f"{who} answered with status {self.status}" + (f": {said}" if said else "")
        retry_after_ms = int(wait) * 1000 if wait.isdecimal() else None
        raise PluginError(_kind(self.status), message, retry_after_ms=retry_after_ms)

    def bytes(self, limit: int) -> bytes:
        """The body; an error where it is longer."""
        return self.body.read_all(limit)

    def text(self, limit: int) -> str:
        """The body as text; what is no UTF-8 becomes U+FFFD."""
        return self.body.read_all(limit).decode("utf-8", "replace")

    def json(self, limit: int) -> Any:
        """The body as JSON; an error where it is none."""
        text = self.text(limit)
        try:
            return json.loads(text)
        except ValueError:
            raise PluginError.permanent(f"the answer is no JSON: {text[:80]}") from None


def _kind(status: int) -> ErrorKind:
    if status in (401, 403):
        return ErrorKind.AUTH
    return ErrorKind.TRANSIENT if status in (408, 425, 429) or status >= 500 else ErrorKind.PERMANENT


class Host(Protocol):
    """The server, as a plugin sees it."""

    def settings(self) -> dict[str, Any]:
        """The settings, already held against the config schema in `plugin.toml`."""

    def log(self, level: str, message: str, **fields: str) -> None:
        """Writes a line to the log of the run: `trace`, `debug`, `info`, `warn` or `error`."""

    def progress(self, done: int, total: int | None, unit: str) -> None:
        """Tells the person who watches how far the work has come."""

    def secret(self, name: str) -> str:
        """A granted secret; raises where it was not granted."""

    def find_secret(self, name: str) -> str | None:
        """A granted secret, or none."""

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        body: str | bytes | None = None,
        timeout_ms: int | None = None,
    ) -> Response:
        """Capability `http`. Any status is an answer; see `Response.success`."""

    def now(self) -> int:
        """Capability `clock`: microseconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Capability `clock`: waits."""

    def get(self, key: str) -> bytes | None:
        """Capability `kv`: the value of that key."""

    def set(self, key: str, value: str | bytes) -> None:
        """Capability `kv`: sets a value, durable when this returns."""

    def delete(self, key: str) -> None:
        """Capability `kv`: forgets a key."""

    def connect(self, host: str, port: int, timeout_ms: int | None = None) -> Connection:
        """Capability `tcp`."""

    def query(self, connection: str, statement: str) -> Rows:
        """Capability `sql`: rows by a statement that only reads, on the connection granted under that name of the manifest."""

    def begin(self, connection: str) -> Transaction:
        """Capability `sql`, granted for writing: `with host.begin("store") as it:` commits at its end, or rolls back."""

    def redis(self, connection: str, *commands: RedisCommand) -> list[RedisValue]:
        """Capability `redis`: commands as one pipeline, and one answer for each."""


def data_of(body: str | bytes) -> bytes:
    """Bytes of a text or of bytes."""
    return body.encode("utf-8", "replace") if isinstance(body, str) else bytes(body)
