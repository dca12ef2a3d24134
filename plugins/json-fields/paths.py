"""Paths into JSON: `order.lines[0].price`, `"order no".lines[-1]`."""

from __future__ import annotations

import re
from typing import Union

Part = Union[str, int]

_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^.\[\]"\s]+)|\[(-?\d{1,9})\]')


def parse(text: str) -> list[Part]:
    """The parts of a path; a `ValueError` says where it is wrong."""
    parts: list[Part] = []
    at = 0
    while at < len(text):
        if parts and text[at] == ".":
            at += 1
        elif parts and text[at] != "[":
            raise ValueError(f"`.` or `[` expected at character {at + 1}")
        found = _PART.match(text, at)
        # A place needs no `.` before it, and behind a `.` there is a key.
        if found is None or (text[at - 1:at] == "." and at > 0 and found[3] is not None):
            raise ValueError(f"a key is expected at character {at + 1}")
        quoted, key, place = found.groups()
        if place is not None:
            parts.append(int(place))
        else:
            parts.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else key)
        at = found.end()
    if not parts:
        raise ValueError("it is empty")
    return parts


def find(document: object, path: list[Part]) -> object:
    """What stands there; none where nothing does."""
    for part in path:
        if isinstance(part, str):
            document = document.get(part) if isinstance(document, dict) else None
        else:
            fits = isinstance(document, list) and -len(document) <= part < len(document)
            document = document[part] if fits else None
        if document is None:
            return None
    return document
