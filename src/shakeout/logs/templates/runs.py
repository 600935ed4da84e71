"""Equal lines of a block, which are looked at as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import polars as pl

from shakeout.logs.templates.slots import Slots
from shakeout.logs.templates.words import Flags, Hashes, Numbers

Fold = Callable[[Numbers], tuple[pl.Series, Numbers]]
Hashed = Callable[[Numbers], Hashes]
Holding = Callable[[Numbers, Sequence[int], Sequence[Sequence[str]]], Flags]


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
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


class Found:
    """The keys of runs as far as they were looked at: `rows` has for each the number of its key, -1 if none yet."""

    def __init__(self, runs: Runs, fold: Fold, keys: dict[str, int], slots: Slots) -> None:
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

    def keys(self) -> list[str]:
        """The keys of all runs that were looked at, by their hashes: in what order they were found is chance."""
        return [key for key, _ in sorted(self._hashes.values(), key=itemgetter(1, 0))]

    def keys_of(self, runs: Numbers) -> list[tuple[str, int]]:
        """The keys of runs that were looked at, with their hashes, by these."""
        return sorted((self._hashes[row] for row in set(self.rows.take(runs).tolist())), key=itemgetter(1, 0))


def runs_of(hashed: Hashed, of: Numbers, those: Flags) -> Runs:
    """The runs of a block's lines: `of` says which sketch each has, `those` which of the sketches are asked for."""
    lines = np.flatnonzero(those.take(of))
    hashes, owners = hashed(lines), of.take(lines)
    order = np.lexsort((hashes, owners))
    lines, hashes, owners = lines[order], hashes[order], owners[order]
    new = np.ones(len(lines), bool)
    new[1:] = (owners[1:] != owners[:-1]) | (hashes[1:] != hashes[:-1])
    first = np.flatnonzero(new)
    owner = owners.take(first)
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    return Runs(lines=lines, first=first, owner=owner, rank=rank)
