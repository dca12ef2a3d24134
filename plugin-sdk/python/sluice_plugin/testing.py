"""A fake server for unit tests: answers that the test lays out, and a record of what the plugin did. Needs no WebAssembly.

    host = FakeHost(settings={"limit": 3}).answer(200, "hello")
    host.send("get", "https://example.com").text(100)   # "hello"
    host.requests[0].url                                # "https://example.com"
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Callable

from .batch import Batch, Schema
from .database import Closing, RedisCommand, RedisValue, Rows, words_of
from .error import ErrorKind, PluginError
from .host import Response, data_of
from .kinds import Message, Severity


@dataclass
class Asked:
    """A request that the plugin sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None

    def json(self) -> Any:
        """The JSON that it sent."""
        return json.loads(self.body or b"null")


class FakeHost:
    """Stands for the server."""

    def __init__(self, settings: dict[str, Any] | None = None, secrets: dict[str, str] | None = None) -> None:
        self._settings = settings or {}
        self._secrets = secrets or {}
        self._answers: deque[Response | PluginError] = deque()
        self._peer: Callable[[bytes], bytes] | None = None
        self._rows: deque[Rows | PluginError] = deque()
        self._changes: deque[int | PluginError] = deque()
        self._redis: deque[RedisValue] = deque()
        #: Statements so far, each behind its connection: `store: SELECT 1`, `store: BEGIN`, `store: WRITE t 3`.
        self.statements: list[str] = []
        #: Commands of Redis so far, each behind its connection: `cache: GET a`.
        self.redis_commands: list[str] = []
        #: What was asked, logged and reported so far, and the plugin's memory.
        self.requests: list[Asked] = []
        self.lines: list[tuple[str, str, dict[str, str]]] = []
        self.reports: list[tuple[int, int | None, str]] = []
        self.memory: dict[str, bytes] = {}
        #: What the clock says, in microseconds since 1970.
        self.time = 0

    def answer(self, status: int, body: str | bytes = b"", headers: dict[str, str] | None = None) -> FakeHost:
        """The answer to the next request that has none yet."""
        self._answers.append(Response(status, list((headers or {}).items()), _Body(data_of(body))))
        return self

    def fail(self, error: PluginError) -> FakeHost:
        """The error that the next request without an answer meets."""
        self._answers.append(error)
        return self

    def peer(self, answer: Callable[[bytes], bytes]) -> FakeHost:
        """The other end of all connections: gets what each write sent, and answers at once."""
        self._peer = answer
        return self

    def rows(self, columns: Schema, *batches: Batch) -> FakeHost:
        """The answer to the next query that has none yet."""
        left = deque(batches)
        self._rows.append(Rows(columns, lambda: left.popleft() if left else None, lambda: None))
        return self

    def fail_query(self, error: PluginError) -> FakeHost:
        """The error that the next query without an answer meets."""
        self._rows.append(error)
        return self

    def changes(self, *counts: int | PluginError) -> FakeHost:
        """How many rows the next statements in transactions say they changed, or the error that they meet; those beyond change
        as many as they have parameters."""
        self._changes.extend(counts)
        return self

    def redis_answers(self, *answers: RedisValue) -> FakeHost:
        """The answers to the next commands of Redis; those that have none are answered with none."""
        self._redis.extend(answers)
        return self

    def settings(self) -> dict[str, Any]:
        return json.loads(json.dumps(self._settings))

    def log(self, level: str, message: str, **fields: str) -> None:
        self.lines.append((level, message, fields))

    def progress(self, done: int, total: int | None, unit: str) -> None:
        self.reports.append((done, total, unit))

    def secret(self, name: str) -> str:
        if name not in self._secrets:
            raise PluginError(ErrorKind.DENIED, f"secret `{name}` was not granted")
        return self._secrets[name]

    def find_secret(self, name: str) -> str | None:
        return self._secrets.get(name)

    def send(self, method, url, *, headers=None, body=None, timeout_ms=None) -> Response:
        self.requests.append(Asked(method.lower(), url, headers or {}, None if body is None else data_of(body)))
        if not self._answers:
            raise PluginError.permanent(f"the test laid out no answer for `{url}`")
        answer = self._answers.popleft()
        if isinstance(answer, PluginError):
            raise answer
        return answer

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1_000_000)

    def get(self, key: str) -> bytes | None:
        return self.memory.get(key)

    def set(self, key: str, value: str | bytes) -> None:
        self.memory[key] = data_of(value)

    def delete(self, key: str) -> None:
        self.memory.pop(key, None)

    def connect(self, host: str, port: int, timeout_ms: int | None = None) -> _Connection:
        if self._peer is None:
            raise PluginError.transient(f"the test has no peer at `{host}:{port}`")
        return _Connection(self._peer)

    def query(self, connection: str, statement: str) -> Rows:
        self.statements.append(f"{connection}: {statement}")
        if not self._rows:
            raise PluginError.permanent(f"the test laid out no rows for `{statement}`")
        answer = self._rows.popleft()
        if isinstance(answer, PluginError):
            raise answer
        return answer

    def begin(self, connection: str) -> _Transaction:
        return _Transaction(connection, self.statements, self._changes)

    def redis(self, connection: str, *commands: RedisCommand) -> list[RedisValue]:
        for command in commands:
            self.redis_commands.append(f"{connection}: {b' '.join(words_of(command)).decode('utf-8', 'replace')}")
        return [self._redis.popleft() if self._redis else None for _ in commands]


class _Transaction(Closing):
    """A transaction that only notes what happens in it."""

    def __init__(self, connection: str, statements: list[str], changes: deque[int | PluginError]) -> None:
        self._connection, self._statements, self._changes = connection, statements, changes
        self._over = False
        self._note("BEGIN")

    def _note(self, what: str) -> None:
        if self._over:
            raise PluginError.permanent("the transaction has ended")
        self._statements.append(f"{self._connection}: {what}")

    def execute(self, statement: str, columns: Schema | None = None, parameters: Batch | None = None) -> int:
        self._note(statement)
        changed = self._changes.popleft() if self._changes else (parameters.rows if parameters else 0)
        if isinstance(changed, PluginError):
            raise changed
        return changed

    def write(self, table: str, columns: Schema, rows: Batch) -> int:
        self._note(f"WRITE {table} {rows.rows}")
        return rows.rows

    def commit(self) -> None:
        self._note("COMMIT")
        self._over = True

    def rollback(self) -> None:
        if not self._over:
            self._note("ROLLBACK")
        self._over = True


class _Body:
    def __init__(self, data: bytes) -> None:
        self._rest = data

    def read(self, max_bytes: int) -> bytes | None:
        piece, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return piece or None

    def read_all(self, limit: int) -> bytes:
        rest, self._rest = self._rest, b""
        if len(rest) > limit:
            raise PluginError.permanent(f"the answer is longer than {limit} bytes")
        return rest


class _Connection:
    def __init__(self, peer: Callable[[bytes], bytes]) -> None:
        self._peer = peer
        self._waiting = b""

    def read(self, max_bytes: int) -> bytes:
        # In small pieces, as networks do.
        length = min(max_bytes, 7)
        piece, self._waiting = self._waiting[:length], self._waiting[length:]
        return piece

    def write(self, data: bytes) -> None:
        self._waiting += self._peer(data)

    def start_tls(self, server_name: str) -> None:
        pass


def alert(text: str) -> Message:
    """An alert with what gets in a channel's way: markup, mentions and line breaks where plain text belongs."""
    return Message(
        id="run_7/tell",
        severity=Severity.CRITICAL,
        title="load <b>failed</b> & stopped",
        text=text,
        fields=[("workflow", "market-day"), ("error", "a < b\n@all")],
        link="https://sluice.example/runs/7?a=1&b=2",
    )
