"""Rows as Arrow buffers: views that read columns and builders that write them, in plain Python.

Whole numbers are `int`, a timestamp is its number in the column's unit, a date its days since 1970, a decimal a `Decimal`.
What no view knows (intervals) is given as its bytes.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Union

from .error import PluginError

Value = Union[None, bool, int, float, str, bytes, Decimal]


@dataclass
class Field:
    """One column's name and type; `format` is Arrow's: "b" "l" "g" "u" "z" "tdD" "tsu:UTC" "d:38,10" ..."""

    name: str
    format: str
    nullable: bool = True
    metadata: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Schema:
    """Names and types of all columns."""

    fields: list[Field]
    metadata: list[tuple[str, str]] = field(default_factory=list)

    def place(self, name: str) -> int | None:
        """Where the column of that name stands."""
        return next((place for place, it in enumerate(self.fields) if it.name == name), None)


def schema(**columns: str) -> Schema:
    """A schema of columns by name: `schema(id="l", name="u")`."""
    return Schema([Field(name, form) for name, form in columns.items()])


@dataclass
class Column:
    """The buffers of one column, little-endian, from row 0."""

    validity: bytes
    offsets: bytes
    values: bytes


@dataclass
class Batch:
    """Rows that travel together."""

    rows: int
    columns: list[Column]

    @classmethod
    def of(cls, columns: Schema, rows: Iterable[Mapping[str, Value]]) -> Batch:
        """A batch of mappings; what a mapping lacks is null."""
        rows = list(rows)
        built = [ColumnBuilder(it.format, (row.get(it.name) for row in rows)).finish() for it in columns.fields]
        return cls(len(rows), built)

    def column(self, place: int, it: Field) -> ColumnView:
        """The column at that place, whose field is given."""
        return ColumnView(it.format, self.columns[place], self.rows)

    def objects(self, columns: Schema) -> Iterator[dict[str, Value]]:
        """All rows as dictionaries: easy, and slower than going by columns."""
        names = [it.name for it in columns.fields]
        views = [self.column(place, it).list() for place, it in enumerate(columns.fields)]
        if not views:
            yield from ({} for _ in range(self.rows))
            return
        for row in zip(*views):
            yield dict(zip(names, row))

    def replaced(self, place: int, column: Column) -> Batch:
        """The same rows with another column at that place."""
        return Batch(self.rows, [column if index == place else it for index, it in enumerate(self.columns)])


_NUMBERS = {
    "c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q", "f": "f", "g": "d",
    "tdD": "i", "tdm": "q", "tts": "i", "ttm": "i", "ttu": "q", "ttn": "q", "tiM": "i",
}
_FIXED = {"tiD": 8, "tin": 16}


def _number(form: str) -> str | None:
    """The letter of `array` for a type whose values are numbers."""
    if form == "e":
        return "e"
    if form.startswith(("ts", "tD")):
        return "q"
    return _NUMBERS.get(form)


def _decimal(form: str) -> tuple[int, int]:
    """Width in bytes and digits behind the point."""
    parts = [int(part) for part in form[2:].split(",")]
    return (parts[2] if len(parts) > 2 else 128) // 8, parts[1]


def _width(form: str) -> int:
    width = int(form[2:]) if form.startswith("w:") else _FIXED.get(form)
    if width is None:
        raise PluginError.data(f"columns of the format `{form}` are not known")
    return width


class ColumnView:
    """Reads the values of one column."""

    def __init__(self, form: str, column: Column, rows: int) -> None:
        self.format = form
        self.rows = rows
        self._column = column

    def is_null(self, row: int) -> bool:
        """Whether the value in that row is null."""
        validity = self._column.validity
        return bool(validity) and not validity[row >> 3] >> (row & 7) & 1

    def list(self) -> list[Any]:
        """All values; the quickest way to read a column."""
        values = self._present()
        validity = self._column.validity
        if not validity or self.format == "n":
            return values
        return [value if validity[row >> 3] >> (row & 7) & 1 else None for row, value in enumerate(values)]

    def _present(self) -> list[Any]:
        form, column, rows = self.format, self._column, self.rows
        values = column.values
        if form == "n":
            return [None] * rows
        if form == "b":
            return [bool(values[row >> 3] >> (row & 7) & 1) for row in range(rows)]
        if form in ("u", "z"):
            ends = memoryview(column.offsets).cast("i")
            if form == "z":
                return [values[ends[row]:ends[row + 1]] for row in range(rows)]
            text = values.decode("utf-8", "strict")
            if len(text) == len(values):
                # One character for each byte: cut the text rather than decode every piece.
                return [text[ends[row]:ends[row + 1]] for row in range(rows)]
            return [values[ends[row]:ends[row + 1]].decode("utf-8") for row in range(rows)]
        letter = _number(form)
        if letter is not None:
            if letter == "e":
                return list(struct.unpack(f"<{rows}e", values))
            return memoryview(values).cast(letter).tolist()
        if form.startswith("d:"):
            width, scale = _decimal(form)
            # Not rounded: a decimal of 256 bits has more digits than Python's usual 28.
            with localcontext() as context:
                context.prec = 100
                return [Decimal(whole).scaleb(-scale) for whole in _wholes(values, width, rows)]
        width = _width(form)
        return [values[row * width:(row + 1) * width] for row in range(rows)]


def _wholes(values: bytes, width: int, rows: int) -> Iterator[int]:
    for row in range(rows):
        yield int.from_bytes(values[row * width:(row + 1) * width], "little", signed=True)


class ColumnBuilder:
    """Collects the values of one column."""

    def __init__(self, form: str, values: Iterable[Value] = ()) -> None:
        self.format = form
        self._values: list[Any] = list(values)

    def push(self, value: Value) -> None:
        """Adds a value; `None` is null."""
        self._values.append(value)

    def finish(self) -> Column:
        """The column; raises where a value does not fit its type."""
        try:
            return self._finish()
        except (TypeError, ValueError, OverflowError, AttributeError, InvalidOperation):
            raise self._culprit() from None

    def _finish(self) -> Column:
        form, values = self.format, self._values
        if form == "n":
            return Column(b"", b"", b"")
        validity = _bitmap([value is not None for value in values]) if None in values else b""
        if form == "b":
            return Column(validity, b"", _bitmap([value is True for value in values]))
        if form in ("u", "z"):
            if form == "u":
                pieces = [b"" if value is None else value.encode("utf-8", "replace") for value in values]
            else:
                pieces = [b"" if value is None else bytes(memoryview(value)) for value in values]
            return Column(validity, _offsets(pieces), b"".join(pieces))
        letter = _number(form)
        if letter is not None:
            return Column(validity, b"", _packed(letter, [0 if value is None else value for value in values]))
        if form.startswith("d:"):
            width, scale = _decimal(form)
            pieces = [_whole(value, scale).to_bytes(width, "little", signed=True) for value in values]
            return Column(validity, b"", b"".join(pieces))
        width = _width(form)
        pieces = [bytes(width) if value is None else bytes(memoryview(value)) for value in values]
        if any(len(piece) != width for piece in pieces):
            raise ValueError
        return Column(validity, b"", b"".join(pieces))

    def _culprit(self) -> PluginError:
        """Which value does not fit: the first that no column of its own can hold."""
        for row, value in enumerate(self._values):
            try:
                ColumnBuilder(self.format, [value])._finish()
            except (TypeError, ValueError, OverflowError, AttributeError, InvalidOperation):
                shown = repr(value)[:80]
                return PluginError.data(f"{shown} does not fit a column of the format `{self.format}`", row)
        return PluginError.data(f"the values do not fit a column of the format `{self.format}`")


def _packed(letter: str, values: list[Any]) -> bytes:
    if letter == "e":
        return struct.pack(f"<{len(values)}e", *values)
    packed = array(letter, values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _bitmap(bits: list[bool]) -> bytes:
    whole = bytearray((len(bits) + 7) // 8)
    for row, bit in enumerate(bits):
        if bit:
            whole[row >> 3] |= 1 << (row & 7)
    return bytes(whole)


def _offsets(pieces: list[bytes]) -> bytes:
    ends, end = [0], 0
    for piece in pieces:
        end += len(piece)
        ends.append(end)
    return _packed("i", ends)


def _whole(value: Any, scale: int) -> int:
    if value is None:
        return 0
    with localcontext() as context:
        context.prec = 100
        # A float is taken as it is printed: 0.1 is 0.1.
        moved = Decimal(str(value) if isinstance(value, float) else value).scaleb(scale)
        whole = int(moved)
        if moved != whole:
            raise ValueError
        return whole
