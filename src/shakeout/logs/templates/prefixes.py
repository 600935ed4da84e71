"""
The prefixes of blocks of lines taken off, each found once.

A line whose first bytes are those of a known prefix, whatever their digits are, has its prefix end at the same place:
the elements of a layout are found one after the other, each in the first way in which it can be, and only prefixes are
remembered that could not be found in an earlier way if the line went on otherwise (`_kinds`, `_closed`; the digit with
which seconds since 1970 begin is asked for). All other lines are given to the regular expression.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shakeout.logs.templates import compiled
from shakeout.logs.templates.cuts import ends_of, lines_of
from shakeout.logs.templates.prefix import Layout, levels_of
from shakeout.logs.templates.words import Flags

LONGEST = 250
"""Bytes of a prefix that is remembered."""

KNOWN = 1 << 12
"""Prefixes that are remembered."""

ASKED = 256
"""Lines of a block, in each of a few rounds, from which new prefixes are learned; fewer where nothing was learned."""

_AT_ONCE = 1 << 13
_LEAST = 16
_ROUNDS = 3
_ENTRY = np.dtype([("hash", np.uint64), ("one", np.int32), ("level", np.int32)])
_SECONDS = re.compile(r"(?<![0-9])[0-9]{10,}")


def _kinds(layout: Layout) -> bytes:
    """
    What each byte is: 1 if a prefix may end behind it, 2 if a message may begin with it, 4 if no prefix has it.

    A message must not go on with what could be of the prefix: space, a second mark of a gap, and behind a time more of
    it, or its zone, behind a separator another. Space beyond ASCII begins with one of four bytes.
    """
    ends = b" \t|,"
    begins = {*range(0x21, 0x100)} - {0x7F, 0xC2, 0xE1, 0xE2, 0xE3, *b"|,"}
    if layout.elements[-1] == "time":
        begins -= {*b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    if layout.elements[-1] == "separator":
        begins -= {*b"-"}
    never = {*range(0x20), *range(0x7F, 0x100)} - {*b"\t"}
    return bytes((byte in ends) | (byte in begins) << 1 | (byte in never) << 2 for byte in range(256))


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """
    The bare messages of a block, a line end between two of them, and the level in front of each: a number of
    `LEVELS`, or -1.

    `ends` says where in the block each line ended, `begun` which lines have a prefix, or part of one.
    """

    bare: bytes
    begun: Flags
    levels: NDArray[np.int32]
    ends: NDArray[np.int64]


class Prefixes:
    """The prefixes of a log with a layout. What is remembered only saves time, so several threads may use one."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._kinds = _kinds(layout)
        self._known: dict[int, tuple[int, int]] = {}
        self._table = np.zeros(2, _ENTRY)
        self._asked = ASKED
        self._lock = threading.Lock()

    def taken(self, block: bytes, size: int) -> Taken:
        """The bare messages of a block of so many lines."""
        found = compiled.prefixed(block, size, self._kinds, self._table, LONGEST)
        if found is None:
            ends = ends_of(block).astype(np.int64)
            cuts, levels = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
        else:
            cuts, levels, ends = found
        missing = np.flatnonzero(cuts < 0)
        if len(missing):
            lines = lines_of(block, ends, missing)
            cuts[missing], levels[missing] = self._found(lines, learn=found is not None)
        bare = compiled.cut(block, ends, cuts) or _cut(block, ends, cuts)
        return Taken(bare=bare, begun=cuts > 0, levels=levels, ends=ends)

    def _found(self, lines: list[bytes], *, learn: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Where the prefixes of lines end, none of which is known, and their levels; some are remembered then."""
        cuts, levels = np.full(len(lines), -1, np.int32), np.full(len(lines), -1, np.int32)
        left = np.arange(len(lines))
        for _ in range(_ROUNDS):
            if not learn or not len(left) or not self._learned(lines[at] for at in left[: self._asked]):
                break
            rest = b"\n".join(lines[at] for at in left)
            found = compiled.prefixed(rest, len(left), self._kinds, self._table, LONGEST)
            assert found is not None
            cuts[left], levels[left] = found[:2]
            left = left[found[0] < 0]
        if len(left):
            cuts[left], levels[left] = self._expressed([lines[at].removesuffix(b"\r") for at in left])
        return cuts, levels

    def _expressed(self, lines: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The same by the regular expression; lines that are no UTF-8 one by one, since no column can have them."""
        cuts, levels = np.empty(len(lines), np.int32), np.empty(len(lines), np.int32)
        read: list[str] = []
        places: list[int] = []
        for at, line in enumerate(lines):
            try:
                read.append(line.decode())
                places.append(at)
            except UnicodeDecodeError:
                text, levels[at] = self.layout.begins(line.decode("utf-8", "surrogateescape"))
                cuts[at] = len(text.encode("utf-8", "surrogateescape"))
        for start in range(0, len(read), _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            texts = pl.Series(values=read[start : start + _AT_ONCE], dtype=pl.String)
            frame = self.layout.applied(pl.DataFrame({"line": texts}))
            cuts[some] = texts.str.len_bytes().to_numpy() - frame["text"].str.len_bytes().to_numpy()
            levels[some] = levels_of(frame["level"])
        return cuts, levels

    def _learned(self, lines: Iterator[bytes]) -> bool:
        """Remembers the prefixes of some lines; whether there are any among them that were not known."""
        more: dict[int, tuple[int, int]] = {}
        for line in lines:
            if (entry := self._entry(line)) is not None:
                more[entry[0]] = entry[1:]
        with self._lock:
            new = [hashed for hashed in more if hashed not in self._known][: KNOWN - len(self._known)]
            self._known.update((hashed, more[hashed]) for hashed in new)
            if new:
                self._table = _table(self._known)
            self._asked = ASKED if new else max(_LEAST, self._asked // 2)
        return bool(new)

    def _entry(self, line: bytes) -> tuple[int, int, int] | None:
        """The hash of a line's prefix, where a 1 is asked for (or -1), and its level; None if it says too little."""
        found = self.layout.whole(line.decode("utf-8", "replace"))
        if found is None:
            return None
        text, level = found
        behind = line[len(text) : len(text) + 1]
        if not behind or not self._kinds[behind[0]] & 2 or not self._kinds[text.encode()[-1]] & 1:
            return None
        if len(text) > LONGEST or not text.isascii() or not _closed(text):
            return None
        seconds = [run.start() for run in _SECONDS.finditer(text)]
        if len(seconds) > 1 or any(text[at] != "1" for at in seconds):
            return None
        hashed = compiled.hash_of_prefix(text.encode())
        return None if hashed is None else (hashed, seconds[0] if seconds else -1, level)


def _closed(text: str) -> bool:
    """Whether every bracket of a text is closed in it: another could hold what follows."""
    for opening, closing in ("[]", "()"):
        open_ = 0
        for mark in re.findall(rf"[{re.escape(opening + closing)}]", text):
            open_ = open_ + 1 if mark == opening else max(0, open_ - 1)
        if open_:
            return False
    return True


def _table(known: dict[int, tuple[int, int]]) -> NDArray[np.void]:
    """The known prefixes, each at the place of its hash or the next that was free."""
    size = 1 << (2 * len(known)).bit_length()
    table = np.zeros(size, _ENTRY)
    for hashed, (one, level) in known.items():
        at = hashed & (size - 1)
        while table["hash"][at]:
            at = (at + 1) & (size - 1)
        table[at] = (hashed, one, level)
    return table


def _cut(block: bytes, ends: NDArray[np.int64], cuts: NDArray[np.int32]) -> bytes:
    starts = np.append(0, ends[:-1] + 1) + cuts
    return b"\n".join(block[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True))
