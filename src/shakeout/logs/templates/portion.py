"""A block of lines, counted: how many lines of which key, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from shakeout.logs.templates.block import Block
from shakeout.logs.templates.sketch import Flags, Numbers
from shakeout.logs.templates.table import EXAMPLES, Limits
from shakeout.logs.templates.traces import MARKS, traces_of

_NARROW = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """
    The lines of one key and one level: how many, the first, the last, and the first few.

    `row` is the number of the key, `level` None where the lines have none.
    """

    row: int
    level: str | None
    count: int
    first: int
    last: int
    heads: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """
    A block and the keys of its lines.

    `keys` are the distinct keys, each with its trace and a hash; `rows` says for each line which of them it has.
    `passed` counts the lines of each trace whose key can not be kept (`Limits`); of all others there are `kinds`.

    The hash is the same in every run of one version of polars. It decides which keys of an event with too many names
    are looked at, never an id.
    """

    block: Block
    keys: Sequence[str]
    traces: Sequence[int]
    hashes: Sequence[int]
    rows: Numbers
    passed: Sequence[tuple[int, int]]
    kinds: Sequence[Kind]


def counted(block: Block, keys: pl.Series, rows: Numbers, limits: Limits) -> Portion:
    """Counts the lines of a block, whose keys are known. `limits` says which keys can not be kept."""
    traces, hashes = traces_of(keys), keys.hash()
    beyond = _beyond(traces // (1 << 2 * MARKS), hashes, limits)
    passed: list[tuple[int, int]] = []
    lines = None
    if beyond.any():
        sizes = np.bincount(rows, minlength=len(keys))
        frame = pl.DataFrame({"trace": traces, "lines": pl.Series(sizes, dtype=pl.Int64)})
        passed = frame.filter(pl.Series(beyond)).group_by("trace").sum().rows()
        lines = np.flatnonzero(~beyond.take(rows))
    return Portion(
        block=block,
        keys=keys.to_list(),
        traces=traces.to_list(),
        hashes=hashes.to_list(),
        rows=rows,
        passed=passed,
        kinds=_kinds(block, rows, lines),
    )


def _kinds(block: Block, rows: Numbers, lines: Numbers | None) -> list[Kind]:
    """The kinds of a block's lines, or of some of them."""
    names: list[str | None] = [None]
    if block.levels is not None:
        names = block.levels.unique(maintain_order=True).to_list()
        numbers = pl.DataFrame({"level": names, "number": range(len(names))}, schema_overrides={"level": pl.String})
        levels = block.levels.to_frame("level").join(
            numbers, on="level", how="left", nulls_equal=True, maintain_order="left"
        )
        rows = rows * len(names) + levels["number"].to_numpy()
    kept = rows if lines is None else rows.take(lines)
    if not len(kept):
        return []
    if int(kept.max()) < _NARROW:
        kept = kept.astype(np.uint16)  # which is put in order by counting, not by comparing
    order = np.argsort(kept, kind="stable")
    ordered = kept.take(order)
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    if lines is not None:
        order = lines.take(order)
    ends = [*begins[1:].tolist(), len(order)]
    firsts = begins.tolist()
    return [
        Kind(
            row=row // len(names),
            level=names[row % len(names)],
            count=end - first,
            first=heads[0],
            last=last,
            heads=heads,
        )
        for row, first, end, last, heads in zip(
            ordered.take(begins).tolist(),
            firsts,
            ends,
            order.take(np.asarray(ends) - 1).tolist(),
            (order[first : min(first + EXAMPLES, end)].tolist() for first, end in zip(firsts, ends, strict=True)),
            strict=True,
        )
    ]


def _beyond(outlines: pl.Series, hashes: pl.Series, limits: Limits) -> Flags:
    """Which of the keys with these outlines and hashes can not be kept."""
    beyond = np.zeros(len(hashes), bool)
    if limits.most is not None:
        beyond = (hashes > limits.most.gather(outlines)).to_numpy(writable=True)
    left = pl.DataFrame({"outline": outlines, "hash": hashes}).with_row_index("at").filter(pl.Series(~beyond))
    crowded = left.filter(pl.len().over("outline") > limits.each) if len(left) > limits.each else left.clear()
    if len(crowded):
        late = crowded.filter(pl.col("hash").rank("min").over("outline") > limits.each)["at"]
        beyond[late.to_numpy()] = True
    return beyond
