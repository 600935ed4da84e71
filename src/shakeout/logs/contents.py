"""What one source holds: entries, platform state, or both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from shakeout.evidence.model import Locator
from shakeout.logs import formats
from shakeout.logs.entry import LogEntry
from shakeout.logs.formats.base import JSON, Documents, Pass, PlatformDocument
from shakeout.logs.layout import HEAD, layout, newest_first
from shakeout.logs.limits import MEBIBYTE, Limits
from shakeout.logs.regions import elements, regions, spans
from shakeout.logs.sources import Source
from shakeout.logs.sources import text as decoded
from shakeout.logs.structured import Structured
from shakeout.logs.text import Lines, wrapper_of
from shakeout.logs.yaml_documents import YamlDocument, yaml_documents

IN_MEMORY = 16 * MEBIBYTE
"""A JSON file up to this size is decoded as a whole; a longer one is read region by region."""

SIFTED = 4 * MEBIBYTE
"""The same for an array that begins with entries of a format that looks through whole regions."""


class Contents:
    """Reads one source. Nothing is read before it is asked for."""

    def __init__(self, source: Source, limits: Limits, reading: Pass) -> None:
        self.source = source
        self.limits = limits
        self.reading = reading
        with source.open() as file:
            self.head = file.read(HEAD)
        self.layout = layout(self.head)
        self._parsed: list[YamlDocument] | None = None

    def documents(self) -> list[PlatformDocument]:
        """The platform state in this source."""
        found = self._documents()
        return list(found.documents) if found else []

    def entries(self) -> Iterator[LogEntry]:
        """The log entries in this source, and the platform's events."""
        found = self._documents()
        if found is not None:
            yield from found.entries
            return
        structured = Structured(self.source, self.limits, self.reading)
        count = 0
        for entry in self._entries(structured):
            count += 1
            yield entry
        if structured.strange:
            self._note("unrecognised", "objects that no format knows as a log entry", structured.strange)
        if not count and self.reading.threshold is None:
            self._note("unrecognised", "nothing in it was recognised as a log entry")

    def _entries(self, structured: Structured) -> Iterator[LogEntry]:
        sifted = self.reading.threshold is not None and b'"insertId"' in self.head
        small = self.source.size <= (SIFTED if sifted else IN_MEMORY)
        if self.layout == "array" and not small:
            start = self._array_start(0)
            if start >= 0:
                yield from structured.array(start, 1 + _newlines(self.source, start))
            else:
                yield from self._lines(structured)
        elif self.layout in {"array", "object"} and small:
            data = self._data()
            if _valid(data):
                yield from structured.whole(data)
            else:
                yield from self._damaged(structured, data)
        elif self.layout == "object":
            yield from self._long_object(structured)
        elif self.layout == "yaml" and self.source.size <= self.limits.document:
            yield from self._yaml_entries(structured)
        else:
            yield from self._lines(structured)

    def _yaml(self) -> list[YamlDocument]:
        if self._parsed is None:
            self._parsed = yaml_documents(decoded(self._data()), self.reading.notes, self.source.path)
        return self._parsed

    def _yaml_entries(self, structured: Structured) -> Iterator[LogEntry]:
        """Entries of YAML documents, newest first put right; text that is no YAML after all is read as lines."""
        found = []
        for document in self._yaml():
            entry = structured.value(document.value) if isinstance(document.value, dict) else None
            if entry is not None:
                found.append(replace(entry, locator=document.locate(entry, self.source.path)))
        if not found:
            structured.strange = 0
            yield from self._lines(structured)
            return
        if (first := found[0].time) and (last := found[-1].time) and first > last:
            found.reverse()
        yield from found

    def _lines(self, structured: Structured) -> Iterator[LogEntry]:
        sample = [decoded(line) for line in self.head.split(b"\n")[:200]]
        backwards = self.head[:1] == b"{" and newest_first(self.source)
        reader = Lines(self.source, self.limits, structured, wrapper_of(sample), backwards=backwards)
        yield from reader.entries()
        structured.strange = 0
        if reader.read and not reader.understood:
            self._note("unrecognised", "no known log format; every line is read as plain text")

    def _damaged(self, structured: Structured, data: bytes) -> Iterator[LogEntry]:
        """JSON that is not valid as a whole: objects one after another, or a value that is cut off."""
        found, after, _ = spans(data)
        if len(found) > 1 or (found and not data[after:].strip()):
            for begin, end in found:
                yield from structured.whole(data[begin:end], begin, 1 + data.count(b"\n", 0, begin))
            if data[after:].strip():
                self._note("truncated", "the last object is cut off or followed by something else")
            return
        start = self._array_start(0)
        if start < 0:
            self._note("truncated", "not valid JSON; read as plain text")
            yield from self._lines(structured)
            return
        yield from self._long_object(structured)

    def _long_object(self, structured: Structured) -> Iterator[LogEntry]:
        """Every array of objects within an object that is too long, or too broken, to decode at once."""
        position: int | None = 0
        while position is not None:
            start = self._array_start(position)
            if start < 0:
                return
            with self.source.open() as file:
                line = 1 + _newlines(self.source, start)
                position = None
                for region in regions(file, start, line, self.limits, self.reading.notes, self.source.path):
                    if isinstance(region, int):
                        position = region
                        continue
                    record = structured.record
                    record.enter(region.data, region.offset, region.line, long=b"\n" not in region.data)
                    for begin, raw in elements(region.data):
                        record.start, record.raw = begin, raw
                        entry = structured.read()
                        if entry is not None:
                            yield entry

    def _array_start(self, position: int) -> int:
        """Where the first element of the next array of objects begins; -1 where there is none."""
        import re

        with self.source.open() as file:
            file.seek(position)
            offset, rest = position, b""
            while data := file.read(MEBIBYTE):
                window = rest + data
                match = re.search(rb"\[\s{0,256}(?=\{)", window)
                if match:
                    return offset - len(rest) + match.end()
                offset += len(data)
                rest = window[-512:]
        return -1

    def _documents(self) -> Documents | None:
        if self.source.size > self.limits.document:
            return None
        candidates = [form for form in formats.documents() if form.hint(self.head)]
        if not candidates:
            return None
        locator = Locator(source="log", path=self.source.path, line=1)
        value: Any = None
        text = ""
        if self.layout in {"array", "object"}:
            try:
                value = JSON.decode(self._data())
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return None
        elif self.layout == "yaml":
            value = [document.value for document in self._yaml()]
        else:
            text = decoded(self._data())
        for form in candidates:
            found = form.read_document(value, text, locator)
            if found is not None:
                return found
        return None

    def _data(self) -> bytes:
        with self.source.open() as file:
            return file.read().removeprefix(b"\xef\xbb\xbf")

    def _note(self, kind: str, message: str, count: int = 1) -> None:
        self.reading.notes.add(kind, self.source.path, message, count)  # type: ignore[arg-type]


def _valid(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _newlines(source: Source, end: int) -> int:
    count = 0
    with source.open() as file:
        while end > 0 and (data := file.read(min(end, MEBIBYTE))):
            count += data.count(b"\n")
            end -= len(data)
    return count
