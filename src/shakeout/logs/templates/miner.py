"""Lines or entries in, templates out: in one pass, in bounded memory, whatever the portions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import polars as pl

from shakeout.evidence.model import Locator
from shakeout.logs import values
from shakeout.logs.entry import LogEntry
from shakeout.logs.templates.fold import keys_of, readable
from shakeout.logs.templates.messages import spoken
from shakeout.logs.templates.model import OVERFLOW, Example, Template, identity
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.summary import Summary
from shakeout.logs.templates.table import EXAMPLES, INSTANCES, OUTLINES, Seen, Table, outline

KEYS = 20_000
"""Different keys that are kept; beyond, counts of rare templates are estimated."""

EXAMPLE_LIMIT = 1000
_PORTION = 1 << 16


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
        remaining = iter(lines)
        start = 1
        while portion := list(itertools.islice(remaining, _PORTION)):
            self.add_column(
                pl.Series(values=[readable(line) for line in portion], dtype=pl.String),
                path=path,
                start=start,
                layout=layout,
            )
            start += len(portion)

    def add_column(self, lines: pl.Series, *, path: str, start: int = 1, layout: Layout | None = None) -> None:
        """Adds a column of lines (valid strings), the first of which is line `start` of `path`."""
        if not len(lines):
            return
        self._summary = None
        frame = pl.DataFrame({"line": lines})
        frame = (
            layout.applied(frame) if layout else frame.with_columns(text=pl.col("line"), level=pl.lit(None, pl.String))
        )
        frame = spoken(frame)
        frame = frame.with_columns(key=keys_of(frame["text"]))
        kinds = (
            frame.with_row_index("at")
            .group_by("key", "level", maintain_order=True)
            .agg(pl.len().alias("count"), pl.col("at").head(EXAMPLES).alias("first"), pl.col("at").last().alias("last"))
        )
        codes: dict[str, int] = {}
        for key, level, count, first, last in kinds.iter_rows():
            seen = self._table.add(key, count, self.lines + first[0])
            if seen is None:
                continue
            codes[key] = seen.number
            if level:
                name = values.severity(level.strip(" []()<>:|,"))
                seen.severities[name.name if name is not None else "DEFAULT"] += count
            for at in first[: max(0, EXAMPLES - len(seen.examples))]:
                where = Locator(source="log", path=path, line=start + at)
                seen.examples.append((self.lines + at, Example(text=frame["text"][at][:EXAMPLE_LIMIT], locator=where)))
            if layout:
                seen.at(layout.time(lines[first[0]]))
                seen.at(layout.time(lines[last]))
        if self._numbered:
            self._number(frame["key"], codes)
        self.lines += len(lines)
        self._table.shrink()

    def add_entries(self, entries: Iterable[LogEntry]) -> None:
        """Adds log entries with their times, severities, services and instances."""
        remaining = iter(entries)
        while portion := list(itertools.islice(remaining, _PORTION)):
            self._summary = None
            texts = pl.DataFrame({"text": [readable(_headline(entry.message)) for entry in portion]})
            frame = spoken(texts)
            keys = keys_of(frame["text"]).to_list()
            for key, text, entry in zip(keys, frame["text"].to_list(), portion, strict=True):
                seen = self._table.add(key, 1, self.lines)
                if seen is not None:
                    _note(seen, entry, text, self.lines)
                self.lines += 1
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

    def _number(self, keys: pl.Series, codes: dict[str, int]) -> None:
        distinct = keys.unique()
        numbers = [codes[key] if key in codes else -1 - outline(key) for key in distinct.to_list()]
        known = pl.DataFrame({"key": distinct, "code": pl.Series(numbers, dtype=pl.Int32)})
        self._codes.append(keys.to_frame("key").join(known, on="key", how="left", maintain_order="left")["code"])


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
