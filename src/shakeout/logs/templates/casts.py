"""
Which lines are looked at closely, and which follow the others of their sketch.

Of each sketch that was not met before a few lines are folded. If all of these are one event, every line of the sketch
is taken to have the key of one of them, here and in all blocks that follow; if not, every line of the sketch is folded.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from shakeout.logs.templates.agreement import Learned, agreement
from shakeout.logs.templates.group import outline_of, row_of, words_everywhere
from shakeout.logs.templates.names import names_of
from shakeout.logs.templates.part import Known, Row
from shakeout.logs.templates.shape import shape
from shakeout.logs.templates.sketch import Sketches
from shakeout.logs.templates.slots import Slots, slots_of
from shakeout.logs.templates.words import Flags, Hashes, Numbers

FEW = 4
"""How many different lines a sketch must have before any of them speak for all."""

SAMPLES = (4, 16, 64)
"""How many different lines of a sketch are looked at; more where the first do not agree."""

MOST = SAMPLES[-1]

ASKED = 1 << 10
"""Sketches of a block that are thought about: those of most lines. All lines of others are folded for this once."""

HEARD = 1 << 13
"""Keys from which names are learned, and lines after which no more are asked."""

HEARD_OF_ONE = 512
"""Those among them that are of one sketch."""

LOOKED_AT = 1 << 12
"""Keys of the first block that say which words and which open slots are on all lines."""

REMEMBERED = 50_000
"""Sketches that are remembered; the lines of all others are folded one by one."""

PENDING = 1 << 12
"""Sketches of which too few lines came so far that are remembered."""

Fold = Callable[[Numbers], tuple[pl.Series, Numbers]]
Hashed = Callable[[Numbers], Hashes]


@dataclass(slots=True)
class _Undecided:
    """A sketch of which too few lines came so far: their keys with their hashes, and how many they were."""

    keys: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    wanted: int = FEW


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """Sketches that are known and sketches whose every line is folded, as they were at some time."""

    known: Hashes
    folded: Hashes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Runs:
    """
    Equal lines of a block, those of the same sketch one after the other.

    `lines` are the positions of all lines in this order, `first` where in it each run begins, `owner` the sketch of
    each run, `rank` how many runs of its sketch are before it.
    """

    lines: Numbers
    first: Numbers
    owner: Numbers
    rank: Numbers

    @property
    def places(self) -> Numbers:
        """One line of each run."""
        return self.lines.take(self.first)


class Casts:
    """
    The memory of sketches: what was decided of each. It only ever grows, up to `REMEMBERED` of each kind.

    `learned` is what was found out where it had to be known.
    """

    def __init__(self) -> None:
        self.learned = Learned()
        self._known: dict[int, str] = {}
        self._common: set[int] = set()
        self._everywhere: frozenset[str] = frozenset()
        self._slots = Slots()
        self._looked = False
        self._folded: set[int] = set()
        self._open: dict[int, _Undecided] = {}
        self._met = Met(known=np.empty(0, np.uint64), folded=np.empty(0, np.uint64))
        self._heard: dict[str, None] = {}
        self._understood = 0
        self._listened = 0

    def met(self) -> Met:
        """What is remembered, or what was remembered a short time ago."""
        have, had = len(self._known) + len(self._folded), len(self._met.known) + len(self._met.folded)
        if have > had + had // 16:
            self._met = Met(known=_sorted(self._known), folded=_sorted(self._folded))
        return self._met

    def settled(self, sketches: Sketches, fold: Fold, hashed: Hashed) -> tuple[list[str], Numbers]:
        """
        The keys of a block's lines, and which of them each line is taken to have.

        `fold` gives the keys of some lines, `hashed` a hash of each.
        """
        names, of = _chosen(sketches, _sorted(self._folded))
        keys: dict[str, int] = {}
        rows = np.full(len(names), -1)
        for at, name in enumerate(names.tolist()):
            if (key := self._known.get(name)) is not None:
                rows[at] = keys.setdefault(key, len(keys))
        if (rows >= 0).all():
            return list(keys), rows.take(of)
        runs = _runs(hashed, of, rows < 0)
        closely = _closely(runs, self._folded_ones(names))
        found = _Found(runs, fold, keys, self._slots)
        begun = np.searchsorted(runs.owner, np.arange(len(names) + 1))
        asked = np.zeros(len(names), bool)
        asked[np.argsort(begun[:-1] - begun[1:], kind="stable")[:ASKED]] = True
        found.look(np.flatnonzero(closely | ~asked.take(runs.owner)))
        if not self._looked:
            self._looked = True
            self._slots = slots_of(itertools.islice(found.keys(), LOOKED_AT))
            found.open(self._slots)
            self._everywhere = words_everywhere(_blocks(itertools.islice(found.keys(), LOOKED_AT)))
        mine = {
            int(names[at]): np.arange(begun[at], begun[at + 1])
            for at in np.flatnonzero(asked & (rows < 0)).tolist()
            if int(names[at]) not in self._folded
        }
        disputed = self._asked(mine, found)
        found.look_at_all(
            ones for name, ones in mine.items() if name not in disputed and not self._speak(name, len(ones))
        )
        if disputed and self._listened < HEARD:
            doubtful = np.fromiter((name in disputed for name in names.tolist()), bool, len(names))
            heard = np.flatnonzero(runs.rank < np.where(doubtful, HEARD_OF_ONE, MOST).take(runs.owner))
            self._listened += len(heard)
            found.look(heard)
            self._learn(key for key, _ in found.keys_of(heard))
        for name in disputed:
            self._decide(name, len(mine[name]))
        found.look_at_all(mine[name] for name in disputed if not self._speak(name, len(mine[name])))
        common = np.zeros(len(names), bool)
        for at in np.flatnonzero(rows < 0).tolist():
            name = int(names[at])
            if self._speak(name, begun[at + 1] - begun[at]):
                rows[at] = keys.setdefault(self._known[name], len(keys))
                common[at] = name in self._common
        self._remember(sketches, names)
        result = rows.take(of)
        led = common.take(runs.owner) | (found.rows < 0)
        result[runs.lines] = np.where(led, rows.take(runs.owner), found.rows).repeat(
            np.diff(np.append(runs.first, len(runs.lines)))
        )
        used = np.bincount(result, minlength=len(keys)) > 0
        return list(itertools.compress(keys, used)), (np.cumsum(used) - 1).take(result)

    def _folded_ones(self, names: Hashes) -> Flags:
        return np.fromiter((name in self._folded for name in names.tolist()), bool, len(names))

    def _speak(self, name: int, size: int) -> bool:
        """Whether some of a sketch's `size` runs speak for all."""
        return size > FEW and name in self._known

    def _asked(self, mine: Mapping[int, Numbers], found: _Found) -> dict[int, None]:
        """Looks closely at sketches, each with its runs in this block; those whose lines do not agree."""
        waiting = {name: self._open.get(name) or _Undecided() for name in mine}
        for name, undecided in waiting.items():
            undecided.lines += len(mine[name])
        disputed: dict[int, None] = {}
        for size in SAMPLES:
            found.look_at_all(mine[name][:size] for name in waiting)
            for name, undecided in list(waiting.items()):
                undecided.keys.update(found.keys_of(mine[name][:size]))
                ready = undecided.lines >= undecided.wanted
                agreed = ready and self._agreed(name, undecided)
                if not agreed and ready and len(mine[name]) > size < MOST:
                    continue
                del waiting[name]
                if agreed:
                    continue
                if name in self._open or len(self._open) < PENDING:
                    self._open[name] = undecided
                if ready:
                    disputed[name] = None
        return disputed

    def _decide(self, name: int, size: int) -> None:
        """Tries once more to make the lines of a sketch agree; those that do not are folded from now on, or later."""
        undecided = self._open.get(name)
        if undecided is None or self._agreed(name, undecided):
            return
        undecided.wanted *= 4
        if undecided.wanted > MOST * 4 or len(undecided.keys) > MOST or size > MOST:
            del self._open[name]
            if len(self._folded) < REMEMBERED:
                self._folded.add(name)

    def _agreed(self, name: int, undecided: _Undecided) -> bool:
        known = Known(names=self.learned.names, everywhere=self._everywhere)
        if len(self._known) >= REMEMBERED or (found := agreement(undecided.keys, known)) is None:
            return False
        self._known[name] = found.key
        if found.common:
            self._common.add(name)
        self.learned.open(found)
        self._open.pop(name, None)
        return True

    def _learn(self, keys: Iterable[str]) -> None:
        """Learns which words are names, if there is much more to learn from than there was at the last time."""
        for key in keys:
            if len(self._heard) < HEARD:
                self._heard[key] = None
        if len(self._heard) > self._understood * 3 // 2:
            self._understood = len(self._heard)
            self.learned.names |= names_of(sorted({row_of(shape(key)) for key in self._heard}))

    def _remember(self, sketches: Sketches, names: Hashes) -> None:
        """That a sketch is what it became where it was widened: in another block there may be too few like it."""
        changed = sketches.names != sketches.wider
        for name, wider in zip(sketches.names[changed].tolist(), sketches.wider[changed].tolist(), strict=True):
            if name in self._known or len(self._known) >= REMEMBERED:
                continue
            if (key := self._known.get(wider)) is not None:
                self._known[name] = key
                self._open.pop(name, None)


class _Found:
    """The keys of runs as far as they were looked at: `rows` has for each the number of its key, -1 if none yet."""

    def __init__(self, runs: _Runs, fold: Fold, keys: dict[str, int], slots: Slots) -> None:
        self._places = runs.places
        self._fold = fold
        self._keys = keys
        self._slots = slots
        self._hashes: dict[int, tuple[str, int]] = {}
        self.rows = np.full(len(self._places), -1)

    def look(self, runs: Numbers) -> None:
        """Folds one line of each of these runs that was not looked at yet."""
        new = runs[self.rows.take(runs) < 0]
        if not len(new):
            return
        found, rows = self._fold(self._places.take(new))
        self.rows[new] = self._numbered(list(map(self._slots.opened, found.to_list()))).take(rows)

    def _numbered(self, keys: list[str]) -> Numbers:
        """The numbers of keys, with what they are hashed to."""
        numbers = [self._keys.setdefault(key, len(self._keys)) for key in keys]
        hashes = pl.Series(values=keys, dtype=pl.String).hash().to_list()
        self._hashes.update(zip(numbers, zip(keys, hashes, strict=True), strict=True))
        return np.array(numbers, np.intp)

    def open(self, slots: Slots) -> None:
        """Opens slots that were not known when the runs were looked at."""
        self._slots = slots
        if slots.found and self._hashes:
            before = dict(self._hashes)
            self._hashes.clear()
            numbers = np.full(len(self._keys), -1)
            numbers[list(before)] = self._numbered([slots.opened(key) for key, _ in before.values()])
            looked = self.rows >= 0
            self.rows[looked] = numbers.take(self.rows[looked])

    def look_at_all(self, several: Iterable[Numbers]) -> None:
        """As `look`, at once: the engine takes its time for each call."""
        if together := list(several):
            self.look(np.concatenate(together))

    def keys(self) -> Iterable[str]:
        """The keys of all runs that were looked at."""
        return (key for key, _ in self._hashes.values())

    def keys_of(self, runs: Numbers) -> Iterable[tuple[str, int]]:
        """The keys of runs that were looked at, with their hashes."""
        return (self._hashes[row] for row in set(self.rows.take(runs).tolist()))


def wanted(sketches: Sketches, met: Met, hashed: Hashed) -> Numbers:
    """The lines of a block that will have to be folded, as far as can be said by what was met until then."""
    names, of = _chosen(sketches, met.folded)
    runs = _runs(hashed, of, ~_among(names, met.known))
    return np.sort(runs.places[_closely(runs, _among(names, met.folded))])


def _closely(runs: _Runs, folded: Flags) -> Flags:
    """Which runs are looked at first: all of a sketch whose lines are `folded` or few, some of the others."""
    whole = folded | (np.bincount(runs.owner, minlength=len(folded)) <= FEW)
    closely: Flags = whole.take(runs.owner) | (runs.rank < SAMPLES[0])
    return closely


def _chosen(sketches: Sketches, folded: Hashes) -> tuple[Hashes, Numbers]:
    """The sketches of a block's lines: the wider ones, but for those whose lines were found to differ."""
    chosen = np.where(_among(sketches.wider, folded), sketches.names, sketches.wider)
    names, which = np.unique(chosen, return_inverse=True)
    return names, which.take(sketches.of)


def _runs(hashed: Hashed, of: Numbers, those: Flags) -> _Runs:
    lines = np.flatnonzero(those.take(of))
    hashes, owners = hashed(lines), of.take(lines)
    order = np.lexsort((hashes, owners))
    lines, hashes, owners = lines[order], hashes[order], owners[order]
    new = np.ones(len(lines), bool)
    new[1:] = (owners[1:] != owners[:-1]) | (hashes[1:] != hashes[:-1])
    first = np.flatnonzero(new)
    owner = owners.take(first)
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    return _Runs(lines=lines, first=first, owner=owner, rank=rank)


def _among(names: Hashes, ordered: Hashes) -> Flags:
    if not len(ordered):
        return np.zeros(len(names), bool)
    found: Flags = ordered.take(np.searchsorted(ordered, names), mode="clip") == names
    return found


def _blocks(keys: Iterable[str]) -> Collection[Iterable[Row]]:
    """The rows of keys, those of one outline together."""
    blocks: dict[Row, list[Row]] = defaultdict(list)
    for key in keys:
        row = row_of(shape(key))
        blocks[outline_of(row)].append(row)
    return blocks.values()


def _sorted(names: Iterable[int]) -> Hashes:
    return np.sort(np.fromiter(names, np.uint64))
