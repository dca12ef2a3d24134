"""All that a plugin in Python imports: `from sluice_plugin import ...`.

Implement `Source`, `Sink`, `Transform`, `Channel` or `Translator` (`kinds`), put an instance into `plugin.py` under its
lowercase name, and reach the outside through the `Host` that is handed over (`host`). Rows are in `batch`.
`testing` has the fake host for unit tests; `guest` is what the built component begins with.
"""

from .batch import Batch, Column, ColumnBuilder, ColumnView, Field, Schema, Value, schema
from .database import RedisCommand, RedisValue, Rows, Transaction
from .error import ErrorKind, PluginError
from .host import Connection, Host, Response
from .kinds import (
    Channel, Mark, Message, Note, NoteLevel, Page, Position, Reader, Rejection, Resume, Severity, Sink, Source, Statement,
    Transform, Transformer, TranslateRequest, Translator, Writer,
)

__all__ = [
    "Batch", "Channel", "Column", "ColumnBuilder", "ColumnView", "Connection", "ErrorKind", "Field", "Host", "Mark", "Message",
    "Note", "NoteLevel", "Page", "PluginError", "Position", "Reader", "RedisCommand", "RedisValue", "Rejection", "Response",
    "Resume", "Rows", "Schema", "Severity", "Sink", "Source", "Statement", "Transaction", "Transform", "Transformer",
    "TranslateRequest", "Translator", "Value", "Writer", "schema",
]
