"""Lines or entries in, templates out: in one pass, in bounded memory, whatever the portions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import polars as pl

from shakeout.logs import values
from shakeout.logs.entry import LogEntry
from shakeout.logs.templates.fold import readable
from shakeout.logs.templates.model import Template
from shakeout.logs.templates.portion import Portion, portion_of, portions_of
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.summary import Summary
from shakeout.logs.templates.table import EXAMPLES, INSTANCES, Seen, Table

KEYS = 20_000
"""Different keys that are kept; beyond, counts of rare templates are estimated."""

EXAMPLE_LIMIT = 1000
_BATCH = 1 << 15
_WHO = ("instance", "pod", "container", "connection")


class TemplateMiner:
    """
    Finds the templates of a log.

    One set of defaults serves every log. The result depends on the lines alone, not on the portions in which they were
    added; examples are the first in order of input. `numbered` keeps four bytes for each line, so that `numbers` can
    say which template each line belongs to. `lines` is how many were added, `instances` (bounded) what logged them.
    """

    def __init__(self, *, keys: int = KEYS, numbered: bool = False) -> None:
        self.table = Table(keys)
        self._numbered = numbered
        self._codes: list[pl.Series] = []
        self._summary: Summary | None = None
        self.lines = 0
        self.instances: dict[str, None] = {}

    @property
    def overflowed(self) -> bool:
        """Whether the log had more different lines than are kept, so that some counts are estimates."""
        return self.table.overflowed

    def add_lines(self, lines: Iterable[str], *, path: str = "-", layout: Layout | None = None) -> None:
        """
        Adds lines of text, one event each. `layout` takes their prefix off; without one a line is the bare message.

        `path` and the number of the line make the locator of examples; lines of one call are numbered from 1.
        """
        self.add_blocks(_columns(lines), path=path, layout=layout)

    def add_blocks(self, blocks: Iterable[pl.Series | bytes], *, path: str, layout: Layout | None = None) -> None:
        """As `add_lines`, for columns of valid strings, and for blocks of bytes with a line end between two lines."""
        start = 1
        for portion in portions_of(blocks, layout):
            if len(portion.lines):
                self._add(portion, path=path, start=start, layout=layout)
                start += len(portion.lines)

    def _add(self, portion: Portion, *, path: str, start: int, layout: Layout | None) -> None:
        self._summary = None
        begun, seen = self.lines, self.table.seen
        keys, kinds = self._worth_keeping(portion)
        wanting: list[tuple[int, Seen]] = []
        found = {row: (key, trace, hashed) for row, key, _, hashed, trace in keys.iter_rows()}
        rows = zip(*(kinds[name].to_list() for name in ("row", "level", "count", "first", "last")), strict=True)
        for kind, (row, level, count, first, last) in enumerate(rows):
            key, trace, hashed = found[row]
            if (known := seen.get(key)) is not None:
                known.count += count
            elif (known := self.table.add(key, trace, hashed, count, begun + first)) is None:
                continue
            if len(known.examples) < EXAMPLES:
                wanting.append((kind, known))
            if level:
                severity = values.severity(level.strip(" []()<>:|,"))
                known.notes().severities[severity.name if severity is not None else "DEFAULT"] += count
            if layout and layout.time_:
                known.notes().at(layout.time(portion.lines[first]))
                known.notes().at(layout.time(portion.lines[last]))
        self._exemplify(portion, kinds, wanting, path, start)
        if self._numbered:
            self._number(portion, keys)
        self.lines += len(portion.lines)

    def _worth_keeping(self, portion: Portion) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The keys and kinds of a portion without those of full outlines, which are counted as passed."""
        if not self.table.full:
            return portion.keys, portion.kinds
        limits = pl.DataFrame(
            {"outline": list(self.table.full), "most": list(self.table.full.values())},
            schema={"outline": pl.Int32, "most": pl.UInt64},
        )
        keys = portion.keys.join(limits, on="outline", how="left", maintain_order="left")
        beyond = keys.filter(pl.col("hash") > pl.col("most"))
        if beyond.is_empty():
            return portion.keys, portion.kinds
        counts = portion.kinds.join(beyond, on="row").group_by("trace").agg(pl.col("count").sum())
        for trace, count in counts.iter_rows():
            self.table.passed[trace] += count
        return (
            portion.keys.join(beyond, on="row", how="anti", maintain_order="left"),
            portion.kinds.join(beyond, on="row", how="anti", maintain_order="left"),
        )

    def _exemplify(
        self, portion: Portion, kinds: pl.DataFrame, wanting: list[tuple[int, Seen]], path: str, start: int
    ) -> None:
        """Keeps the first lines of keys that have not enough examples yet."""
        heads = kinds["heads"].gather([row for row, _ in wanting]).to_list()
        places = [(seen, at) for (_, seen), head in zip(wanting, heads, strict=True) for at in head]
        places.sort(key=lambda place: place[1])
        texts = portion.texts.gather([at for _, at in places]).str.head(EXAMPLE_LIMIT).to_list()
        for (seen, at), text in zip(places, texts, strict=True):
            if len(seen.examples) < EXAMPLES:
                seen.examples.append((self.lines + at, text, path, start + at))

    def add_entries(self, entries: Iterable[LogEntry]) -> None:
        """Adds log entries with their times, severities, services and instances."""
        remaining = iter(entries)
        while batch := list(itertools.islice(remaining, _BATCH)):
            self._summary = None
            texts = pl.Series(values=[readable(_headline(entry.message)) for entry in batch], dtype=pl.String)
            portion = portion_of(texts, None)
            seen = self.table.seen
            rows = portion.rows.to_list()
            keys = {row: (key, trace, hashed) for row, key, _, hashed, trace in portion.keys.iter_rows()}
            for row, text, entry in zip(rows, portion.texts.to_list(), batch, strict=True):
                key, trace, hashed = keys[row]
                if (found := seen.get(key)) is not None:
                    found.count += 1
                else:
                    found = self.table.add(key, trace, hashed, 1, self.lines)
                instance = instance_of(entry)
                if instance and len(self.instances) < INSTANCES:
                    self.instances[instance] = None
                if found is not None:
                    _note(found, entry, instance, text, self.lines)
                self.lines += 1
            if self._numbered:
                self._number(portion, portion.keys)

    def snapshot(self) -> tuple[Template, ...]:
        """The templates of everything added so far, the most frequent first; their counts add up to `lines`."""
        return self.summary().templates

    def numbers(self) -> Iterator[pl.Series]:
        """The template's id of each line that was added, portion by portion, in order."""
        summary = self.summary()
        names = {seen.number: summary.by_key[key] for key, seen in self.table.seen.items()}
        for number, trace in self.table.departed.items():
            names[number] = summary.rest.template_of(trace)
        for trace in self.table.passed:
            names[-1 - trace] = summary.rest.template_of(trace)
        ids = pl.DataFrame(
            {"code": list(names), "id": list(names.values())}, schema={"code": pl.Int32, "id": pl.String}
        )
        for codes in self._codes:
            yield codes.to_frame("code").join(ids, on="code", how="left", maintain_order="left")["id"]

    def summary(self) -> Summary:
        """The templates with what maps lines onto them."""
        if self._summary is None:
            self._summary = Summary(self.table)
        return self._summary

    def match(self, text: str) -> str | None:
        """The id of the template that a bare message belongs to, or None."""
        return self.summary().match(text)

    def _number(self, portion: Portion, keys: pl.DataFrame) -> None:
        """Notes for each line the number of its key, or the trace of it where it is none of `keys` or was let go."""
        seen = self.table.seen
        kept = {row: seen[key].number for row, key in keys.select("row", "key").iter_rows() if key in seen}
        numbers = pl.DataFrame(
            {"row": list(kept), "number": list(kept.values())}, schema={"row": pl.UInt32, "number": pl.Int32}
        )
        codes = portion.keys.join(numbers, on="row", how="left", maintain_order="left").select(
            pl.coalesce("number", -1 - pl.col("trace"))
        )
        self._codes.append(codes.to_series().rename("code").gather(portion.rows))


def _columns(lines: Iterable[str]) -> Iterator[pl.Series]:
    remaining = iter(lines)
    while batch := list(itertools.islice(remaining, _BATCH)):
        yield pl.Series(values=[readable(line) for line in batch], dtype=pl.String)


def instance_of(entry: LogEntry) -> str:
    """What logged an entry: instance, pod, container or connection by the platform's labels, else the stream."""
    return next((entry.labels[name] for name in _WHO if entry.labels.get(name)), entry.stream)


def _note(seen: Seen, entry: LogEntry, instance: str, text: str, order: int) -> None:
    noted = seen.notes()
    noted.at(entry.time)
    noted.severities[entry.severity.name] += 1
    if entry.service:
        noted.services[entry.service] += 1
    if instance and len(noted.instances) < INSTANCES:
        noted.instances[instance] = None
    if len(seen.examples) < EXAMPLES:
        seen.examples.append((order, text[:EXAMPLE_LIMIT], entry.locator.path, entry.locator.line or 0))


def _headline(message: str) -> str:
    """A message of several lines is known by its first and its last: what began it and what it came to."""
    lines = [line for line in message.splitlines() if line.strip()]
    return message if len(lines) < 2 else f"{lines[0].strip()} … {lines[-1].strip()}"
