"""Lines or entries in, templates out: in one pass, in bounded memory, whatever the portions."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shakeout.logs.entry import LogEntry
from shakeout.logs.templates import stream
from shakeout.logs.templates.agreement import Learned
from shakeout.logs.templates.block import Block
from shakeout.logs.templates.casts import Casts, Met
from shakeout.logs.templates.fold import Known, readable
from shakeout.logs.templates.look import ENOUGH, SELDOM, Looked, look
from shakeout.logs.templates.model import Template
from shakeout.logs.templates.portion import Portion, counted
from shakeout.logs.templates.prefix import LEVELS, Layout
from shakeout.logs.templates.prefixes import Prefixes
from shakeout.logs.templates.stream import Piece, Stream, side_by_side
from shakeout.logs.templates.summary import Summary
from shakeout.logs.templates.table import EXAMPLES, INSTANCES, Seen, Table

KEYS = 20_000
"""Different keys that are kept; beyond, counts of rare templates are estimated."""

EXAMPLE_LIMIT = 1000
_BATCH = 1 << 15
_TOGETHER = 2
_Begun = tuple[list[Piece], Met | None]
_WHO = ("instance", "pod", "container", "connection")


class TemplateMiner:
    """
    Finds the templates of a log.

    One set of defaults serves every log. The result depends on the lines alone, not on the portions in which they were
    added; examples are the first in order of input. Lines are worked on in blocks of fixed size; to ask for a result
    ends a block early. `numbered` keeps four bytes for each line, so that `numbers` can say which template each line
    belongs to.
    """

    def __init__(self, *, keys: int = KEYS, numbered: bool = False) -> None:
        self._table = Table(keys)
        self._known = Known()
        self._casts = Casts()
        self._numbered = numbered
        self._codes: list[NDArray[np.int32]] = []
        self._summary: Summary | None = None
        self._stream = Stream()
        self._prefixes: Prefixes | None = None
        self._counted = 0
        self._blocks = 0
        self._alike = True
        self._small = False
        self._entries: list[LogEntry] = []
        self._instances: dict[str, None] = {}

    @property
    def lines(self) -> int:
        """How many lines and entries were added."""
        return self._counted + self._stream.size + len(self._entries)

    @property
    def instances(self) -> Mapping[str, None]:
        """What logged the entries, bounded, in order of appearance."""
        self._finish()
        return self._instances

    @property
    def table(self) -> Table:
        """The keys of all that was added."""
        self._finish()
        return self._table

    @property
    def learned(self) -> Learned:
        """What was learned of words."""
        return self._casts.learned

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
        if self._entries or (self._stream.size and (self._layout != layout or self._stream.path != path)):
            self._finish()
        if self._layout != layout:
            self._prefixes = Prefixes(layout) if layout else None
        self._stream.path, self._stream.number = path, 1
        for pieces, looked in side_by_side(self._look, self._full(blocks)):
            self._add(looked, pieces)

    @property
    def _layout(self) -> Layout | None:
        return self._prefixes.layout if self._prefixes else None

    def _full(self, blocks: Iterable[pl.Series | bytes]) -> Iterator[_Begun]:
        """The blocks that are full, each with what is remembered when it is begun."""
        for lines in blocks:
            for pieces in self._stream.add(lines):
                yield self._begun(pieces)

    def _begun(self, pieces: list[Piece]) -> _Begun:
        """A block with what is remembered now, or without if it is not to be sketched; that depends on the first."""
        self._blocks += 1
        alike = self._alike or self._blocks % SELDOM == 1
        enough = self._small or sum(piece.size for piece in pieces) >= ENOUGH
        return pieces, self._casts.met() if alike and enough else None

    def _finish(self) -> None:
        """Counts the lines or entries of the last block, which is not full."""
        if self._entries:
            self._add_entries()
        if self._stream.size:
            pieces = self._stream.taken()
            self._add(self._look(self._begun(pieces))[1], pieces)

    def _look(self, begun: _Begun) -> tuple[list[Piece], Looked]:
        pieces, met = begun
        return pieces, look(pieces, self._prefixes, self._known, met)

    def _settle(self, looked: Looked) -> tuple[Portion, dict[int, Seen]]:
        """Counts the lines of a block; with what was seen under those of its keys that are kept, by their numbers."""
        self._summary = None
        if self._blocks == 1:
            self._small = looked.sketches is not None
            self._alike = self._small or looked.block.size < ENOUGH
        keys, rows = looked.settled(self._casts)
        portion = counted(looked.block, keys, rows, self._table)
        return portion, self._count(portion)

    def _add(self, looked: Looked, pieces: Sequence[Piece]) -> None:
        portion, found = self._settle(looked)
        for row, level, count in portion.levels():
            if (known := found.get(row)) is not None:
                known.notes().severities[LEVELS[level]] += count
        if self._layout and self._layout.time_:
            self._note_times(self._layout, portion, found)
        lacking = {row: known for row, known in found.items() if len(known.examples) < EXAMPLES}
        wanted = [(lacking[row], at) for row, heads in portion.heads(lacking) for at in heads]
        if wanted:
            self._exemplify(looked.block, wanted, pieces)
        if self._numbered:
            self._number(portion, found)
        self._counted += looked.block.size

    def _note_times(self, layout: Layout, portion: Portion, found: Mapping[int, Seen]) -> None:
        """Widens the time of each key by those of its first line and its last."""
        firsts, lasts = portion.spans()
        some = {row: known for row, known in found.items() if firsts[row] >= 0}
        lines = portion.block.lines_at([spans[row] for row in some for spans in (firsts, lasts)])
        for known, first, last in zip(some.values(), lines[::2], lines[1::2], strict=True):
            known.notes().at(layout.time(first))
            known.notes().at(layout.time(last))

    def _count(self, portion: Portion) -> dict[int, Seen]:
        """Counts the lines of each key; what was seen under those that are kept, by their numbers."""
        table = self._table
        found = dict(portion.known)
        for row, known in found.items():
            known.count += int(portion.counts[row])
        for trace, count in portion.passed:
            table.passed[trace] += count
        first = {row: heads[0] for row, heads in portion.heads(portion.new)}
        for row, (key, trace, hashed) in portion.new.items():
            kept = table.add(key, trace, hashed, int(portion.counts[row]), self._counted + first[row])
            if kept is not None:
                found[row] = kept
        return found

    def _exemplify(self, block: Block, wanted: list[tuple[Seen, int]], pieces: Sequence[Piece]) -> None:
        """Keeps lines, given by their positions, of keys that have not enough examples yet: the first of each."""
        wanted.sort(key=itemgetter(1))
        begun = list(itertools.accumulate((piece.size for piece in pieces), initial=0))
        texts = block.texts_at([at for _, at in wanted])
        for (seen, at), text in zip(wanted, texts, strict=True):
            if len(seen.examples) < EXAMPLES:
                number = bisect_right(begun, at) - 1
                piece = pieces[number]
                line = (self._counted + at, text[:EXAMPLE_LIMIT], piece.path, piece.start + at - begun[number])
                seen.examples.append(line)

    def add_entries(self, entries: Iterable[LogEntry]) -> None:
        """Adds log entries with their times, severities, services and instances."""
        if self._stream.size:
            self._finish()
        remaining = iter(entries)
        while batch := list(itertools.islice(remaining, self._room - len(self._entries))):
            self._entries += batch
            if len(self._entries) == self._room:
                self._add_entries()

    @property
    def _room(self) -> int:
        """Entries of the block that is next."""
        return stream.LINES if self._blocks else stream.FIRST

    def _add_entries(self) -> None:
        """Counts the entries of a block."""
        entries, self._entries, self._prefixes = self._entries, [], None
        texts = pl.Series(values=[readable(_headline(entry.message)) for entry in entries], dtype=pl.String)
        _, looked = self._look(self._begun([Piece(lines=texts, size=len(texts), path="-", start=1)]))
        portion, kept = self._settle(looked)
        for row, text, entry in zip(portion.rows.tolist(), looked.block.texts.to_list(), entries, strict=True):
            known = kept.get(row)
            instance = instance_of(entry)
            if instance and len(self._instances) < INSTANCES:
                self._instances[instance] = None
            if known is not None:
                _note(known, entry, instance, text, self._counted)
            self._counted += 1
        if self._numbered:
            self._number(portion, kept)

    def snapshot(self) -> tuple[Template, ...]:
        """The templates of everything added so far, the most frequent first; their counts add up to `lines`."""
        return self.summary().templates

    def numbers(self) -> Iterator[pl.Series]:
        """The template's id of each line that was added, portion by portion, in order."""
        summary, table = self.summary(), self._table
        names = {seen.number: summary.by_key[key] for key, seen in table.seen.items()}
        names |= {number: summary.rest.template_of(trace) for number, trace in table.departed.items()}
        names |= {-1 - trace: summary.rest.template_of(trace) for trace in table.passed}
        ids = pl.Series("id", list(names.values()), dtype=pl.String)
        codes = np.fromiter(names, np.int32, len(names))
        least = int(codes.min(initial=0))
        places = np.zeros(int(codes.max(initial=0)) - least + 1, np.uint32)
        places[codes - least] = np.arange(len(codes))
        for start in range(0, len(self._codes), _TOGETHER):
            some = np.concatenate(self._codes[start : start + _TOGETHER])
            yield ids.gather(pl.Series(places.take(some - least)))

    def summary(self) -> Summary:
        """The templates with what maps lines onto them."""
        self._finish()
        if self._summary is None:
            self._summary = Summary(self._table, self.learned)
        return self._summary

    def match(self, text: str) -> str | None:
        """The id of the template that a bare message belongs to, or None."""
        return self.summary().match(text)

    def _number(self, portion: Portion, found: Mapping[int, Seen]) -> None:
        """
        Notes for each line the number of its key, or the trace of it where it was not kept.

        What is let go later still has its number, see `Table.departed`.
        """
        codes = np.zeros(portion.keys, np.int32)
        codes[portion.unknown] = -1 - portion.traces
        for row, known in found.items():
            codes[row] = known.number
        self._codes.append(codes.take(portion.rows))


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
