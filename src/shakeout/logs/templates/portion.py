"""One portion of lines, folded and counted: the part of the work that needs no memory of other portions."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from shakeout.logs.templates.fold import Known, cut, numbers_folded, text_folded
from shakeout.logs.templates.messages import spoken
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.table import EXAMPLES, Limits
from shakeout.logs.templates.traces import MARKS, traces_of


@dataclass(frozen=True, kw_only=True)
class Portion:
    """
    Lines and what they fold to.

    `raw` are the lines as they came, `bare` the messages in them where that is not the same. `keys` are the distinct
    keys, each with its trace and a hash; `rows` says for each line which of them it has. `passed` counts the lines of
    each trace whose key can not be kept (`Limits`). Of all others `kinds` has, for each `row` of `keys` and
    each `level`, the `count`, and the positions of the `first` line, of the `last`, and of the first few (`heads`).

    The hash is the same in every run of one version of polars. It decides which keys of an event with too many names
    are looked at, never an id.
    """

    raw: pl.Series | bytes
    bare: pl.Series | None
    keys: pl.Series
    traces: pl.Series
    hashes: pl.Series
    rows: pl.Series
    passed: Sequence[tuple[int, int]]
    kinds: pl.DataFrame

    @cached_property
    def lines(self) -> pl.Series:
        """The lines as a column."""
        return column_of(self.raw) if isinstance(self.raw, bytes) else self.raw

    @property
    def texts(self) -> pl.Series:
        """The bare messages as a column."""
        return self.lines if self.bare is None else self.bare

    def texts_at(self, places: list[int]) -> list[str]:
        """The bare messages of some lines, by their positions; a block is not made a column for these."""
        if self.bare is None and isinstance(self.raw, bytes):
            lines = self.raw.split(b"\n")
            return [lines[at].removesuffix(b"\r").decode("utf-8", "replace") for at in places]
        return [str(text) for text in self.texts.gather(places)]


def column_of(block: bytes) -> pl.Series:
    """
    The physical lines of a block, without their ends, as a column of strings.

    Lines end with LF or CRLF. Bytes that are no UTF-8 become the replacement character.
    """
    return _lines_of(_text_of(block), block)


def portion_of(lines: pl.Series | bytes, layout: Layout | None, known: Known, limits: Limits | None = None) -> Portion:
    """
    Folds and counts a column of lines (valid strings) or a block.

    `known` is the memory of the second fold. `limits` says which keys can not be kept.
    A block is folded before it is divided, which is quicker, unless its lines must be looked at one by one: where they
    have a prefix or terminal escapes, or are JSON objects.
    """
    if layout is None and isinstance(lines, bytes) and b"\x1b" not in lines and not lines.startswith(b"{"):
        rough = cut(_lines_of(text_folded(_text_of(lines)), lines))
        if not rough.str.starts_with("{").any():
            return _counted(lines, None, pl.DataFrame({"rough": rough}), known, limits)
    column = column_of(lines) if isinstance(lines, bytes) else lines
    frame = pl.DataFrame({"line": column})
    frame = layout.applied(frame) if layout else frame.with_columns(text=pl.col("line"))
    frame = spoken(frame)
    frame = frame.with_columns(rough=numbers_folded(frame["text"]))
    return _counted(column, frame["text"], frame.drop("line", "text"), known, limits)


def _counted(
    raw: pl.Series | bytes, bare: pl.Series | None, frame: pl.DataFrame, known: Known, limits: Limits | None
) -> Portion:
    frame = frame.with_row_index("at")
    rough = frame.group_by("rough", maintain_order=True).agg("at")
    folded = pl.DataFrame({"key": known.folded(rough["rough"]), "at": rough["at"], "lines": rough["at"].list.len()})
    grouped = folded.with_row_index("part").group_by("key", maintain_order=True)
    keys = grouped.agg("part", pl.col("lines").sum()).with_row_index("row")
    parts = _scattered(keys, "part", len(folded))
    rows = _scattered(folded.select("at", row=parts), "at", len(frame))
    key = keys["key"]
    traces, hashes = traces_of(key), key.hash()
    frame = frame.drop("rough").with_columns(row=rows)
    passed: list[tuple[int, int]] = []
    if limits is not None:
        beyond = _beyond(traces // (1 << 2 * MARKS), hashes, limits)
        if beyond.any():
            passed = keys.select(pl.lit(traces).alias("trace"), "lines").filter(beyond).group_by("trace").sum().rows()
            frame = frame.filter(~beyond.gather(rows))
    if "level" not in frame.columns:
        frame = frame.with_columns(level=pl.lit(None, pl.String))
    kinds = frame.group_by("row", "level", maintain_order=True).agg(
        pl.len().alias("count"),
        pl.col("at").head(EXAMPLES).alias("heads"),
        pl.col("at").first().alias("first"),
        pl.col("at").last().alias("last"),
    )
    return Portion(raw=raw, bare=bare, keys=key, traces=traces, hashes=hashes, rows=rows, passed=passed, kinds=kinds)


def _beyond(outlines: pl.Series, hashes: pl.Series, limits: Limits) -> pl.Series:
    """Which of the keys with these outlines and hashes can not be kept."""
    if limits.most is not None:
        beyond = hashes > limits.most.gather(outlines)
    else:
        beyond = pl.repeat(value=False, n=len(hashes), dtype=pl.Boolean, eager=True)
    left = pl.DataFrame({"outline": outlines, "hash": hashes}).with_row_index("at").filter(~beyond)
    crowded = left.filter(pl.len().over("outline") > limits.each) if len(left) > limits.each else left.clear()
    if len(crowded):
        late = crowded.filter(pl.col("hash").rank("min").over("outline") > limits.each)["at"]
        beyond = beyond.scatter(late, values=True)
    return beyond


def _scattered(frame: pl.DataFrame, places: str, size: int) -> pl.Series:
    """A column of `size` numbers: at each of the listed places, the `row` that lists it."""
    pairs = frame.select("row", places).explode(places)
    return pl.zeros(size, dtype=pl.UInt32, eager=True).scatter(pairs[places], pairs["row"])


def _text_of(block: bytes) -> pl.Series:
    try:
        return pl.Series("line", [block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series("line", [block.decode("utf-8", "replace")])


def _lines_of(text: pl.Series, block: bytes) -> pl.Series:
    lines = text.str.split("\n").explode()
    return lines.str.strip_suffix("\r") if b"\r" in block else lines


def portions_of(
    columns: Iterable[pl.Series | bytes], layout: Layout | None, known: Known, limits: Callable[[], Limits]
) -> Iterator[Portion]:
    """
    The portions of several columns or blocks, in order; as many are made at the same time as there are cores.

    `limits` is asked for each portion when it is begun.
    """
    cores = pl.thread_pool_size()
    remaining = iter(columns)
    first = list(itertools.islice(remaining, 2))
    columns = itertools.chain(first, remaining)
    if cores < 2 or len(first) < 2:
        for column in columns:
            yield portion_of(column, layout, known, limits())
        return
    with ThreadPoolExecutor(cores, thread_name_prefix="portion") as workers:
        pending: deque[Future[Portion]] = deque()
        for column in columns:
            pending.append(workers.submit(portion_of, column, layout, known, limits()))
            if len(pending) > cores:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
