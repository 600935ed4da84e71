"""A block of lines: a fixed stretch of a log, with the messages in it and what they fold to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from shakeout.logs.templates.fold import Known, cut, numbers_folded, text_folded, without_escapes
from shakeout.logs.templates.messages import spoken
from shakeout.logs.templates.prefix import Layout
from shakeout.logs.templates.words import Hashes, Numbers

_NEWLINE = ord("\n")


@dataclass(frozen=True, kw_only=True)
class Block:
    """
    Some lines of a log, `size` of them.

    `raw` are the lines as they came, `bare` the messages in them where that is not the same, `levels` the names of
    severities that stand before these. `ends` says where each line of bytes ends, as soon as that is known.
    """

    raw: pl.Series | bytes
    bare: pl.Series | None
    levels: pl.Series | None
    size: int
    ends: Numbers | None = None

    @cached_property
    def lines(self) -> pl.Series:
        """The lines as a column."""
        return column_of(self.raw) if isinstance(self.raw, bytes) else self.raw

    @property
    def texts(self) -> pl.Series:
        """The bare messages as a column."""
        return self.lines if self.bare is None else self.bare

    @property
    def data(self) -> bytes:
        """The bare messages as bytes without terminal escapes, a line end between each two of them and none within."""
        if self.bare is None and isinstance(self.raw, bytes):
            return self.raw
        texts = without_escapes(self.texts)
        if texts.str.contains("\n", literal=True).any():
            texts = texts.str.replace_all("\n", "\x0b", literal=True)
        return str(texts.str.join("\n").item() or "").encode("utf-8", "replace")

    def texts_at(self, places: Sequence[int]) -> list[str]:
        """The bare messages of some lines, by their positions; bytes are not made a column for these."""
        if self.bare is None and isinstance(self.raw, bytes):
            return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in self._cut(places)]
        return [str(text) for text in self.texts.gather(list(places))]

    def hashed(self, places: Numbers) -> Hashes:
        """A hash of each of some lines, by their positions; the same in every run of one version of polars."""
        if self.bare is None and isinstance(self.raw, bytes):
            return pl.Series(values=self._cut(places), dtype=pl.Binary).hash().to_numpy()
        return self.texts.gather(places).hash().to_numpy()

    def folded(self, known: Known, places: Numbers | None = None) -> tuple[pl.Series, Numbers]:
        """
        The distinct keys of all lines or of some, in order of appearance, and for each line which of them it has.

        `known` is the memory of the second fold. Bytes are folded before they are divided, which is quicker.
        """
        if self.bare is None and isinstance(self.raw, bytes):
            data = self.raw if places is None else b"\n".join(self._cut(places))
            rough = cut(_lines_of(text_folded(_text_of(data)), data))
        else:
            rough = numbers_folded(self.texts if places is None else self.texts.gather(places))
        frame = pl.DataFrame({"rough": rough}).with_row_index("at")
        groups = frame.group_by("rough", maintain_order=True).agg("at")
        found = pl.DataFrame({"key": known.folded(groups["rough"]), "at": groups["at"]}).with_row_index("part")
        keys = found.group_by("key", maintain_order=True).agg("part").with_row_index("row")
        parts = _scattered(keys["part"], len(found))
        return keys["key"], parts[_scattered(found["at"], len(frame))]

    def _cut(self, places: Sequence[int] | Numbers) -> list[bytes]:
        """Some lines of bytes, by their positions."""
        assert isinstance(self.raw, bytes)
        raw = self.raw
        if self.ends is None:
            lines = raw.split(b"\n")
            return [lines[place] for place in places]
        at = np.asarray(places, np.intp)
        ends = self.ends.take(at)
        starts = np.where(at > 0, self.ends.take(at - 1, mode="wrap") + 1, 0)
        return [raw[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def block_of(lines: pl.Series | bytes, layout: Layout | None, size: int) -> Block:
    """
    A block of a column of `size` lines (valid strings), or of bytes with a line end between two lines.

    Bytes are made a column where their lines must be looked at one by one: where they have a prefix or terminal
    escapes, or are JSON objects.
    """
    if isinstance(lines, bytes):
        if layout is None and b"\x1b" not in lines and not _has_objects(lines):
            return Block(raw=lines, bare=None, levels=None, size=size)
        lines = column_of(lines)
    frame = pl.DataFrame({"line": lines})
    frame = layout.applied(frame) if layout else frame.with_columns(text=pl.col("line"))
    levels = frame["level"] if layout else None
    return Block(raw=lines, bare=spoken(frame)["text"], levels=levels, size=size)


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
    return _lines_of(_text_of(block), block)


def _scattered(places: pl.Series, size: int) -> Numbers:
    """Of `size` places, the number of the list that has it."""
    found = np.empty(size, np.intp)
    sizes = places.list.len().to_numpy()
    found[places.explode().to_numpy()] = np.repeat(np.arange(len(places)), sizes)
    return found


def _text_of(block: bytes) -> pl.Series:
    try:
        return pl.Series("line", [block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series("line", [block.decode("utf-8", "replace")])


def _lines_of(text: pl.Series, block: bytes) -> pl.Series:
    lines = text.str.split("\n").explode()
    return lines.str.strip_suffix("\r") if b"\r" in block else lines
