"""What a source format is, and the record that it is asked to read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import msgspec

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.limits import Notes

_VALUE = re.compile(rb'"[^"\\]{1,100}"\s{0,1000}:\s{0,1000}')
JSON: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class Skip:
    """A format's answer for a record that it knows and that cannot become an error."""


SKIP = Skip()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformDocument:
    """
    State as the platform itself printed it.

    `kind` is the platform's own word in lower case with hyphens (`pod`, `deployment`, `cloud-run-service`,
    `container`, `image`, …; `pod-description` for the text of `kubectl describe`), `data` its decoded content.
    """

    kind: str
    name: str
    data: Mapping[str, Any]
    locator: Locator


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """
    A text line taken apart: what an application's logger put before `message`. None: the line does not say.

    `goes_on` means that the line continues the entry before it, although it has a head of its own.
    """

    message: str
    time: datetime | None = None
    time_doubt: str | None = None
    severity: Severity | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    goes_on: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrapped:
    """A text line without what its transport put in front; `partial` means that the next line continues it."""

    rest: str
    stream: str = ""
    time: datetime | None = None
    time_doubt: str | None = None
    severity: Severity | None = None
    service: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    system: bool = False


class Pass:
    """
    What one reading of all inputs shares: notes, what was seen already, and whether only suspects are wanted.

    `marks` has for each path where in the file some of its lines begin (line to byte offset), so that what was read
    is found again without reading the file from its start.
    """

    __slots__ = ("marks", "notes", "seen", "threshold")

    def __init__(
        self, notes: Notes, threshold: Severity | None = None, marks: dict[str, dict[int, int]] | None = None
    ) -> None:
        self.notes = notes
        self.seen: set[int] = set()
        self.threshold = threshold
        self.marks: dict[str, dict[int, int]] = {} if marks is None else marks

    def mark(self, path: str, line: int, offset: int) -> None:
        """Remember that a line begins at a byte."""
        self.marks.setdefault(path, {})[line] = offset


class Record:
    """
    One JSON object within a region of a file. The reader moves it on; formats read it.

    `raw` are its bytes; `start` is where they begin in `region`, which begins at byte `offset` and line `line` of the
    file at `path`. `hint` is the severity of the section that it stands in. `count` counts the entries made.
    """

    __slots__ = (
        "_at",
        "_carried",
        "_line",
        "count",
        "hint",
        "long",
        "offset",
        "path",
        "raw",
        "reading",
        "region",
        "start",
    )

    def __init__(self, path: str, reading: Pass) -> None:
        self.path = path
        self.reading = reading
        self.raw: bytes = b""
        self.region: bytes = b""
        self.start = 0
        self.offset = 0
        self.hint: Severity | None = None
        self.long = False
        self.count = 0
        self._line = 1
        self._at = 0
        self._carried: dict[str, tuple[str, Locator]] = {}

    def enter(self, region: bytes, offset: int, line: int, *, long: bool = False) -> None:
        """Go to another region; `long` says that its records share physical lines."""
        self.region, self.offset, self.long = region, offset, long
        self._line, self._at = line, 0

    def value(self) -> Any:
        """The decoded record; raises msgspec.DecodeError."""
        return JSON.decode(self.raw)

    def locate(self, *keys: str) -> Locator:
        """The line on which the value under `keys` (from the outside in) begins."""
        position, end = self.start, self.start + len(self.raw)
        for key in keys:
            found = self.region.find(b'"' + key.encode() + b'"', position, end)
            if found < 0:
                break
            position = found
        value = _VALUE.match(self.region, position, end)
        if value is not None:
            position = value.end()
        if position >= self._at:
            self._line += self.region.count(b"\n", self._at, position)
        else:
            self._line -= self.region.count(b"\n", position, self._at)
        self._at = position
        return Locator(
            source="log",
            path=self.path,
            line=self._line,
            offset=self.offset + self.start if self.long else None,
        )

    def next(self) -> int:
        """The sequence number of the entry that is being made."""
        self.count += 1
        return self.count

    def join(self, stream: str, text: str, at: Locator) -> tuple[str, Locator] | None:
        """
        A line that its source may have split: None while its end is missing, then the whole with where it stands.

        Container engines split lines of 16 KiB and end only the last part by a line feed.
        """
        before = self._carried.pop(stream, None)
        if before is not None:
            text = before[0] + text
            at = replace(before[1], end_line=at.line)
        if not text.endswith("\n") and len(text) % 16384 == 0 and text and len(text) < 1 << 24:
            self._carried[stream] = (text, at)
            return None
        return text.rstrip("\r\n"), at

    def duplicate(self, key: int) -> bool:
        """Whether a record of this identity was read before; if so it is counted."""
        seen = self.reading.seen
        if key in seen:
            self.reading.notes.add("duplicate", self.path, "entries that were read before are left out")
            return True
        seen.add(key)
        return False


class RecordFormat(Protocol):
    """Reads one JSON object. `rank` orders formats: the most particular first."""

    name: str
    rank: int

    def read_record(self, record: Record) -> LogEntry | Skip | None:
        """The entry, SKIP where it cannot matter to the reading's threshold, or None where it is another format's."""
        ...


class SiftingFormat(RecordFormat, Protocol):
    """
    A format that can look through many records at once for those that matter.

    `sift` gives, for the elements of a JSON array's part, the numbers (from 0) of those that may become an error at the
    reading's threshold, each with what `read_sifted` makes an entry of; in reverse order if asked. None stands for an
    element that has to be read by itself. None as a whole: these are not all records that it can decode.
    """

    def sift(
        self, data: bytes, reading: Pass, path: str, *, reverse: bool
    ) -> tuple[int, list[tuple[int, object | None]]] | None:
        """The number of elements, and those that matter."""
        ...

    def read_sifted(self, record: Record, found: object) -> LogEntry:
        """The entry of an element that `sift` found; the record was moved to it."""
        ...


class HeadFormat(Protocol):
    """Reads one line of text."""

    name: str
    rank: int

    def read_head(self, line: str) -> Head | None: ...


class WrapperFormat(Protocol):
    """Takes off what a transport put in front of a line."""

    name: str
    rank: int

    def unwrap(self, line: str) -> Wrapped | None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Documents:
    """Platform state found in one place, with entries for what the platform reports as events."""

    documents: Sequence[PlatformDocument] = ()
    entries: Sequence[LogEntry] = ()


class DocumentFormat(Protocol):
    """Reads platform state: a decoded JSON or YAML value, or the text of a command."""

    name: str
    rank: int

    def hint(self, head: bytes) -> bool:
        """Whether a file with this beginning is worth decoding as a whole."""
        ...

    def read_document(self, value: Any, text: str, locator: Locator) -> Documents | None:
        """`value` is None where the input is not JSON or YAML; `text` is empty where it is."""
        ...
