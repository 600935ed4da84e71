"""Entries from JSON: arrays of any length, single objects, and somebody's own wrapper around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from shakeout.logs import formats
from shakeout.logs.entry import LogEntry
from shakeout.logs.formats.base import SKIP, Pass, Record, RecordFormat, SiftingFormat, Skip
from shakeout.logs.inner import interpret
from shakeout.logs.layout import newest_first
from shakeout.logs.limits import Limits
from shakeout.logs.regions import Region, elements, parted, regions, separator
from shakeout.logs.sources import Source
from shakeout.logs.values import severity

_MAP: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


PARTICULAR = 50
"""Formats of a lower rank know their records by signs of their own."""


class Structured:
    """Reads one source's JSON. The format that knew the last record is asked first about the next."""

    def __init__(self, source: Source, limits: Limits, reading: Pass) -> None:
        self.source = source
        self.limits = limits
        self.reading = reading
        self.record = Record(source.path, reading)
        self.strange = 0
        self._between: bytes | None = None
        self._formats: list[RecordFormat] = list(formats.records())

    def read(self, *, particular: bool = False) -> LogEntry | None:
        """
        The entry of the record that was moved to; None where it is skipped or no format knows it.

        `particular` leaves out the formats that take anything with a message.
        """
        for index, form in enumerate(self._formats):
            if particular and form.rank >= PARTICULAR:
                continue
            try:
                found = form.read_record(self.record)
            except (RecursionError, UnicodeDecodeError):
                found = self._again(form)
            if found is not None:
                if index and form.rank < PARTICULAR:
                    self._formats.insert(0, self._formats.pop(index))
                return found if isinstance(found, LogEntry) else None
        self.strange += 1
        return None

    def _again(self, form: RecordFormat) -> LogEntry | Skip | None:
        """A record with bytes that are not UTF-8, with U+FFFD in their place; None where it is nested too deeply."""
        self.record.raw = self.record.raw.decode("utf-8", "replace").encode()
        try:
            return form.read_record(self.record)
        except RecursionError:
            return None

    def value(self, value: Any) -> LogEntry | None:
        """The entry of a decoded value; its locator is the caller's to set."""
        raw = msgspec.json.encode(value)
        self.record.enter(raw, 0, 1)
        self.record.start, self.record.raw = 0, raw
        return self.read()

    def array(self, offset: int = 0, line: int = 1) -> Iterator[LogEntry]:
        """Entries of a long array that begins at `offset`, in time order if it is the newest first."""
        if newest_first(self.source):
            yield from self._backwards(offset, line)
            return
        with self.source.open() as file:
            for region in regions(file, offset, line, self.limits, self.reading.notes, self.source.path):
                if isinstance(region, Region):
                    yield from self._region(region, reverse=False)

    def _backwards(self, offset: int, line: int) -> Iterator[LogEntry]:
        with self.source.open() as file:
            places = [
                (region.offset, region.line, len(region.data))
                for region in regions(file, offset, line, self.limits, self.reading.notes, self.source.path)
                if isinstance(region, Region)
            ]
            for place, first_line, length in reversed(places):
                file.seek(place)
                yield from self._region(Region(file.read(length), place, first_line), reverse=True)

    def _region(self, region: Region, *, reverse: bool) -> Iterator[LogEntry]:
        record, read = self.record, self.read
        record.enter(region.data, region.offset, region.line, long=region.data.count(b"\n", 0, 1 << 16) < 2)
        line_end = region.data.find(b"\n")
        if line_end >= 0:
            self.reading.mark(self.source.path, region.line + 1, region.offset + line_end + 1)
        sifted = self._sifted(region.data, reverse=reverse)
        if sifted is not None:
            yield from sifted
            return
        found = elements(region.data)
        first = self._formats[0].read_record
        for start, raw in reversed(found) if reverse else found:
            record.start, record.raw = start, raw
            try:
                entry = first(record)  # nearly always the same format as before
            except (RecursionError, UnicodeDecodeError):
                entry = None
            if entry is SKIP:
                continue
            if entry is None:
                entry = read()
                first = self._formats[0].read_record
            if isinstance(entry, LogEntry):
                yield entry

    def _sifted(self, data: bytes, *, reverse: bool) -> Iterator[LogEntry] | None:
        """The entries that matter to the threshold, where the format can look through them all at once."""
        form = self._formats[0]
        if self.reading.threshold is None or not hasattr(form, "sift"):
            return None
        sifting = cast("SiftingFormat", form)
        found = sifting.sift(data, self.reading, self.source.path, reverse=reverse)
        return None if found is None else self._found(sifting, data, *found)

    def _found(
        self, form: SiftingFormat, data: bytes, count: int, found: list[tuple[int, object | None]]
    ) -> Iterator[LogEntry]:
        if not found:
            return
        if self._between is None:
            self._between = separator(data) or b""
        parts = parted(data, self._between, count) or elements(data)
        for number, matter in found:
            self.record.start, self.record.raw = parts[number]
            entry = self.read() if matter is None else form.read_sifted(self.record, matter)
            if entry is not None:
                yield entry

    def whole(self, data: bytes, offset: int = 0, line: int = 1) -> Iterator[LogEntry]:
        """Entries of a JSON value that is in memory, wherever in it they stand, in time order if all have times."""
        record = self.record
        record.enter(data, offset, line, long=b"\n" not in data.strip() and len(data) > 4096)
        sections: list[list[tuple[LogEntry, int]]] = []
        self._descend(data, 0, "", sections, 0)
        yield from _merged(sections, self.reading, self.source.path)

    def _descend(
        self, raw: bytes, start: int, name: str, sections: list[list[tuple[LogEntry, int]]], depth: int
    ) -> None:
        """Read a value: an entry, a list of them, or something that holds either."""
        record = self.record
        raw_start = raw[:1]
        if depth > 8 or raw_start not in {b"{", b"["}:
            return
        if raw_start == b"[":
            section: list[tuple[LogEntry, int]] = []
            sections.append(section)
            hint, record.hint = record.hint, severity(name) or record.hint
            for position, content in elements(raw[1:-1] if raw.endswith(b"]") else raw[1:]):
                self._element(content, start + 1 + position, section, sections, name, depth)
            record.hint = hint
            return
        record.start, record.raw = start, raw
        before = self.strange
        wrapper = depth == 0 and _holds_lists(raw)
        entry = self.read(particular=wrapper)
        if entry is not None:
            sections.append([(entry, _identity(entry, raw))])
        elif self.strange > before:
            self.strange = before
            self._members(raw, start, sections, depth)

    def _element(
        self, raw: bytes, start: int, section: list[tuple[LogEntry, int]],
        sections: list[list[tuple[LogEntry, int]]], name: str, depth: int,
    ) -> None:  # fmt: skip
        record = self.record
        record.start, record.raw = start, raw
        if raw[:1] == b'"':
            text = msgspec.json.decode(raw.decode("utf-8", "replace").encode(), type=str)
            inner = interpret(text)
            if inner.message.strip():
                section.append((_text_entry(record, text, name), hash(raw)))
            return
        if raw[:1] != b"{":
            self._descend(raw, start, name, sections, depth + 1)
            return
        before = self.strange
        entry = self.read()
        if entry is not None:
            section.append((entry, _identity(entry, raw)))
        elif self.strange > before and self._members(raw, start, sections, depth):
            self.strange = before

    def _members(self, raw: bytes, start: int, sections: list[list[tuple[LogEntry, int]]], depth: int) -> bool:
        """Read what an object holds; whether it holds anything that could be read."""
        try:
            members = _MAP.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        position = 0
        found = False
        for name, value in members.items():
            content = bytes(value)
            if content[:1] not in {b"{", b"["}:
                continue
            position = max(raw.find(content, position), 0)
            self._descend(content, start + position, name, sections, depth + 1)
            position += len(content)
            found = True
        return found


def _holds_lists(raw: bytes) -> bool:
    """Whether an object holds lists, and so may be somebody's wrapper around entries rather than an entry."""
    try:
        return any(value[:1] == b"[" for value in _values(_MAP.decode(raw)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _values(members: dict[str, msgspec.Raw]) -> Iterator[bytes]:
    for value in members.values():
        content = bytes(value)
        yield content
        if content[:1] == b"{":
            try:
                yield from (bytes(inner) for inner in _MAP.decode(content).values())
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue


def _text_entry(record: Record, text: str, name: str) -> LogEntry:
    from shakeout.logs.text import text_entry

    return text_entry(text, record.locate(), stream=f"{record.path}/{name}" if name else record.path, hint=record.hint)


def _identity(entry: LogEntry, raw: bytes) -> int:
    """By what an entry is known again in another section, which may write it with other spaces or fewer fields."""
    return hash((entry.time, entry.message) if entry.time is not None else raw)


def _merged(sections: list[list[tuple[LogEntry, int]]], reading: Pass, path: str) -> list[LogEntry]:
    """All sections as one list: each in time order, entries that stand in several of them once."""
    counts: Counter[int] = Counter()
    merged: list[LogEntry] = []
    dropped = 0
    for section in sections:
        here: Counter[int] = Counter()
        kept = []
        for entry, identity in section:
            here[identity] += 1
            if here[identity] <= counts[identity]:
                dropped += 1
            else:
                kept.append(entry)
        counts |= here
        if len(kept) > 1 and (first := kept[0].time) and (last := kept[-1].time) and first > last:
            kept.reverse()
        merged.extend(kept)
    if dropped:
        reading.notes.add("duplicate", path, "entries that were read before are left out", dropped)
    if all(entry.time is not None for entry in merged):
        merged.sort(key=_when)
    return merged


def _when(entry: LogEntry) -> Any:
    return entry.time
