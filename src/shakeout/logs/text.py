"""Entries from lines of text, JSON lines among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from shakeout.evidence.model import Locator
from shakeout.logs import formats
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import Wrapped, WrapperFormat
from shakeout.logs.inner import head, interpret
from shakeout.logs.limits import Limits
from shakeout.logs.sources import Source, lines, lines_backwards
from shakeout.logs.sources import text as decoded
from shakeout.logs.structured import Structured
from shakeout.logs.values import plain

JOINED = 2000
"""Indented lines that one entry may have; a longer one goes on as the next entry."""
_INDENTED = re.compile(r"[ \t]+\S|\d{1,3}\. [^\s(]{1,200}\(.*\) \[0x")  # also the frames of a C++ stack trace


def text_entry(
    text: str, locator: Locator, *, stream: str, sequence: int = 0, hint: Severity | None = None,
    wrapped: Wrapped | None = None,
) -> LogEntry:  # fmt: skip
    """One entry from a piece of text and from what its transport said about it."""
    inner = interpret(text)
    outer = wrapped.severity if wrapped else None
    level = inner.severity if inner.severity is not None else outer if outer is not None else hint
    moment, doubt = inner.time, inner.time_doubt
    if wrapped is not None and (wrapped.time is not None or (wrapped.time_doubt and moment is None)):
        moment, doubt = wrapped.time, wrapped.time_doubt
    return LogEntry(
        message=inner.message,
        locator=locator,
        time=moment,
        time_doubt=doubt,
        severity=level if level is not None else Severity.DEFAULT,
        service=(wrapped.service if wrapped else None) or inner.service,
        stream=stream,
        sequence=sequence,
        system=wrapped.system if wrapped else False,
        labels=wrapped.labels if wrapped else {},
        fields=inner.fields,
        unsure=inner.severity is None and hint is None,
        headed=inner.headed and not inner.goes_on,
    )


def going_on(line: str) -> str | None:
    """The text of a line that has a head of its own and yet continues the one before it."""
    if ":  " not in line and " said into std" not in line:
        return None
    found = head(line)
    return found.message if found is not None and found.goes_on else None


@dataclass(slots=True)
class _Open:
    """An entry that indented lines may still join."""

    entry: LogEntry
    more: list[str] = field(default_factory=list)
    last: int = 0

    def close(self) -> LogEntry:
        if not self.more:
            return self.entry
        return replace(
            self.entry,
            message="\n".join((self.entry.message, *self.more)),
            locator=replace(self.entry.locator, end_line=self.last),
        )


class Lines:
    """Reads one source line by line: JSON objects by the record formats, everything else as text."""

    def __init__(
        self, source: Source, limits: Limits, structured: Structured, wrapper: WrapperFormat | None, *, backwards: bool
    ) -> None:
        self.source = source
        self.limits = limits
        self.structured = structured
        self.wrapper = wrapper
        self.backwards = backwards
        self.read = 0
        self.understood = 0
        self._open: dict[str, _Open] = {}
        self._parts: dict[str, tuple[str, int]] = {}
        self._times: dict[str, datetime] = {}

    def entries(self) -> Iterator[LogEntry]:
        reading = self.structured.reading
        with self.source.open() as file:
            read = lines_backwards if self.backwards else lines
            for number, offset, line in read(file, self.limits, reading.notes, self.source.path):
                if not number & 4095:
                    reading.mark(self.source.path, number, offset)
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901
                if line[:1] == b"{":
                    yield from self._json(line, number, offset)
                else:
                    yield from self._text(decoded(line), number)
        for pending in self._open.values():
            yield pending.close()
        self._open.clear()

    def _json(self, line: bytes, number: int, offset: int) -> Iterator[LogEntry]:
        structured = self.structured
        record = structured.record
        record.enter(line, offset, number)
        record.start, record.raw = 0, line
        before = structured.strange
        entry = structured.read()
        self.read += 1
        if structured.strange > before:
            yield from self._text(decoded(line), number)
            return
        self.understood += 1
        pending = self._open.pop(self.source.path, None)
        if pending is not None:
            yield pending.close()
        if entry is not None:
            yield entry

    def _text(self, line: str, number: int) -> Iterator[LogEntry]:
        line = plain(line)
        wrapped = self.wrapper.unwrap(line) if self.wrapper else None
        rest = wrapped.rest if wrapped else line
        stream = f"{self.source.path}/{wrapped.stream}" if wrapped and wrapped.stream else self.source.path
        if not rest.strip():
            return
        self.read += 1
        if wrapped is not None and (wrapped.partial or stream in self._parts):
            before, start = self._parts.pop(stream, ("", number))
            rest = before + rest
            if wrapped.partial and len(rest) < self.limits.line:
                self._parts[stream] = (rest, start)
                return
        else:
            start = number
        pending = self._open.get(stream)
        if pending is not None and len(pending.more) < JOINED:
            more = rest if _INDENTED.match(rest) else going_on(rest)
            if more is not None:
                pending.more.append(more)
                pending.last = number
                return
        if pending is not None:
            yield self._open.pop(stream).close()
        locator = Locator(source="log", path=self.source.path, line=number)
        if start != number:
            locator = Locator(source="log", path=self.source.path, line=start, end_line=number)
        entry = text_entry(rest, locator, stream=stream, sequence=number, wrapped=wrapped)
        self._open[stream] = _Open(self._timed(entry), last=number)
        self.understood += entry.headed or wrapped is not None
        if len(self._open) > self.limits.open_streams:
            yield self._open.pop(next(iter(self._open))).close()

    def _timed(self, entry: LogEntry) -> LogEntry:
        """An entry without a time has that of the line before it."""
        if entry.time is not None:
            self._times[entry.stream] = entry.time
            return entry
        before = self._times.get(entry.stream)
        if before is None:
            return entry
        return replace(entry, time=before, time_doubt="the time of the line before it")


def wrapper_of(sample: list[str]) -> WrapperFormat | None:
    """What a transport put in front of most of these lines."""
    best: tuple[float, WrapperFormat] | None = None
    texts = [line for line in (plain(line) for line in sample) if line.strip()]
    for form in formats.wrappers():
        share = sum(form.unwrap(line) is not None for line in texts) / max(len(texts), 1)
        if share >= 0.6 and (best is None or share > best[0]):
            best = (share, form)
    return best[1] if best else None
