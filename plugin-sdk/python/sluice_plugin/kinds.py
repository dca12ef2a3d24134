"""What a plugin implements: one of these for each kind in its manifest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum

from .batch import Batch, Schema
from .host import Host


class Resume(Enum):
    """What a second attempt may count on: the same batches again, going on at a cursor, or neither."""

    REPLAY = 0
    CURSOR = 1
    NOTHING = 2


@dataclass
class Rejection:
    """A row that cannot be read as the schema says."""

    line: int | None
    rule: str
    reason: str
    values: list[str | None]


@dataclass
class Page:
    """Rows, and where to go on after them: a cursor of at most 4 KiB, only with `Resume.CURSOR`."""

    rows: Batch
    rejected: list[Rejection] = field(default_factory=list)
    cursor: str | None = None


class Reader(ABC):
    """A reading under way."""

    #: The same for every page.
    columns: Schema
    resume: Resume = Resume.NOTHING
    #: Whether pages may carry rejected rows.
    rejects: bool = False

    @abstractmethod
    def next(self) -> Page | None:
        """The next rows; none at the end."""


class Source(ABC):
    """Reads rows in."""

    def check(self, host: Host) -> None:
        """A cheap test that the settings work."""

    @abstractmethod
    def open(self, host: Host, cursor: str | None) -> Reader:
        """Starts reading, at a cursor of an earlier attempt where one is given."""


@dataclass
class Mark:
    """Names one batch, the same in every attempt. Equal keys, equal rows: make a repeat harmless by it."""

    lane: str
    sequence: int
    checkpoint: str | None
    key: str


@dataclass
class Position:
    """How far an earlier attempt came."""

    sequence: int
    checkpoint: str | None = None


class Writer(ABC):
    """A writing under way."""

    def prepare(self) -> None:
        """Called once, before the first `write`."""

    def claim(self, lane: str) -> Position | None:
        """What is durable of a lane from earlier attempts, where a record is kept."""
        return None

    @abstractmethod
    def write(self, rows: Batch, mark: Mark) -> int:
        """Writes one batch and tells how many rows the system took."""

    @abstractmethod
    def commit(self) -> None:
        """Makes everything written durable."""

    def abort(self) -> None:
        """Undoes what is not durable, where possible."""


class Sink(ABC):
    """Writes rows out."""

    def check(self, host: Host) -> None:
        """A cheap test that the settings work."""

    @abstractmethod
    def open(self, host: Host, columns: Schema, key: str) -> Writer:
        """Starts writing rows of these columns; `key` is the same in every attempt."""


class Transformer(ABC):
    """A change under way."""

    #: Names and types of what comes out, the same for every batch.
    output: Schema

    @abstractmethod
    def process(self, rows: Batch) -> list[Batch]:
        """Changes one batch into any number of batches."""

    def finish(self) -> list[Batch]:
        """Called once after the last batch, for what is left."""
        return []


class Transform(ABC):
    """Changes rows on their way."""

    def check(self, host: Host) -> None:
        """A cheap test that the settings work."""

    @abstractmethod
    def open(self, host: Host, columns: Schema) -> Transformer:
        """Starts changing rows of these columns."""


class Severity(Enum):
    """How urgent an alert is."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2
    RESOLVED = 3

    @property
    def word(self) -> str:
        """As the server spells it: `critical`."""
        return self.name.lower()


@dataclass
class Message:
    """What is to be delivered; `text` is Markdown."""

    id: str
    severity: Severity
    title: str
    text: str
    fields: list[tuple[str, str]]
    link: str | None = None


class Channel(ABC):
    """Delivers alerts to people."""

    def check(self, host: Host) -> None:
        """A cheap test that the settings work; delivers nothing."""

    @abstractmethod
    def deliver(self, host: Host, message: Message, key: str) -> str | None:
        """Delivers one alert, tells the provider's id for it; a receiver that got `key` before must not show it again."""


class NoteLevel(Enum):
    """How grave a note is; an `ERROR` means that the statement was not translated."""

    INFO = 0
    WARNING = 1
    ERROR = 2


@dataclass
class Note:
    """What to know about a statement."""

    level: NoteLevel
    code: str
    message: str
    line: int
    column: int


@dataclass
class Statement:
    """One statement of the answer; empty where it was not translated."""

    sql: str
    line: int
    notes: list[Note] = field(default_factory=list)


@dataclass
class TranslateRequest:
    """What is to be translated."""

    sql: str
    source_dialect: str
    target_dialect: str
    schema: str | None = None
    strict: bool = False


class Translator(ABC):
    """Turns SQL of one dialect into another's."""

    @abstractmethod
    def dialects(self, host: Host) -> list[tuple[str, str]]:
        """The pairs it can do: from, to."""

    @abstractmethod
    def translate(self, host: Host, request: TranslateRequest) -> list[Statement]:
        """Translates any number of statements."""
