"""What went wrong, in the words of the contract."""

from __future__ import annotations

from enum import Enum


class ErrorKind(Enum):
    """What kind of wrong; the server tries again only where it is `TRANSIENT`."""

    CONFIG = 0
    AUTH = 1
    DENIED = 2
    TRANSIENT = 3
    DATA = 4
    PERMANENT = 5


class PluginError(Exception):
    """Raise one to tell the user what is wrong."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        field: str | None = None,
        row: int | None = None,
        retry_after_ms: int | None = None,
        details: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.field = field
        self.row = row
        self.retry_after_ms = retry_after_ms
        self.details = details or []

    @classmethod
    def config(cls, field: str, message: str) -> PluginError:
        """A setting is wrong."""
        return cls(ErrorKind.CONFIG, message, field=field)

    @classmethod
    def transient(cls, message: str) -> PluginError:
        """Trying again may help."""
        return cls(ErrorKind.TRANSIENT, message)

    @classmethod
    def permanent(cls, message: str) -> PluginError:
        """Trying again will not help."""
        return cls(ErrorKind.PERMANENT, message)

    @classmethod
    def data(cls, message: str, row: int | None = None) -> PluginError:
        """A row or value is bad; rows count from 0 within the batch."""
        return cls(ErrorKind.DATA, message, row=row)
