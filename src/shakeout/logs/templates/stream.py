"""Lines as they come, cut into blocks at fixed places, so that it does not matter in which portions they came."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl

from shakeout.logs.templates.block import column_of

LINES = 1 << 15
"""Lines of a block."""

BYTES = 6 << 20
"""Bytes of a block after which it ends sooner, with the line that reaches them."""

Lines = pl.Series | bytes
One = TypeVar("One")
Other = TypeVar("Other")
Ends = np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Lines that came together, `size` of them, from `path`, where the first has the number `start`."""

    lines: Lines
    size: int
    path: str
    start: int


class Stream:
    """The lines that came since the last block was full: fewer than `LINES` of them, and fewer than `BYTES`."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.size = 0
        self._bytes = 0

    def add(self, lines: Lines, *, path: str, start: int) -> Iterator[list[Piece]]:
        """Adds lines, the first with the number `start`, and yields the pieces of each block that is full by these."""
        ends = _ends(lines)
        at = 0
        while at < len(ends):
            before = int(ends[at - 1]) if at else 0
            whole = int(np.searchsorted(ends, before + BYTES - self._bytes)) + 1
            until = min(len(ends), whole, at + LINES - self.size)
            part = _part(lines, ends, at, until)
            self.pieces.append(Piece(lines=part, size=until - at, path=path, start=start + at))
            self.size += until - at
            self._bytes += int(ends[until - 1]) - before
            at = until
            if self.size >= LINES or self._bytes >= BYTES:
                yield self.taken()

    def taken(self) -> list[Piece]:
        """All pieces that there are; none are left."""
        pieces, self.pieces, self.size, self._bytes = self.pieces, [], 0, 0
        return pieces


def joined(pieces: list[Piece]) -> Lines:
    """The lines of several pieces: bytes if all are."""
    if len(pieces) == 1:
        return pieces[0].lines
    blocks = [piece.lines for piece in pieces if isinstance(piece.lines, bytes)]
    if len(blocks) == len(pieces):
        return b"\n".join(blocks)
    return pl.concat(
        [column_of(piece.lines) if isinstance(piece.lines, bytes) else piece.lines for piece in pieces], rechunk=True
    )


def side_by_side(work: Callable[[One], Other], items: Iterable[One]) -> Iterator[Other]:
    """What `work` makes of each item, in their order; as many are made at the same time as there are cores."""
    cores = pl.thread_pool_size()
    remaining = iter(items)
    first = list(itertools.islice(remaining, 2))
    if cores < 2 or len(first) < 2:
        yield from map(work, itertools.chain(first, remaining))
        return
    with ThreadPoolExecutor(cores, thread_name_prefix="templates") as workers:
        pending: deque[Future[Other]] = deque()
        for item in itertools.chain(first, remaining):
            pending.append(workers.submit(work, item))
            if len(pending) > cores:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _ends(lines: Lines) -> Ends:
    """Behind how many bytes each line ends, its line end with it."""
    if isinstance(lines, bytes):
        found = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n")) + 1
        return np.append(found, len(lines) + 1)
    return np.cumsum(lines.str.len_bytes().to_numpy().astype(np.intp) + 1)


def _part(lines: Lines, ends: Ends, start: int, end: int) -> Lines:
    if start == 0 and end == len(ends):
        return lines
    if isinstance(lines, bytes):
        return lines[int(ends[start - 1]) if start else 0 : int(ends[end - 1]) - 1]
    return lines[start:end]
