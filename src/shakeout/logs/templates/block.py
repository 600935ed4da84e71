"""A block of lines: a fixed stretch of a log, with the messages in it and what they fold to."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shakeout.logs.templates import compiled
from shakeout.logs.templates.cuts import bounds, lines_of
from shakeout.logs.templates.fold import Known, cut, numbers_folded, text_folded, without_escapes
from shakeout.logs.templates.messages import spoken
from shakeout.logs.templates.prefix import levels_of
from shakeout.logs.templates.prefixes import Prefixes
from shakeout.logs.templates.words import WITHIN, Flags, Hashes, Numbers

FEW = 1 << 13
"""Lines that are counted without the engine, which takes its time for each call."""

_NEWLINE = ord("\n")


@dataclass(frozen=True, kw_only=True)
class Block:
    """
    Some lines of a log, `size` of them.

    `raw` are the lines as they came, `bare` the messages in them; `levels` the level that stands before each of these,
    a number of `LEVELS`, -1 where there is none; `begun` which lines have a prefix, or part of one. `ends` says where
    each line of `bare` ends if that is bytes, as soon as that is known, `ends_of_raw` the same of `raw`.
    """

    raw: pl.Series | bytes
    bare: pl.Series | bytes
    levels: NDArray[np.int32] | None
    size: int
    begun: Flags | None = None
    ends: Numbers | None = None
    ends_of_raw: Numbers | None = None

    @cached_property
    def texts(self) -> pl.Series:
        """The bare messages as a column."""
        return column_of(self.bare) if isinstance(self.bare, bytes) else self.bare

    @property
    def data(self) -> bytes:
        """The bare messages as bytes without terminal escapes, a line end between each two of them and none within."""
        if isinstance(self.bare, bytes):
            return self.bare
        texts = without_escapes(self.bare)
        if texts.str.contains("\n", literal=True).any():
            texts = texts.str.replace_all("\n", "\x0b", literal=True)
        return str(texts.str.join("\n").item() or "").encode("utf-8", "replace")

    def lines_at(self, places: Sequence[int]) -> list[str]:
        """Some of the lines as they came, by their positions."""
        if isinstance(self.raw, pl.Series):
            return [str(line) for line in self.raw.gather(list(places))]
        return _read(lines_of(self.raw, self.ends_of_raw, places))

    def texts_at(self, places: Sequence[int]) -> list[str]:
        """The bare messages of some lines, by their positions; bytes are not made a column for these."""
        if isinstance(self.bare, bytes):
            return _read(lines_of(self.bare, self.ends, places))
        return [str(text) for text in self.bare.gather(list(places))]

    def hashed(self, places: Numbers) -> Hashes:
        """A hash of each of some lines, by their positions; the same in every run of one version of polars."""
        if isinstance(self.bare, bytes):
            return pl.Series(values=lines_of(self.bare, self.ends, places), dtype=pl.Binary).hash().to_numpy()
        return self.bare.gather(places).hash().to_numpy()

    def holding(self, places: Numbers, sizes: Sequence[int], words: Sequence[Sequence[str]]) -> Flags:
        """
        Which of some lines, by their positions, have all of the words that are asked of them, each by itself.

        Of the lines, `sizes` one after the other are asked for the same `words`.
        """
        if isinstance(self.bare, bytes) and self.ends is not None:
            asked = [[word.encode() for word in some] for some in words]
            found = compiled.holding(self.bare, *bounds(self.ends, places), sizes, asked)
            if found is not None:
                return found
        if isinstance(self.bare, bytes):
            lines = iter(lines_of(self.bare, self.ends, places))
        else:
            lines = (str(text).encode("utf-8", "replace") for text in self.bare.gather(places))
        every = (
            all(search(line) for search in some)
            for size, some in zip(sizes, ([_word(word).search for word in some] for some in words), strict=True)
            for line in itertools.islice(lines, size)
        )
        return np.fromiter(every, bool, len(places))

    def folded(self, known: Known, places: Numbers | None = None) -> tuple[pl.Series, Numbers]:
        """
        The distinct keys of all lines or of some, in order of appearance, and for each line which of them it has.

        `known` is the memory of the second fold. Bytes are folded before they are divided, which is quicker.
        """
        if isinstance(self.bare, bytes):
            rough = _folded(self.bare if places is None else b"\n".join(lines_of(self.bare, self.ends, places)))
        else:
            rough = numbers_folded(self.bare if places is None else self.bare.gather(places))
        if len(rough) <= FEW:
            numbers: dict[str, int] = {}
            kinds = [numbers.setdefault(text, len(numbers)) for text in rough]
            kept: dict[str, int] = {}
            some = [kept.setdefault(key, len(kept)) for key in known.folded(list(numbers))]
            return pl.Series("key", list(kept), dtype=pl.String), np.array(some, np.intp).take(kinds)
        frame = pl.DataFrame({"rough": rough}).with_row_index("at")
        groups = frame.group_by("rough", maintain_order=True).agg("at")
        folded = pl.Series(values=known.folded(groups["rough"].to_list()), dtype=pl.String)
        found = pl.DataFrame({"key": folded, "at": groups["at"]}).with_row_index("part")
        keys = found.group_by("key", maintain_order=True).agg("part").with_row_index("row")
        parts = _scattered(keys["part"], len(found))
        return keys["key"], parts[_scattered(found["at"], len(frame))]


def _read(lines: Iterable[bytes]) -> list[str]:
    return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines]


@lru_cache(maxsize=1 << 12)
def _word(word: str) -> re.Pattern[bytes]:
    """What finds a word that stands by itself; the word is first, which is looked for quickly."""
    text = re.escape(word.encode())
    return re.compile(rb"%b(?<!%b%b)(?!%b)" % (text, WITHIN, text, WITHIN))


def block_of(lines: pl.Series | bytes, prefixes: Prefixes | None, size: int) -> Block:
    """
    A block of a column of `size` lines (valid strings), or of bytes with a line end between two lines.

    Bytes are made a column where their lines must be looked at one by one: where they have terminal escapes, or are
    JSON objects. Escapes are left out where they could be in a prefix.
    """
    levels, begun, ends = None, None, None
    if prefixes is not None:
        if isinstance(lines, pl.Series):
            lines = without_escapes(lines)
        elif b"\x1b" in lines:
            lines = str(without_escapes(column_of(lines)).str.join("\n").item()).encode()
    bare = lines
    if prefixes is not None:
        if isinstance(lines, bytes):
            taken = prefixes.taken(lines, size)
            bare, levels, begun, ends = taken.bare, taken.levels, taken.begun, taken.ends
        else:
            frame = prefixes.layout.applied(pl.DataFrame({"line": lines}))
            bare, levels = frame["text"], levels_of(frame["level"])
            begun = (frame["line"] != bare).to_numpy()
    if isinstance(bare, bytes) and (b"\x1b" in bare or _has_objects(bare)):
        bare = column_of(bare)
    if isinstance(bare, pl.Series):
        bare = spoken(bare)
    return Block(raw=lines, bare=bare, levels=levels, size=size, begun=begun, ends_of_raw=ends)


def _has_objects(lines: bytes) -> bool:
    """Whether a line begins with a brace."""
    at = lines.find(b"{")
    while at > 0 and lines[at - 1] != _NEWLINE:
        at = lines.find(b"{", at + 1)
    return at >= 0


def column_of(block: bytes) -> pl.Series:
    """
    The physical lines of a block, without their ends, as a column of strings.

    Lines end with LF or CRLF. Bytes that are no UTF-8 become the replacement character.
    """
    return _lines_of(block, pl.col("line"))


def _folded(block: bytes) -> pl.Series:
    """The lines of a block through the first fold, which is quicker before they are divided."""
    return cut(_lines_of(block, text_folded(pl.col("line"))))


def _lines_of(block: bytes, made: pl.Expr) -> pl.Series:
    """The lines of what is `made` of the text of a block."""
    lines = made.str.split("\n").explode()
    if b"\r" in block:
        lines = lines.str.strip_suffix("\r")
    text = pl.DataFrame({"line": pl.Series([block], dtype=pl.Binary)})
    try:
        return text.select(pl.col("line").cast(pl.String)).select(lines).to_series()
    except pl.exceptions.ComputeError:
        return pl.DataFrame({"line": [block.decode("utf-8", "replace")]}).select(lines).to_series()


def _scattered(places: pl.Series, size: int) -> Numbers:
    """Of `size` places, the number of the list that has it."""
    found = np.empty(size, np.intp)
    sizes = places.list.len().to_numpy()
    found[places.explode().to_numpy()] = np.repeat(np.arange(len(places)), sizes)
    return found
