"""
The words of a block of lines, each as one number, and the name of each line by its frequent words.

`words.c` finds the same, number for number, where it could be compiled (`compiled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.intp]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

RARE = 13
"""A word is rare that is less often in a block than the block's lines, shifted by so many bits to the right."""

SELDOM = 3
"""A word that is less often than this is rare in any block."""

PART = 1 << 18
"""Bytes that are worked on at a time, so that they stay in the processor's own memory; a longer line is cut there."""

LONGEST = 48
"""Bytes of a word; what is longer counts as a value."""

COUNTERS = 1 << 16
"""How many counters the words of a block are counted in."""

COUNTED = (48, 24)
"""The bits of a word's hash from which on they say its counter: once for each of two counts."""

SIGN = np.uint64(0xFF)
"""The bits of a word that are the sign behind it."""

_AT_ONCE = 4
_CHUNK = 8
_STEP = 0xD1342543DE82EF95
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_HASH = ~SIGN
_SLASH = np.uint64(ord("/"))
_NEWLINE = ord("\n")
_UNUSED = np.array([(1 << 64) - (1 << 8 * used) for used in range(_CHUNK + 1)], np.uint64)
_NO_NAME = np.array(
    [(1 << 64) - 1 - ((0x80 << 8 * (used - 1)) if 3 <= used <= 5 else 0) for used in range(9)], np.uint64
)
"""What leaves out the last digit of a word that is so short: the fold leaves `eth0` and `utf8` alone as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """
    The words of some lines, each as one number.

    Its low eight bits are the sign behind the word, all others a hash: 0 where a value stands. `last` has the position
    of the last word of each line, `ends` where in the block the line ends.
    """

    words: Hashes
    last: Numbers
    ends: Numbers


def _each(byte: int) -> np.uint64:
    """A number whose eight bytes are `byte`."""
    return np.uint64(byte * 0x0101010101010101)


_TOP, _LOWER = _each(0x80), _each(0x7F)
_FROM_ZERO, _BEYOND_NINE = _each(0x80 - ord("0")), _each(0x80 - ord("9") - 1)


def named(block: bytes) -> tuple[Hashes, list[Words]]:
    """
    The names of the lines of a block, which has a line end between two lines, and their words, part by part.

    A name is the sum of a line's words, each times the power of its place. Of words that are rare in the block only the
    sign is left.
    """
    parts = [_words(block, start, end) for start, end in _slices(block)]
    asked = [np.flatnonzero(part.words > SIGN) for part in parts]
    left = [part.words.take(some) for part, some in zip(parts, asked, strict=True)]
    often = _often(left, least(sum(len(part.last) for part in parts)))
    names: list[Hashes] = []
    for part, some, words in zip(parts, asked, left, strict=True):
        part.words[some[~_told(often, words)]] &= SIGN
        first = firsts(part.last)
        name = np.add.reduceat(part.words * powers()[: len(part.words)], first)
        name *= _powers(pow(_STEP, -1, 1 << 64), PART + 1).take(first)
        names.append(name)
    return np.concatenate(names), parts


def least(lines: int) -> int:
    """How often a word must be in a block of so many lines in order not to be rare."""
    return max(SELDOM, lines >> RARE)


def powers() -> Hashes:
    """By what the words of a line are multiplied, one for each place."""
    return _powers(_STEP, PART + 1)


@cache
def _powers(base: int, size: int) -> Hashes:
    """The first powers of `base`, from 0, modulo 2**64."""
    powers = np.ones(size, np.uint64)
    known = 1
    while known < len(powers):
        more = min(known, len(powers) - known)
        powers[known : known + more] = powers[:more] * np.uint64(pow(base, known, 1 << 64))
        known += more
    return powers


@cache
def bare() -> Hashes:
    """What stands for each sign where no word is before it."""
    signs = np.arange(256, dtype=np.uint64)
    return _mixed(np.repeat(_UNUSED[:1], 256)) & _HASH | signs


def hashes_of(words: Hashes) -> Hashes:
    """The words without the signs behind them: zero where nothing is said."""
    return words & _HASH


def spoken(texts: Iterable[bytes]) -> list[set[int]]:
    """The distinct words of each of some lines that are no values."""
    block = b"\n".join(texts)
    nothing = {0, int(hashes_of(bare())[0])}
    found: list[set[int]] = []
    for start, end in _slices(block):
        part = _words(block, start, end)
        words, begun = hashes_of(part.words).tolist(), 0
        for last in part.last.tolist():
            found.append(set(words[begun : last + 1]) - nothing)
            begun = last + 1
    return found


def counters(words: Hashes, shift: int) -> Numbers:
    """The numbers of the counters of words, by their hashes from the bit `shift` on."""
    return (words >> np.uint64(shift) & np.uint64(COUNTERS - 1)).view(np.intp)


def firsts(last: Numbers) -> Numbers:
    """Where each of several runs begins that end at `last`."""
    first = np.empty_like(last)
    first[0] = 0
    np.add(last[:-1], 1, out=first[1:])
    return first


def _slices(block: bytes) -> Iterator[tuple[int, int]]:
    """Where to cut a block between lines, so that each part stays in the processor's own memory."""
    start = 0
    while start <= len(block):
        end = len(block) if len(block) - start < PART else block.rfind(b"\n", start, start + PART)
        if end < start:
            end = block.find(b"\n", start)
            end = end if end >= 0 else len(block)
        yield start, end
        start = end + 1


def _words(block: bytes, start: int, end: int) -> Words:
    """
    The words of one part of a block; of a line that is longer than a part, only the first.

    Each word is read as numbers of eight bytes, most words as one. Words with a digit are values, paths, and what is so
    long that it was put together by no person.
    """
    size, at = min(end - start + 1, PART), start
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
    valued |= words & SIGN == _SLASH
    words = _mixed(words)
    left = np.flatnonzero((lengths > _CHUNK) & ~valued)
    for at in range(_CHUNK, LONGEST, _CHUNK):
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
    return Words(words=words, last=last, ends=at_ends)


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
    counts = np.zeros((len(COUNTED), COUNTERS), np.intp)
    for start in range(0, len(left), _AT_ONCE):
        words = np.concatenate(left[start : start + _AT_ONCE])
        for at, shift in enumerate(COUNTED):
            counts[at] += np.bincount(counters(words, shift), minlength=COUNTERS)
    for at, shift in enumerate(COUNTED):
        counts[at, counters(bare(), shift)] = least
    return list(counts >= least)


def _told(often: list[Flags], words: Hashes) -> Flags:
    """Which words are frequent by all counts."""
    found: Flags = np.ones(len(words), bool)
    for counts, shift in zip(often, COUNTED, strict=True):
        found &= counts.take(counters(words, shift))
    return found


def _mixed(hashes: Hashes) -> Hashes:
    """The hashes with the bits of each spread over all of it, in place."""
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(32)
    return hashes
