"""One portion of lines, folded and counted: the part of the work that needs no memory of other portions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from shakeout.logs.templates.fold import names_folded, numbers_folded
from shakeout.logs.templates.messages import spoken
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.table import EXAMPLES


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """
    Lines and what they fold to.

    `texts` are the bare messages; `rough` are they after the first fold; `keys` maps each distinct rough text to its
    `key`; `kinds` has, for each `key` and `level`, the `count`, the positions of the `first` lines and of the `last`.
    """

    lines: pl.Series
    texts: pl.Series
    rough: pl.Series
    keys: pl.DataFrame
    kinds: pl.DataFrame


def portion_of(lines: pl.Series, layout: Layout | None) -> Portion:
    """Folds and counts a column of lines (valid strings)."""
    frame = pl.DataFrame({"line": lines})
    bare = frame.with_columns(text=pl.col("line"), level=pl.lit(None, pl.String))
    frame = spoken(layout.applied(frame) if layout else bare)
    frame = frame.with_columns(rough=numbers_folded(frame["text"]))
    counted = (
        frame.select("rough", "level")
        .with_row_index("at")
        .group_by("rough", "level", maintain_order=True)
        .agg(pl.len().alias("count"), pl.col("at").head(EXAMPLES).alias("first"), pl.col("at").last().alias("last"))
    )
    counted = counted.with_columns(key=names_folded(counted["rough"]))
    kinds = counted.group_by("key", "level", maintain_order=True).agg(
        pl.col("count").sum(), pl.col("first").explode().sort().head(EXAMPLES), pl.col("last").max()
    )
    return Portion(
        lines=lines,
        texts=frame["text"],
        rough=frame["rough"],
        keys=counted.select("rough", "key").unique("rough"),
        kinds=kinds,
    )


def portions_of(columns: Iterable[pl.Series], layout: Layout | None) -> Iterator[Portion]:
    """The portions of several columns, in order; as many are made at the same time as there are cores."""
    cores = pl.thread_pool_size()
    if cores < 2:
        for column in columns:
            yield portion_of(column, layout)
        return
    with ThreadPoolExecutor(cores, thread_name_prefix="portion") as workers:
        pending: deque[Future[Portion]] = deque()
        for column in columns:
            pending.append(workers.submit(portion_of, column, layout))
            if len(pending) > cores:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
