"""
The sketch of a line: its frequent words in their order, with an open place for every other, found from bytes alone.

No expression looks at the line, and no text is made of it: whole blocks of lines are arrays of bytes, and all that is
done to them are a few passes of additions and comparisons (numpy), which take less time than one expression needs to
find a few numbers. Lines of one sketch are very likely lines of one event, so a few of them are looked at closely
(`casts`), and the others follow.

A word is open if it has a digit in it or is a path, or if it is rare in its block, or if many other words are seen in
its place where all else is equal (`places`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from shakeout.logs.templates.places import widened

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.intp]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

RARE = 12
"""A word is rare that is less often in a block than the block's lines, shifted by so many bits to the right."""

SELDOM = 3
"""A word that is less often than this is rare in any block."""

_SLICE = 1 << 17
_COUNTERS = ((48, 16), (8, 17))
_BASE = 0x9E3779B97F4A7D01
_STEP = 0xD1342543DE82EF95
_MIX = np.uint64(0xBF58476D1CE4E501)
_SIGN = np.uint64(0xFF)
_HASH = np.uint64(0xFFFFFFFFFFFFFF00)
_SLASH = 64
_SPACE = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketches:
    """
    The sketches of a block's lines.

    `names` are the distinct sketches, in ascending order, `of` says for each line which of them it has; `wider` is for
    each the sketch that it becomes once places with many words are open too. `lines` has a hash of each whole line,
    `ends` where in the block it ends. All hashes are numbers of 64 bits, the same in every run.
    """

    names: Hashes
    wider: Hashes
    of: Numbers
    lines: Hashes
    ends: Numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """
    The words of some lines, each as one number.

    Its low eight bits are the sign behind the word, all others a hash: 0 where a value stands. `last` has the position
    of the last word of each line, `lines` the hash of the line, `ends` where it ends.
    """

    words: Hashes
    last: Numbers
    lines: Hashes
    ends: Numbers


@cache
def _powers(base: int) -> Hashes:
    """The powers of `base` from 0, modulo 2**64."""
    powers = np.ones(_SLICE + 1, np.uint64)
    known = 1
    while known < len(powers):
        more = min(known, len(powers) - known)
        powers[known : known + more] = powers[:more] * np.uint64(pow(base, known, 1 << 64))
        known += more
    return powers


@cache
def _inverse_powers(base: int) -> Hashes:
    return _powers(pow(base, -1, 1 << 64))


@cache
def _normal() -> Hashes:
    """What the hash of a word is multiplied with, by where the word begins; the low eight bits are 1 as well."""
    return _inverse_powers(_BASE) * _MIX


@cache
def bare() -> Hashes:
    """What stands for each sign where no word is before it."""
    signs = np.arange(256, dtype=np.uint64)
    return _mixed(signs * np.uint64(256) * _MIX) & _HASH | signs


def sketched(block: bytes) -> Sketches:
    """
    The sketches of the lines of a block, which has a line end between two lines.

    The same line gets the same sketch in two blocks if the same of its words are rare in both.
    """
    parts = [_words(data, start) for data, start in _slices(block)]
    words = np.concatenate([part.words for part in parts])
    words[_rare(words, max(SELDOM, sum(len(part.last) for part in parts) >> RARE))] &= _SIGN
    named: list[Hashes] = []
    begun = 0
    for part in parts:
        size = len(part.words)
        first = firsts(part.last)
        name = np.add.reduceat(words[begun : begun + size] * _powers(_STEP)[:size], first)
        name *= _inverse_powers(_STEP).take(first)
        named.append(name)
        begun += size
    names, at, of = np.unique(np.concatenate(named), return_index=True, return_inverse=True)
    sizes = [len(part.words) for part in parts]
    offsets = np.cumsum(sizes) - sizes
    last = np.concatenate([part.last + offset for part, offset in zip(parts, offsets, strict=True)])
    return Sketches(
        names=names,
        wider=widened(names, words, firsts(last).take(at), last.take(at), bare=bare(), powers=_powers(_STEP)),
        of=of,
        lines=np.concatenate([part.lines for part in parts]),
        ends=np.concatenate([part.ends for part in parts]),
    )


def _slices(block: bytes) -> Iterator[tuple[Bytes, int]]:
    """
    A block cut between lines, so that each part stays in the processor's own memory, with the place of each part.

    Each ends with a line end. A line that is longer than a part is cut off.
    """
    data = np.frombuffer(block, np.uint8)
    start = 0
    while start <= len(block):
        end = len(block) if len(block) - start < _SLICE else block.rfind(b"\n", start, start + _SLICE)
        whole = end if end >= start else block.find(b"\n", start)
        whole = whole if whole >= 0 else len(block)
        if whole < len(block) and whole - start < _SLICE:
            yield data[start : whole + 1], start
        else:
            yield np.append(data[start : min(whole, start + _SLICE - 1)], np.uint8(10)), start
        start = whole + 1


def _words(data: Bytes, start: int) -> _Words:
    """
    The words of one part of a block, which begins at `start`.

    The hash of a word is a polynomial in its bytes, found by subtraction from the running sum over the whole part, and
    divided by the power that it begins with. The low eight bits of each factor are 1, so that the low eight bits of the
    hash count signs of values: 1 for a digit, 64 for a slash. So a
    word with one slash alone (`and/or`) is no value.
    """
    ends = np.flatnonzero(_divides(data))
    marks = (data - np.uint8(0x30) < 10).view(np.uint8)
    marks |= (data == 0x2F).view(np.uint8) * np.uint8(_SLASH)
    terms = np.left_shift(data, 8, dtype=np.uint16)
    terms |= marks
    running = terms.astype(np.uint64)
    running *= _powers(_BASE)[: len(data)]
    np.cumsum(running, out=running)
    begins = firsts(ends)
    signs = data.take(ends)
    line = np.flatnonzero(signs == 10)
    line_ends = ends.take(line)
    lines = _differences(running.take(line_ends)) * _normal().take(firsts(line_ends))
    hashes = _differences(running.take(ends))
    hashes *= _normal().take(begins)
    counted = hashes.astype(np.uint8)
    lengths = (ends - begins).astype(np.uint8)
    short = np.flatnonzero((counted == 1) & (lengths - np.uint8(3) < 3))
    counted[short[data.take(ends.take(short) - 1) - np.uint8(0x30) < 10]] = 0
    words = _mixed(hashes)
    words *= counted & np.uint8(0xFF - _SLASH) == 0
    words &= _HASH
    words |= signs
    kept = (lengths > 0) | (signs != _SPACE)
    last = np.cumsum(kept, dtype=np.int32).take(line).astype(np.intp) - 1
    return _Words(words=words[kept], last=last, lines=_mixed(lines), ends=line_ends + start)


def _divides(data: Bytes) -> Flags:
    """Which bytes divide words: controls, space, and punctuation but for what stands within names and numbers."""
    found = data < 0x2D
    found |= data - np.uint8(0x3A) < 6
    found |= (data | np.uint8(0x20)) - np.uint8(0x7B) < 3
    return found


def _rare(words: Hashes, least: int) -> Numbers:
    """
    The positions of words that are less often than `least`.

    They are counted by some bits of their hash, and by others: what is frequent by chance by one count is not by both.
    """
    asked = np.flatnonzero(words > _SIGN)
    left = words.take(asked)
    often = np.ones(len(left), bool)
    for shift, bits in _COUNTERS:
        counters, signs = (
            (some >> np.uint64(shift) & np.uint64((1 << bits) - 1)).view(np.int64) for some in (left, bare())
        )
        counts = np.bincount(counters, minlength=1 << bits)
        counts[signs] = least
        often &= (counts >= least).take(counters)
    return asked[~often]


def _mixed(hashes: Hashes) -> Hashes:
    """Hashes, of which the high bits are better mixed, with their high bits added to the low ones, in place."""
    hashes ^= hashes >> np.uint64(32)
    return hashes


def firsts(last: Numbers) -> Numbers:
    """Where each of several runs begins that end at `last`."""
    first = np.empty_like(last)
    first[0] = 0
    np.add(last[:-1], 1, out=first[1:])
    return first


def _differences(sums: Hashes) -> Hashes:
    found = np.empty_like(sums)
    found[0] = sums[0]
    np.subtract(sums[1:], sums[:-1], out=found[1:])
    return found
