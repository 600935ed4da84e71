"""The part of the work on a block that needs no memory of other blocks, or only makes use of it to save time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from shakeout.logs.templates.block import Block, block_of
from shakeout.logs.templates.casts import Casts, Met, wanted
from shakeout.logs.templates.fold import Known
from shakeout.logs.templates.prefixes import Prefixes
from shakeout.logs.templates.sketch import Sketches, sketched
from shakeout.logs.templates.stream import Piece, joined
from shakeout.logs.templates.words import Numbers

ENOUGH = 1 << 13
"""Lines of a block from which on it is sketched; a smaller one is only if the first block of all was."""

ALIKE = 4
"""Lines for each sketch that a block has on average where it is worth while to sketch it."""

SELDOM = 8
"""Of how many blocks one is sketched where the first was not worth it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """
    A block with the sketches of its lines, and those of its lines that are folded already.

    `places` are these lines, in ascending order, `rows` says for each of them which of `keys` it has. Without
    `sketches`, all lines are folded.
    """

    block: Block
    sketches: Sketches | None
    places: Numbers
    keys: pl.Series
    rows: Numbers
    known: Known

    def settled(self, casts: Casts) -> tuple[pl.Series, Numbers]:
        """The distinct keys of the block's lines, and for each line which of them it has."""
        if self.sketches is None:
            return self.keys, self.rows
        keys, rows = casts.settled(self.sketches, self._folded, self.block.hashed, self.block.holding)
        return pl.Series("key", keys, dtype=pl.String), rows

    def _folded(self, places: Numbers) -> tuple[pl.Series, Numbers]:
        at = np.searchsorted(self.places, places)
        there = self.places.take(at, mode="clip") == places if len(self.places) else np.zeros(len(places), bool)
        if there.all():
            used, rows = np.unique(self.rows.take(at), return_inverse=True)
            return self.keys.gather(used), rows
        return self.block.folded(self.known, places)


def look(pieces: list[Piece], prefixes: Prefixes | None, known: Known, met: Met | None) -> Looked:
    """
    Sketches a block and folds those lines of it that need to be.

    All lines are folded if hardly any two are alike, or if nothing that was `met` is given. The block has the lines
    then, the pieces have none any more.
    """
    lines = joined(pieces)
    pieces[:] = [replace(piece, lines=b"") for piece in pieces]
    block = block_of(lines, prefixes, sum(piece.size for piece in pieces))
    sketches, places = None, None
    if met is not None:
        sketches = sketched(block.data, met.known)
        block = replace(block, ends=sketches.ends)
        if len(np.unique(sketches.wider)) * ALIKE > max(block.size, ENOUGH):
            sketches = None
        else:
            places = wanted(sketches, met, block.hashed)
    keys, rows = block.folded(known, places)
    every = np.arange(block.size) if places is None else places
    return Looked(block=block, sketches=sketches, places=every, keys=keys, rows=rows, known=known)
