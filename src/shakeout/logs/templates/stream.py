"""Lines as they come, cut into blocks at fixed places, so that it does not matter in which portions they came."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl

from shakeout.logs.templates.block import column_of

LINES = 1 << 16
"""Lines of a block."""

FIRST = 1 << 13
"""Lines of the first block of all: what is found out there saves time in those that follow."""

BYTES = 8 << 20
"""Bytes of a block after which it ends sooner, with the line that reaches them."""

Lines = pl.Series | bytes
One = TypeVar("One")
Other = TypeVar("Other")

_NEAR = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Lines that came together, `size` of them, from `path`, where the first has the number `start`."""

    lines: Lines
    size: int
    path: str
    start: int


class Stream:
    """
    The lines that came since the last block was full.

    `path` is where lines are from, `number` that of the next one there.
    """

    def __init__(self) -> None:
        self._most = FIRST
        self.pieces: list[Piece] = []
        self.size = 0
        self.path = ""
        self.number = 1
        self._bytes = 0

    def add(self, lines: Lines) -> Iterator[list[Piece]]:
        """Adds lines and yields the pieces of each block that is full by these."""
        while True:
            end, size, width = _cut(lines, self._most - self.size, BYTES - self._bytes)
            whole = end >= len(lines)
            part = lines if whole else lines[:end]
            self.pieces.append(Piece(lines=part, size=size, path=self.path, start=self.number))
            self.size += size
            self.number += size
            self._bytes += width
            if self.size >= self._most or self._bytes >= BYTES:
                self._most = LINES
                yield self.taken()
            if whole:
                return
            lines = lines[end + 1 :] if isinstance(lines, bytes) else lines[end:]

    def taken(self) -> list[Piece]:
        """All pieces that there are; none are left."""
        pieces, self.pieces, self.size, self._bytes = self.pieces, [], 0, 0
        return pieces


def joined(pieces: Sequence[Piece]) -> Lines:
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
    """
    What `work` makes of each item, in their order.

    The first is made before the next item is asked for; of the others, as many at the same time as there are cores.
    """
    cores = pl.thread_pool_size()
    remaining = iter(items)
    yield from map(work, itertools.islice(remaining, None if cores < 2 else 1))
    if (second := next(remaining, None)) is None:
        return
    with ThreadPoolExecutor(cores, thread_name_prefix="templates") as workers:
        pending: deque[Future[Other]] = deque()
        for item in itertools.chain((second,), remaining):
            pending.append(workers.submit(work, item))
            if len(pending) > cores:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _cut(lines: Lines, most: int, width: int) -> tuple[int, int, int]:
    """
    Where to cut lines so that there are no more than `most`, the last of them that which reaches `width` bytes.

    With it how many they are, and of how many bytes, their line ends with them.
    """
    if isinstance(lines, pl.Series):
        ends = np.cumsum(lines.str.len_bytes().to_numpy().astype(np.intp) + 1)
        size = min(int(np.searchsorted(ends, width)) + 1, most, len(lines))
        return size, size, int(ends[size - 1])
    data = np.frombuffer(lines, np.uint8)
    newline = lines.find(b"\n", width - 1)
    whole = len(lines) if newline < 0 else newline
    size = 0
    for start in range(0, whole, _NEAR):
        newlines = data[start : min(start + _NEAR, whole)] == ord("\n")
        here = int(np.count_nonzero(newlines))
        if size + here >= most:
            end = start + int(np.flatnonzero(newlines)[most - size - 1])
            return end, most, end + 1
        size += here
    return whole, size + 1, whole + 1
