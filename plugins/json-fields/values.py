"""Values of JSON as values of columns. Numbers stay as they are written until it is known what they become."""

from __future__ import annotations

import json
import math
import re

#: Types and their formats in the contract.
FORMATS = {"text": "u", "int64": "l", "float64": "g", "boolean": "b", "json": "u"}


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Number(str):
    """A number as it is written."""


def parse(text: str) -> object:
    """The document; a `ValueError` where the text is none."""
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_constant)


def _constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def convert(value: object, type_: str) -> bool | int | float | str:
    """The value as that type; a `ValueError` where it is none."""
    if type_ == "json":
        return write(value)
    if type_ == "text":
        return str(value) if isinstance(value, str) else write(value)
    if type_ == "boolean":
        if isinstance(value, bool):
            return value
        raise ValueError
    # Python reads more as a number than JSON does: `1_000`, `nan`, digits of other scripts.
    if not isinstance(value, str) or _NUMBER.fullmatch(value.strip()) is None:
        raise ValueError
    if type_ == "float64":
        number = float(value)
        if math.isfinite(number):
            return number
        raise ValueError
    return _whole(value)


def _whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        # 12.0 is whole, and 1e3 is.
        as_float = float(text)
        if not as_float.is_integer() or abs(as_float) > 2**53:
            raise ValueError from None
        number = int(as_float)
    if -(2**63) <= number < 2**63:
        return number
    raise ValueError


def write(value: object) -> str:
    """Compact JSON, numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{write(it)}" for key, it in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(it) for it in value) + "]"
    return json.dumps(value, ensure_ascii=False)
