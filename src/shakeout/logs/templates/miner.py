"""Lines or entries in, templates out: in one pass, in bounded memory, whatever the portions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import polars as pl

from shakeout.evidence.model import Locator
from shakeout.logs import values
from shakeout.logs.entry import LogEntry
from shakeout.logs.templates.fold import readable
from shakeout.logs.templates.model import OVERFLOW, Example, Template, identity
from shakeout.logs.templates.portion import Portion, portion_of, portions_of
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.summary import Summary
from shakeout.logs.templates.table import EXAMPLES, INSTANCES, OUTLINES, Seen, Table, outline

KEYS = 20_000
"""Different keys that are kept; beyond, counts of rare templates are estimated."""

EXAMPLE_LIMIT = 1000
_BATCH = 1 << 15


class TemplateMiner:
    """
    Finds the templates of a log.

    One set of defaults serves every log. The result depends on the lines alone, not on the portions in which they were
    added; examples are the first in order of input. `numbered` keeps four bytes for each line, so that `numbers` can
    say which template each line belongs to.
    """

    def __init__(self, *, keys: int = KEYS, numbered: bool = False) -> None:
        self._table = Table(keys)
        self._numbered = numbered
        self._codes: list[pl.Series] = []
        self._summary: Summary | None = None
        self.lines = 0

    @property
    def overflowed(self) -> bool:
        """Whether the log had more different lines than are kept, so that some counts are estimates."""
        return self._table.overflowed

    def add_lines(self, lines: Iterable[str], *, path: str = "-", layout: Layout | None = None) -> None:
        """
        Adds lines of text, one event each. `layout` takes their prefix off; without one a line is the bare message.

        `path` and the number of the line make the locator of examples; lines of one call are numbered from 1.
        """
        self.add_columns(_columns(lines), path=path, layout=layout)

    def add_columns(self, columns: Iterable[pl.Series], *, path: str, layout: Layout | None = None) -> None:
        """As `add_lines`, for columns of valid strings: what a file is read as."""
        start = 1
        for portion in portions_of(columns, layout):
            if len(portion.lines):
                self._add(portion, path=path, start=start, layout=layout)
                start += len(portion.lines)

    def _add(self, portion: Portion, *, path: str, start: int, layout: Layout | None) -> None:
        self._summary = None
        codes: dict[str, int] = {}
        for key, level, count, first, last in portion.kinds.iter_rows():
            seen = self._table.add(key, count, self.lines + first[0])
            if seen is None:
                continue
            codes[key] = seen.number
            if level:
                severity = values.severity(level.strip(" []()<>:|,"))
                seen.severities[severity.name if severity is not None else "DEFAULT"] += count
            for at in first[: max(0, EXAMPLES - len(seen.examples))]:
                where = Locator(source="log", path=path, line=start + at)
                seen.examples.append((self.lines + at, Example(text=portion.texts[at][:EXAMPLE_LIMIT], locator=where)))
            if layout:
                seen.at(layout.time(portion.lines[first[0]]))
                seen.at(layout.time(portion.lines[last]))
        if self._numbered:
            self._number(portion.rough, portion.keys, codes)
        self.lines += len(portion.lines)
        self._table.shrink()

    def add_entries(self, entries: Iterable[LogEntry]) -> None:
        """Adds log entries with their times, severities, services and instances."""
        remaining = iter(entries)
        while batch := list(itertools.islice(remaining, _BATCH)):
            self._summary = None
            texts = pl.Series(values=[readable(_headline(entry.message)) for entry in batch], dtype=pl.String)
            portion = portion_of(texts, None)
            known = portion.rough.to_frame("rough").join(portion.keys, on="rough", how="left", maintain_order="left")
            codes: dict[str, int] = {}
            for key, text, entry in zip(known["key"].to_list(), portion.texts.to_list(), batch, strict=True):
                seen = self._table.add(key, 1, self.lines)
                if seen is not None:
                    codes[key] = seen.number
                    _note(seen, entry, text, self.lines)
                self.lines += 1
            if self._numbered:
                self._number(portion.rough, portion.keys, codes)
            self._table.shrink()

    def snapshot(self) -> tuple[Template, ...]:
        """The templates of everything added so far, the most frequent first; their counts add up to `lines`."""
        return self.summary().templates

    def numbers(self) -> Iterator[pl.Series]:
        """The template's id of each line that was added, portion by portion, in order."""
        summary = self.summary()
        names = {seen.number: summary.by_key[key] for key, seen in self._table.seen.items()}
        lost = identity(OVERFLOW)
        for number, lines in self._table.departed.items():
            names[number] = summary.by_outline.get(lines, lost)
        for lines in range(OUTLINES) if self.overflowed else ():
            names[-1 - lines] = summary.by_outline.get(lines, lost)
        ids = pl.DataFrame(
            {"code": list(names), "id": list(names.values())}, schema={"code": pl.Int32, "id": pl.String}
        )
        for codes in self._codes:
            yield codes.to_frame("code").join(ids, on="code", how="left", maintain_order="left")["id"]

    def summary(self) -> Summary:
        """The templates with what maps lines onto them."""
        if self._summary is None:
            self._summary = Summary(self._table)
        return self._summary

    def match(self, text: str) -> str | None:
        """The id of the template that a bare message belongs to, or None."""
        return self.summary().match(text)

    def _number(self, rough: pl.Series, keys: pl.DataFrame, codes: dict[str, int]) -> None:
        numbers = [codes[key] if key in codes else -1 - outline(key) for key in keys["key"].to_list()]
        known = keys.select("rough").with_columns(pl.Series("code", numbers, dtype=pl.Int32))
        self._codes.append(rough.to_frame("rough").join(known, on="rough", how="left", maintain_order="left")["code"])


def _columns(lines: Iterable[str]) -> Iterator[pl.Series]:
    remaining = iter(lines)
    while batch := list(itertools.islice(remaining, _BATCH)):
        yield pl.Series(values=[readable(line) for line in batch], dtype=pl.String)


def _note(seen: Seen, entry: LogEntry, text: str, order: int) -> None:
    seen.at(entry.time)
    seen.severities[entry.severity.name] += 1
    if entry.service:
        seen.services[entry.service] += 1
    instance = entry.labels.get("instance") or entry.labels.get("pod") or entry.stream
    if instance and len(seen.instances) < INSTANCES:
        seen.instances[instance] = None
    if len(seen.examples) < EXAMPLES:
        seen.examples.append((order, Example(text=text[:EXAMPLE_LIMIT], locator=entry.locator)))


def _headline(message: str) -> str:
    """A message of several lines is known by its first and its last: what began it and what it came to."""
    lines = [line for line in message.splitlines() if line.strip()]
    return message if len(lines) < 2 else f"{lines[0].strip()} … {lines[-1].strip()}"
