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

_SLICE = 1 << 18
_COUNTERS = 1 << 16
_COUNTED = (48, 24)
_AT_ONCE = 4
_CHUNK = 8
_LONGEST = 48
_STEP = 0xD1342543DE82EF95
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SIGN = np.uint64(0xFF)
_HASH = ~_SIGN
_SLASH = np.uint64(ord("/"))
_NEWLINE = ord("\n")
_UNUSED = np.array([(1 << 64) - (1 << 8 * used) for used in range(_CHUNK + 1)], np.uint64)
_NO_NAME = np.array(
    [(1 << 64) - 1 - ((0x80 << 8 * (used - 1)) if 3 <= used <= 5 else 0) for used in range(9)], np.uint64
)
"""What leaves out the last digit of a word that is so short: the fold leaves `eth0` and `utf8` alone as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketches:
    """
    The sketches of a block's lines.

    `names` are the distinct sketches, `of` says for each line which of them it has; `wider` is for
    each the sketch that it becomes once places with many words are open too. `ends` says where in the block each line
    ends. All sketches are numbers of 64 bits, the same in every run.
    """

    names: Hashes
    wider: Hashes
    of: Numbers
    ends: Numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """
    The words of some lines, each as one number.

    Its low eight bits are the sign behind the word, all others a hash: 0 where a value stands. `last` has the position
    of the last word of each line, `ends` where the line ends.
    """

    words: Hashes
    last: Numbers
    ends: Numbers


def _each(byte: int) -> np.uint64:
    """A number whose eight bytes are `byte`."""
    return np.uint64(byte * 0x0101010101010101)


_TOP, _LOWER = _each(0x80), _each(0x7F)
_FROM_ZERO, _BEYOND_NINE = _each(0x80 - ord("0")), _each(0x80 - ord("9") - 1)


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
def _bare() -> Hashes:
    """What stands for each sign where no word is before it."""
    signs = np.arange(256, dtype=np.uint64)
    return _mixed(np.repeat(_UNUSED[:1], 256)) & _HASH | signs


def sketched(block: bytes, known: Hashes) -> Sketches:
    """
    The sketches of the lines of a block, which has a line end between two lines.

    The same line gets the same sketch in two blocks if the same of its words are rare in both. `known` are sketches,
    in ascending order, that are expected.
    """
    parts = [_words(block, start, end) for start, end in _slices(block)]
    asked = [np.flatnonzero(part.words > _SIGN) for part in parts]
    left = [part.words.take(some) for part, some in zip(parts, asked, strict=True)]
    often = _often(left, max(SELDOM, sum(len(part.last) for part in parts) >> RARE))
    named: list[Hashes] = []
    for part, some, words in zip(parts, asked, left, strict=True):
        part.words[some[~_told(often, words)]] &= _SIGN
        first = firsts(part.last)
        name = np.add.reduceat(part.words * _powers(_STEP)[: len(part.words)], first)
        name *= _inverse_powers(_STEP).take(first)
        named.append(name)
    names, of = _numbered(np.concatenate(named), known)
    return Sketches(
        names=names,
        wider=_wider(names, of, parts),
        of=of,
        ends=np.concatenate([part.ends for part in parts]),
    )


def _numbered(lines: Hashes, known: Hashes) -> tuple[Hashes, Numbers]:
    """The distinct sketches of lines, and which of them each has; to look up those that are known is quicker."""
    if not len(known):
        return np.unique(lines, return_inverse=True)
    table = np.zeros(1 << 16, np.intp)
    table[known >> np.uint64(48)] = np.arange(len(known))
    of = table.take((lines >> np.uint64(48)).view(np.intp))
    there = known.take(of) == lines
    counts = np.bincount(of[there], minlength=len(known)) > 0
    of = (np.cumsum(counts) - 1).take(of)
    others = np.flatnonzero(~there)
    names, rest = np.unique(lines.take(others), return_inverse=True)
    of[others] = rest + np.count_nonzero(counts)
    return np.concatenate((known[counts], names)), of


def _wider(names: Hashes, of: Numbers, parts: list[_Words]) -> Hashes:
    """What each of the names becomes once places with many words are open, found by one line of each."""
    lines = np.empty(len(names), np.intp)
    lines[of] = np.arange(len(of))
    order = np.argsort(lines)
    lines = lines[order]
    words: list[Hashes] = []
    sizes: list[Numbers] = []
    begun = 0
    for part in parts:
        start, end = np.searchsorted(lines, (begun, begun + len(part.last)))
        some = lines[start:end] - begun
        first = firsts(part.last).take(some)
        size = part.last.take(some) - first + 1
        words.append(part.words.take(np.repeat(first - np.cumsum(size) + size, size) + np.arange(size.sum())))
        sizes.append(size)
        begun += len(part.last)
    wider = np.empty_like(names)
    wider[order] = widened(np.concatenate(words), np.concatenate(sizes), bare=_bare(), powers=_powers(_STEP))
    return wider


def _slices(block: bytes) -> Iterator[tuple[int, int]]:
    """Where to cut a block between lines, so that each part stays in the processor's own memory."""
    start = 0
    while start <= len(block):
        end = len(block) if len(block) - start < _SLICE else block.rfind(b"\n", start, start + _SLICE)
        if end < start:
            end = block.find(b"\n", start)
            end = end if end >= 0 else len(block)
        yield start, end
        start = end + 1


def _words(block: bytes, start: int, end: int) -> _Words:
    """
    The words of one part of a block; of a line that is longer than a part, only the first.

    Each word is read as numbers of eight bytes, most words as one. Words with a digit are values, paths, and what is so
    long that it was put together by no person.
    """
    size, at = min(end - start + 1, _SLICE), start
    if start + size - 1 < end or start + size + _CHUNK > len(block):
        block, at = block[start : start + size - 1] + b"\n" + bytes(_CHUNK), 0
    data = np.frombuffer(block, np.uint8, size, at)
    chunks = np.ndarray(size, "<u8", block, at, (1,))
    ends = np.flatnonzero(_divides(data))
    begins = firsts(ends)
    signs = data.take(ends)
    lengths = ends - begins
    words = chunks[begins]
    used = np.minimum(lengths, _CHUNK)
    words |= _UNUSED.take(used)
    digits = _digits(words)
    digits &= _NO_NAME.take(used)
    valued = digits != 0
    valued |= words & _SIGN == _SLASH
    words = _mixed(words)
    left = np.flatnonzero((lengths > _CHUNK) & ~valued)
    for at in range(_CHUNK, _LONGEST, _CHUNK):
        if not len(left):
            break
        more = lengths.take(left) - at
        chunk = chunks[begins.take(left) + at]
        chunk |= _UNUSED.take(np.minimum(more, _CHUNK))
        valued[left] = found = _digits(chunk) != 0
        words[left] = _mixed(words.take(left) + _mixed(chunk))
        left = left[(more > _CHUNK) & ~found]
    valued[left] = True
    words *= ~valued
    words &= _HASH
    words |= signs
    last = np.flatnonzero(signs == _NEWLINE)
    at_ends = ends.take(last) + start
    at_ends[-1] = end
    return _Words(words=words, last=last, ends=at_ends)


def _divides(data: Bytes) -> Flags:
    """Which bytes divide words: controls, space, and punctuation but for what stands within names and numbers."""
    found = data < 0x2D
    found |= data - np.uint8(0x3A) < 6
    found |= (data | np.uint8(0x20)) - np.uint8(0x7B) < 3
    return found


def _digits(chunks: Hashes) -> Hashes:
    """The bytes that are digits, by their top bits: each byte is compared in its own eight bits of a number."""
    lower = chunks & _LOWER
    found = lower + _FROM_ZERO
    lower += _BEYOND_NINE
    lower |= chunks
    found &= ~lower
    found &= _TOP
    return found


def _often(left: list[Hashes], least: int) -> list[Flags]:
    """
    Which words are at least so often, by some bits of their hash, and by others.

    What is frequent by chance by one count is not by both.
    """
    counts = np.zeros((len(_COUNTED), _COUNTERS), np.intp)
    for start in range(0, len(left), _AT_ONCE):
        words = np.concatenate(left[start : start + _AT_ONCE])
        for at, shift in enumerate(_COUNTED):
            counts[at] += np.bincount(_counters(words, shift), minlength=_COUNTERS)
    for at, shift in enumerate(_COUNTED):
        counts[at, _counters(_bare(), shift)] = least
    return list(counts >= least)


def _told(often: list[Flags], words: Hashes) -> Flags:
    """Which words are frequent by all counts."""
    found: Flags = np.ones(len(words), bool)
    for counts, shift in zip(often, _COUNTED, strict=True):
        found &= counts.take(_counters(words, shift))
    return found


def _counters(words: Hashes, shift: int) -> Numbers:
    return (words >> np.uint64(shift) & np.uint64(_COUNTERS - 1)).view(np.intp)


def _mixed(hashes: Hashes) -> Hashes:
    """The hashes with the bits of each spread over all of it, in place."""
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(32)
    return hashes


def firsts(last: Numbers) -> Numbers:
    """Where each of several runs begins that end at `last`."""
    first = np.empty_like(last)
    first[0] = 0
    np.add(last[:-1], 1, out=first[1:])
    return first
