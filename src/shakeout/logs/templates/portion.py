"""A block of lines, counted: how many lines of which key, and where they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from shakeout.logs.templates.block import Block
from shakeout.logs.templates.prefix import LEVELS
from shakeout.logs.templates.table import EXAMPLES, Limits, Seen, Table
from shakeout.logs.templates.traces import MARKS, traces_of
from shakeout.logs.templates.words import Flags, Numbers

_NARROW = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """
    A block and the keys of its lines.

    `rows` says for each line which of `keys` distinct keys it has, `counts` how many have each. `known` are those keys,
    by number, of which something is known; `new` those that can be kept and of which nothing is known yet, each with
    its text, its trace and a hash. `unknown` are all of which nothing is known, with their `traces`; `passed` counts
    the lines of those of them that can not be kept, by trace.

    The hash is the same in every run of one version of polars. It decides which keys of an event with too many names
    are looked at, never an id.
    """

    block: Block
    keys: int
    rows: Numbers
    counts: Numbers
    known: Mapping[int, Seen]
    new: Mapping[int, tuple[str, int, int]]
    unknown: Numbers
    traces: Numbers
    passed: Sequence[tuple[int, int]]

    def spans(self) -> tuple[list[int], list[int]]:
        """The positions of each key's first line with a prefix, and of the last; -1 where none has one."""
        places = np.arange(len(self.rows)) if self.block.begun is None else np.flatnonzero(self.block.begun)
        rows = self.rows.take(places)
        first, last = np.full(self.keys, -1), np.full(self.keys, -1)
        last[rows] = places
        first[rows[::-1]] = places[::-1]
        return first.tolist(), last.tolist()

    def levels(self) -> Iterator[tuple[int, int, int]]:
        """Each key with each level that its lines have, and how many have it."""
        if self.block.levels is None:
            return
        with_level = np.flatnonzero(self.block.levels >= 0)
        kinds = self.rows.take(with_level) * len(LEVELS) + self.block.levels.take(with_level)
        counts = np.bincount(kinds)
        for kind in np.flatnonzero(counts).tolist():
            yield *divmod(kind, len(LEVELS)), int(counts[kind])

    def heads(self, wanted: Collection[int]) -> Iterator[tuple[int, Sequence[int]]]:
        """The positions of the first few lines of some keys."""
        if not wanted:
            return
        some = np.zeros(self.keys, bool)
        some[list(wanted)] = True
        lines = np.flatnonzero(some.take(self.rows))
        rows = self.rows.take(lines)
        if self.keys < _NARROW:
            rows = rows.astype(np.uint16)  # which is put in order by counting, not by comparing
        order = np.argsort(rows, kind="stable")
        ordered, lines = rows.take(order), lines.take(order)
        begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        for row, start, end in zip(
            ordered.take(begins).tolist(), begins.tolist(), [*begins[1:].tolist(), len(lines)], strict=True
        ):
            yield row, lines[start : min(start + EXAMPLES, end)].tolist()


def counted(block: Block, keys: pl.Series, rows: Numbers, table: Table) -> Portion:
    """Counts the lines of a block, whose keys are known; `table` has those that are kept."""
    found = list(map(table.seen.get, keys))
    unknown = np.flatnonzero([seen is None for seen in found])
    column = keys.gather(unknown)
    traces, hashes = traces_of(column), column.hash()
    beyond = _beyond(traces // (1 << 2 * MARKS), hashes, table.limits())
    counts = np.bincount(rows, minlength=len(keys))
    left = np.flatnonzero(~beyond)
    kept = zip(*(some.gather(left).to_list() for some in (column, traces, hashes)), strict=True)
    return Portion(
        block=block,
        keys=len(keys),
        rows=rows,
        counts=counts,
        known={row: seen for row, seen in enumerate(found) if seen is not None},
        new=dict(zip(unknown.take(left).tolist(), kept, strict=True)),
        unknown=unknown,
        traces=traces.to_numpy(),
        passed=_passed(traces.to_numpy()[beyond], counts[unknown[beyond]]),
    )


def _passed(traces: Numbers, counts: Numbers) -> list[tuple[int, int]]:
    kinds, which = np.unique(traces, return_inverse=True)
    sums = np.bincount(which, weights=counts, minlength=len(kinds))
    return [(trace, int(count)) for trace, count in zip(kinds.tolist(), sums.tolist(), strict=True)]


def _beyond(outlines: pl.Series, hashes: pl.Series, limits: Limits) -> Flags:
    """Which of the keys with these outlines and hashes can not be kept."""
    beyond = np.zeros(len(hashes), bool)
    if not len(hashes):
        return beyond
    if limits.most is not None:
        beyond = (hashes > limits.most.gather(outlines)).to_numpy(writable=True)
    if len(hashes) <= limits.each:
        return beyond
    left = pl.DataFrame({"outline": outlines, "hash": hashes}).with_row_index("at").filter(pl.Series(~beyond))
    crowded = left.filter(pl.len().over("outline") > limits.each)
    if len(crowded):
        late = crowded.filter(pl.col("hash").rank("min").over("outline") > limits.each)["at"]
        beyond[late.to_numpy()] = True
    return beyond
