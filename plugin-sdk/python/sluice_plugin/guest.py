"""What a built component begins with: the contract's exports, made of what the plugin implements.

`sluice plugin build` writes a module that calls these. No exception leaves a plugin: each becomes the contract's record of
an error, and a mistake of the plugin says where it happened.
"""

from __future__ import annotations

import importlib
import json
import traceback
from typing import Any, Callable

from . import kinds
from .batch import Batch, Column, Field, Schema
from .database import Closing, RedisCommand, RedisValue, Rows, Transaction, words_of
from .error import ErrorKind, PluginError
from .host import Response, data_of


def _imported(name: str) -> Any:
    """An interface of the contract; none where the manifest does not ask for it."""
    try:
        return importlib.import_module(f"wit_world.imports.{name}")
    except ImportError:
        return None


_types, _log, _config, _progress = (_imported(name) for name in ("types", "log", "config", "progress"))
_secret, _clock, _kv, _http, _tcp = (_imported(name) for name in ("secret", "clock", "kv", "http", "tcp"))
_sql, _redis = (_imported(name) for name in ("sql", "redis"))
_err: Any = importlib.import_module("componentize_py_types").Err


def _need(module: Any, name: str) -> Any:
    if module is None:
        message = f"the plugin does not ask for `{name}`: add it under [capabilities] in plugin.toml"
        raise PluginError(ErrorKind.DENIED, message)
    return module


def _asked(call: Callable[..., Any], *arguments: Any) -> Any:
    """A call of the host, whose errors come as records; plugins see `PluginError`."""
    try:
        return call(*arguments)
    except _err as refused:
        it = refused.value
        raise PluginError(
            ErrorKind[it.kind.name], it.message, field=it.field, row=it.row, retry_after_ms=it.retry_after_ms, details=it.details
        ) from None


def _answered(call: Callable[[], Any]) -> Any:
    """A call that the server made: whatever is raised leaves as the contract's record."""
    try:
        return call()
    except PluginError as error:
        it = error
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1:]
        details = [("place", f"{frame.filename}:{frame.lineno} in {frame.name}") for frame in place]
        it = PluginError(ErrorKind.PERMANENT, f"{type(error).__name__}: {error}", details=details)
    record = _types.Error(
        kind=_types.ErrorKind[it.kind.name], message=it.message, field=it.field, row=it.row,
        retry_after_ms=it.retry_after_ms, details=it.details,
    )
    raise _err(record)


class _Body:
    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, max_bytes: int) -> bytes | None:
        return _asked(self._body.read, max_bytes)

    def read_all(self, limit: int) -> bytes:
        return _asked(self._body.read_all, limit)


class _Connection:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def read(self, max_bytes: int) -> bytes:
        return _asked(self._connection.read, max_bytes)

    def write(self, data: bytes) -> None:
        _asked(self._connection.write, bytes(data))

    def start_tls(self, server_name: str) -> None:
        _asked(self._connection.start_tls, server_name)


class _Transaction(Closing):
    """A transaction that ends once."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def _still(self) -> Any:
        if self._found is None:
            raise PluginError.permanent("the transaction has ended")
        return self._found

    def execute(self, statement: str, columns: Schema | None = None, parameters: Batch | None = None) -> int:
        columns, parameters = columns or Schema([]), parameters or Batch(0, [])
        return _asked(self._still().execute, statement, _wit_schema(columns), _wit_batch(parameters))

    def write(self, table: str, columns: Schema, rows: Batch) -> int:
        return _asked(self._still().write, table, _wit_schema(columns), _wit_batch(rows))

    def commit(self) -> None:
        try:
            _asked(self._still().commit)
        finally:
            self.rollback()

    def rollback(self) -> None:
        found, self._found = self._found, None
        if found is not None:
            _drop(found)


def _drop(resource: Any) -> None:
    """Gives a resource back to the server."""
    resource.__exit__(None, None, None)


def _redis_value(found: Any) -> RedisValue:
    """Nothing has no value; numbers, bytes and lists have theirs."""
    return getattr(found, "value", None)


class _Host:
    """The server behind the contract."""

    def settings(self) -> dict[str, Any]:
        return json.loads(_config.settings())

    def log(self, level: str, message: str, **fields: str) -> None:
        _log.write(_log.Level[level.upper()], message, [(name, str(value)) for name, value in fields.items()])

    def progress(self, done: int, total: int | None, unit: str) -> None:
        _progress.report(done, total, unit)

    def secret(self, name: str) -> str:
        return _asked(_need(_secret, "secrets").get, name)

    def find_secret(self, name: str) -> str | None:
        try:
            return self.secret(name)
        except PluginError:
            return None

    def send(self, method, url, *, headers=None, body=None, timeout_ms=None) -> Response:
        http = _need(_http, "http")
        body = None if body is None else data_of(body)
        request = http.Request(http.Method[method.upper()], url, list((headers or {}).items()), body, timeout_ms)
        answer = _asked(http.send, request)
        return Response(answer.status, answer.headers, _Body(answer.body))

    def now(self) -> int:
        return _need(_clock, "clock").now()

    def sleep(self, seconds: float) -> None:
        _need(_clock, "clock").sleep(max(0, round(seconds * 1_000_000)))

    def get(self, key: str) -> bytes | None:
        return _asked(_need(_kv, "kv").get, key)

    def set(self, key: str, value: str | bytes) -> None:
        _asked(_need(_kv, "kv").set, key, data_of(value))

    def delete(self, key: str) -> None:
        _asked(_need(_kv, "kv").delete, key)

    def connect(self, host: str, port: int, timeout_ms: int | None = None) -> _Connection:
        return _Connection(_asked(_need(_tcp, "tcp").connect, host, port, timeout_ms))

    def query(self, connection: str, statement: str) -> Rows:
        rows = _asked(_need(_sql, "sql").query, connection, statement)

        def step() -> Batch | None:
            found = _asked(rows.next)
            return None if found is None else _batch(found)

        return Rows(_schema(rows.columns()), step, lambda: _drop(rows))

    def begin(self, connection: str) -> Transaction:
        return _Transaction(_asked(_need(_sql, "sql").begin, connection))

    def redis(self, connection: str, *commands: RedisCommand) -> list[RedisValue]:
        pipeline = _need(_redis, "redis").pipeline
        return [_redis_value(found) for found in _asked(pipeline, connection, [words_of(command) for command in commands])]


_host = _Host()


def _schema(found: Any) -> Schema:
    fields = [Field(it.name, it.format, it.nullable, it.metadata) for it in found.fields]
    return Schema(fields, found.metadata)


def _wit_schema(it: Schema) -> Any:
    fields = [_types.Field(column.name, column.format, column.nullable, column.metadata) for column in it.fields]
    return _types.Schema(fields, it.metadata)


def _batch(found: Any) -> Batch:
    return Batch(found.rows, [Column(it.validity, it.offsets, it.values) for it in found.columns])


def _wit_batch(it: Batch) -> Any:
    columns = [_types.Column(bytes(column.validity), bytes(column.offsets), bytes(column.values)) for column in it.columns]
    return _types.Batch(it.rows, columns)


def source(plugin: kinds.Source) -> type:
    """The class that exports a source."""
    wit = importlib.import_module("wit_world.exports.source")

    class WitReader(wit.Reader):
        def __init__(self, reader: kinds.Reader) -> None:
            self._reader = reader

        def columns(self):
            return _wit_schema(self._reader.columns)

        def resume(self):
            return wit.Resume[self._reader.resume.name]

        def rejects(self):
            return bool(self._reader.rejects)

        def next(self):
            return _answered(self._next)

        def _next(self):
            page = self._reader.next()
            if page is None:
                return None
            rejected = [wit.Rejection(it.line, it.rule, it.reason, it.values) for it in page.rejected]
            return wit.Page(_wit_batch(page.rows), rejected, page.cursor)

    class Source:
        def check(self):
            _answered(lambda: plugin.check(_host))

        def open(self, cursor):
            return _answered(lambda: WitReader(plugin.open(_host, cursor)))

    return Source


def sink(plugin: kinds.Sink) -> type:
    """The class that exports a sink."""
    wit = importlib.import_module("wit_world.exports.sink")

    class WitWriter(wit.Writer):
        def __init__(self, writer: kinds.Writer) -> None:
            self._writer = writer

        def prepare(self):
            _answered(self._writer.prepare)

        def claim(self, lane):
            position = _answered(lambda: self._writer.claim(lane))
            return None if position is None else wit.Position(position.sequence, position.checkpoint)

        def write(self, rows, mark):
            mark = kinds.Mark(mark.lane, mark.sequence, mark.checkpoint, mark.key)
            return _answered(lambda: self._writer.write(_batch(rows), mark))

        def commit(self):
            _answered(self._writer.commit)

        def abort(self):
            self._writer.abort()

    class Sink:
        def check(self):
            _answered(lambda: plugin.check(_host))

        def open(self, columns, key):
            return _answered(lambda: WitWriter(plugin.open(_host, _schema(columns), key)))

    return Sink


def transform(plugin: kinds.Transform) -> type:
    """The class that exports a transform."""
    wit = importlib.import_module("wit_world.exports.transform")

    class WitTransformer(wit.Transformer):
        def __init__(self, transformer: kinds.Transformer) -> None:
            self._transformer = transformer

        def output(self):
            return _wit_schema(self._transformer.output)

        def process(self, rows):
            return _answered(lambda: [_wit_batch(it) for it in self._transformer.process(_batch(rows))])

        def finish(self):
            return _answered(lambda: [_wit_batch(it) for it in self._transformer.finish()])

    class Transform:
        def check(self):
            _answered(lambda: plugin.check(_host))

        def open(self, columns):
            return _answered(lambda: WitTransformer(plugin.open(_host, _schema(columns))))

    return Transform


def channel(plugin: kinds.Channel) -> type:
    """The class that exports a channel."""

    class Channel:
        def check(self):
            _answered(lambda: plugin.check(_host))

        def deliver(self, message, key):
            severity = kinds.Severity[message.severity.name]
            it = kinds.Message(message.id, severity, message.title, message.text, message.fields, message.link)
            return _answered(lambda: plugin.deliver(_host, it, key))

    return Channel


def translator(plugin: kinds.Translator) -> type:
    """The class that exports a translator."""
    wit = importlib.import_module("wit_world.exports.translator")

    class Translator:
        def dialects(self):
            return [tuple(pair) for pair in plugin.dialects(_host)]

        def translate(self, request):
            return _answered(lambda: self._translate(request))

        def _translate(self, it):
            request = kinds.TranslateRequest(it.sql, it.source_dialect, it.target_dialect, it.schema, it.strict)
            return [
                wit.Statement(found.sql, found.line, [
                    wit.Note(wit.NoteLevel[note.level.name], note.code, note.message, note.line, note.column)
                    for note in found.notes
                ])
                for found in plugin.translate(_host, request)
            ]

    return Translator
