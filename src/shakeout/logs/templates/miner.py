"""Lines or entries in, templates out: in one pass, in bounded memory, whatever the portions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

import polars as pl

from shakeout.logs import values
from shakeout.logs.entry import LogEntry
from shakeout.logs.templates.fold import Known, readable
from shakeout.logs.templates.model import Template
from shakeout.logs.templates.portion import Portion, portion_of, portions_of
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.summary import Summary
from shakeout.logs.templates.table import EXAMPLES, INSTANCES, Seen, Table

KEYS = 20_000
"""Different keys that are kept; beyond, counts of rare templates are estimated."""

EXAMPLE_LIMIT = 1000
_BATCH = 1 << 15
_TOGETHER = 8
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
        self._known = Known()
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
        for portion in portions_of(blocks, layout, self._known, self.table.limits):
            if size := len(portion.rows):
                self._add(portion, path=path, start=start, layout=layout)
                start += size

    def _add(self, portion: Portion, *, path: str, start: int, layout: Layout | None) -> None:
        self._summary = None
        begun, table = self.lines, self.table
        for trace, count in portion.passed:
            table.passed[trace] += count
        kinds = portion.kinds
        places = kinds["row"]
        keys, traces, hashes = (of.gather(places).to_list() for of in (portion.keys, portion.traces, portion.hashes))
        wanting: list[tuple[int, Seen]] = []
        alone: list[tuple[Seen, int]] = []
        rows = zip(*(kinds[name].to_list() for name in ("level", "count", "first", "last")), strict=True)
        for kind, (level, count, first, last) in enumerate(rows):
            key, known = keys[kind], table.seen.get(keys[kind])
            if known is not None:
                known.count += count
            elif (known := table.add(key, traces[kind], hashes[kind], count, begun + first)) is None:
                continue
            if len(known.examples) < EXAMPLES:
                if count == 1:
                    alone.append((known, first))
                else:
                    wanting.append((kind, known))
            if level:
                severity = values.severity(level.strip(" []()<>:|,"))
                known.notes().severities[severity.name if severity is not None else "DEFAULT"] += count
            if layout and layout.time_:
                known.notes().at(layout.time(portion.lines[first]))
                known.notes().at(layout.time(portion.lines[last]))
        heads = kinds["heads"].gather([kind for kind, _ in wanting]).to_list()
        wanted = alone + [(seen, at) for (_, seen), head in zip(wanting, heads, strict=True) for at in head]
        if wanted:
            self._exemplify(portion, wanted, path, start)
        if self._numbered:
            self._number(portion, places.to_list(), keys)
        self.lines += len(portion.rows)

    def _exemplify(self, portion: Portion, wanted: list[tuple[Seen, int]], path: str, start: int) -> None:
        """Keeps lines, given by their positions, of keys that have not enough examples yet: the first of each."""
        wanted.sort(key=itemgetter(1))
        texts = portion.texts_at([at for _, at in wanted])
        for (seen, at), text in zip(wanted, texts, strict=True):
            if len(seen.examples) < EXAMPLES:
                seen.examples.append((self.lines + at, text[:EXAMPLE_LIMIT], path, start + at))

    def add_entries(self, entries: Iterable[LogEntry]) -> None:
        """Adds log entries with their times, severities, services and instances."""
        remaining = iter(entries)
        while batch := list(itertools.islice(remaining, _BATCH)):
            self._summary = None
            texts = pl.Series(values=[readable(_headline(entry.message)) for entry in batch], dtype=pl.String)
            portion = portion_of(texts, None, self._known)
            seen = self.table.seen
            keys = portion.keys.to_list()
            traces, hashes = portion.traces.to_list(), portion.hashes.to_list()
            for row, text, entry in zip(portion.rows.to_list(), portion.texts.to_list(), batch, strict=True):
                if (found := seen.get(keys[row])) is not None:
                    found.count += 1
                else:
                    found = self.table.add(keys[row], traces[row], hashes[row], 1, self.lines)
                instance = instance_of(entry)
                if instance and len(self.instances) < INSTANCES:
                    self.instances[instance] = None
                if found is not None:
                    _note(found, entry, instance, text, self.lines)
                self.lines += 1
            if self._numbered:
                self._number(portion, range(len(keys)), keys)

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
        for start in range(0, len(self._codes), _TOGETHER):
            codes = pl.concat(self._codes[start : start + _TOGETHER])
            yield codes.to_frame("code").join(ids, on="code", how="left", maintain_order="left")["id"]

    def summary(self) -> Summary:
        """The templates with what maps lines onto them."""
        if self._summary is None:
            self._summary = Summary(self.table)
        return self._summary

    def match(self, text: str) -> str | None:
        """The id of the template that a bare message belongs to, or None."""
        return self.summary().match(text)

    def _number(self, portion: Portion, rows: Sequence[int], keys: Sequence[str]) -> None:
        """
        Notes for each line the number of its key, or the trace of it where it is not kept.

        `keys` are those that may be kept, `rows` their rows.
        """
        codes = -1 - portion.traces
        found = zip(rows, map(self.table.seen.get, keys), strict=True)
        kept = {row: known.number for row, known in found if known is not None}
        if kept:
            codes = codes.scatter(list(kept), list(kept.values()))
        self._codes.append(codes.rename("code").gather(portion.rows))


def _columns(lines: Iterable[str]) -> Iterator[pl.Series]:
    remaining = iter(lines)
    while batch := list(itertools.islice(remaining, _BATCH)):
        yield pl.Series(values=[readable(line) for line in batch], dtype=pl.String)


_OUTPUTS = frozenset({"stdout", "stderr", "output"})


def instance_of(entry: LogEntry) -> str:
    """
    What logged an entry: instance, pod, container or connection by the platform's labels, else its service's stream.

    A program's two outputs are no instances, nor are files that may be of different programs.
    """
    told = next((entry.labels[name] for name in _WHO if entry.labels.get(name)), entry.stream if entry.service else "")
    return "" if told in _OUTPUTS else told


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
