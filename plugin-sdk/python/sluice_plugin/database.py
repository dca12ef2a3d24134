"""SQL and Redis on granted connections: what `Host.query`, `Host.begin` and `Host.redis` give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, Union

from .batch import Batch, Schema, Value

#: A command of Redis: its name and arguments.
RedisCommand = list[Union[str, int, bytes]]
#: An answer of Redis; in a list, what is not there has no bytes.
RedisValue = Union[None, int, bytes, list[bytes]]


class Rows:
    """Rows of an answer: iterate over them, or use `with` where the rest may not be wanted."""

    def __init__(self, columns: Schema, step: Callable[[], Batch | None], close: Callable[[], None]) -> None:
        self.columns = columns
        self._step = step
        self._close: Callable[[], None] | None = close

    def next(self) -> Batch | None:
        """The next rows; none at the end."""
        if self._close is None:
            return None
        batch = self._step()
        if batch is None:
            self.close()
        return batch

    def close(self) -> None:
        """Ends the query; once it has ended, nothing."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def __iter__(self) -> Iterator[Batch]:
        try:
            while (batch := self.next()) is not None:
                yield batch
        finally:
            self.close()

    def objects(self) -> Iterator[dict[str, Value]]:
        """Row by row, as dictionaries: easy, and slower than going by columns."""
        for batch in self:
            yield from batch.objects(self.columns)

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class Transaction(Protocol):
    """A transaction. After an error it is over. `with` commits at its end, and rolls back where something is raised."""

    def execute(self, statement: str, columns: Schema | None = None, parameters: Batch | None = None) -> int:
        """Runs a statement, once for each row of `parameters`, whose column n is placeholder n; tells how many rows it changed."""

    def write(self, table: str, columns: Schema, rows: Batch) -> int:
        """Adds rows to a table that is there, by the system's fastest way."""

    def commit(self) -> None:
        """Makes it durable."""

    def rollback(self) -> None:
        """Undoes what was not committed; after a commit, nothing."""

    def __enter__(self) -> Transaction: ...

    def __exit__(self, kind: Any, *_: Any) -> None: ...


class Closing:
    """What `with` does to a transaction."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        it: Any = self
        try:
            if kind is None:
                it.commit()
        finally:
            it.rollback()


def words_of(command: RedisCommand) -> list[bytes]:
    """A command as bytes."""
    return [bytes(word) if isinstance(word, (bytes, bytearray, memoryview)) else str(word).encode() for word in command]
