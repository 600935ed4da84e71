"""One portion of lines, folded and counted: the part of the work that needs no memory of other portions."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from shakeout.logs.templates.fold import names_folded, numbers_folded
from shakeout.logs.templates.messages import spoken
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.table import EXAMPLES, MARKS, WORD, outline_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """
    Lines and what they fold to.

    `texts` are the bare messages. `keys` has, by `row`, each distinct `key`, its `outline`, `trace` and `hash`; `rows`
    says for each line which of them it has. `kinds` has, for each `row` and `level`, the `count`, and the positions of
    the `first` line, of the `last`, and of the first few (`heads`).
    """

    lines: pl.Series
    texts: pl.Series
    keys: pl.DataFrame
    rows: pl.Series
    kinds: pl.DataFrame


def column_of(block: bytes) -> pl.Series:
    """
    The physical lines of a block, without their ends, as a column of strings.

    Lines end with LF or CRLF. Bytes that are no UTF-8 become the replacement character.
    """
    try:
        text = pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        text = pl.Series([block.decode("utf-8", "replace")])
    lines = text.str.split("\n").explode()
    return lines.str.strip_suffix("\r") if b"\r" in block else lines


def portion_of(lines: pl.Series | bytes, layout: Layout | None) -> Portion:
    """Folds and counts a column of lines (valid strings) or a block."""
    if isinstance(lines, bytes):
        lines = column_of(lines)
    frame = pl.DataFrame({"line": lines})
    bare = frame.with_columns(text=pl.col("line"), level=pl.lit(None, pl.String))
    frame = spoken(layout.applied(frame) if layout else bare)
    frame = frame.with_columns(rough=numbers_folded(frame["text"]))
    counted = (
        frame.select("rough", "level")
        .with_row_index("at")
        .group_by("rough", "level", maintain_order=True)
        .agg(
            pl.len().alias("count"),
            pl.col("at").head(EXAMPLES).alias("heads"),
            pl.col("at").first().alias("first"),
            pl.col("at").last().alias("last"),
        )
    )
    counted = counted.with_columns(key=names_folded(counted["rough"]))
    keys = counted.select("key").unique(maintain_order=True).with_row_index("row")
    counted = counted.join(keys, on="key", how="left", maintain_order="left")
    kinds = counted.group_by("row", "level", maintain_order=True).agg(
        pl.col("count").sum(),
        pl.col("heads").explode().sort().head(EXAMPLES),
        pl.col("first").min(),
        pl.col("last").max(),
    )
    rough = counted.select("rough", "row").unique("rough")
    return Portion(
        lines=lines,
        texts=frame["text"],
        keys=_traced(keys),
        rows=frame.select("rough").join(rough, on="rough", how="left", maintain_order="left")["row"],
        kinds=kinds,
    )


def _traced(keys: pl.DataFrame) -> pl.DataFrame:
    """
    Adds the outline and the trace of each key, as `table.trace_of` has them, and a hash.

    The hash is the same in every run of one version of polars. It decides which keys of an event with too many names
    are looked at, never an id.
    """
    frame = keys.with_columns(
        skeleton=pl.col("key").str.replace_all(WORD, "w"),
        words=pl.col("key").str.splitn(" ", MARKS + 1),
        hash=pl.col("key").hash(),
    )
    skeletons = frame["skeleton"].unique()
    numbers = pl.Series("outline", [outline_of(text) for text in skeletons.to_list()], dtype=pl.Int32)
    known = pl.DataFrame({"skeleton": skeletons, "outline": numbers})
    frame = frame.join(known, on="skeleton", how="left", maintain_order="left")
    trace = pl.col("outline")
    for place in range(MARKS):
        length = pl.col("words").struct.field(f"field_{place}").str.len_bytes().fill_null(0)
        trace = trace * 4 + length.cast(pl.Int32) % 4
    return frame.select("row", "key", "outline", "hash", trace=trace)


def portions_of(columns: Iterable[pl.Series | bytes], layout: Layout | None) -> Iterator[Portion]:
    """The portions of several columns or blocks, in order; as many are made at the same time as there are cores."""
    cores = pl.thread_pool_size()
    remaining = iter(columns)
    first = list(itertools.islice(remaining, 2))
    columns = itertools.chain(first, remaining)
    if cores < 2 or len(first) < 2:
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
