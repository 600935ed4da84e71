"""
The sketch of a line: its frequent words in their order, with an open place for every other, found from bytes alone.

No expression looks at the line, and no text is made of it: whole blocks of lines are arrays of bytes, and all that is
done to them are a few passes of additions and comparisons (numpy), which take less time than one expression needs to
find a single number. Lines of one sketch are very likely lines of one event, so a few of them are looked at closely
(`casts`), and the others follow.

A word is open if it has a digit in it or is a path, or if it is rare in its block, or if many other words are seen in
its place where all else is equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.intp]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

RARE = 12
"""A word is rare that is less often in a block than the block's lines, shifted by so many bits to the right."""

SELDOM = 3
"""A word that is less often than this is rare in any block."""

MANY = 12
"""How many words must be seen in a place, all else being equal, to make it open."""

_SLICE = 1 << 17
_ROUNDS = 2
_COUNTERS = 18
_ALL = (1 << 64) - 1
_BASE = 0x9E3779B97F4A7D01
_STEP = 0xD1342543DE82EF95
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_LOW = np.uint64(0xFF)
_SLASH = 64
_NEWLINE = 10
_SPACE = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketches:
    """
    The sketches of a block's lines.

    `names` are the distinct sketches, in ascending order, `of` says for each line which of them it has; `wider` is for
    each the sketch that it becomes once places with many words are open too. `lines` has a hash of each whole line.
    All are numbers of 64 bits, the same in every run.
    """

    names: Hashes
    wider: Hashes
    of: Numbers
    lines: Hashes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """
    The words of some lines: for each its hash, and the sign behind it, which the hash has in it as well.

    `valued` words are open by their shape, `bare` ones are a sign alone. `last` has the position of the last word of
    each line, `lines` the hash of the line.
    """

    hashes: Hashes
    signs: Bytes
    valued: Flags
    bare: Flags
    last: Numbers
    lines: Hashes


@cache
def _powers(base: int, size: int = _SLICE + 1) -> Hashes:
    """The powers of `base` from 0, modulo 2**64."""
    powers = np.ones(size, np.uint64)
    known = 1
    while known < size:
        more = min(known, size - known)
        powers[known : known + more] = powers[:more] * np.uint64(pow(base, known, 1 << 64))
        known += more
    return powers


@cache
def _inverse_powers(base: int) -> Hashes:
    return _powers(pow(base, -1, 1 << 64))


@cache
def _opened() -> Hashes:
    """What stands for an open place before each sign."""
    return (np.arange(256, dtype=np.uint64) + np.uint64(1)) * np.uint64(0xA0761D6478BD642F)


def sketched(block: bytes) -> Sketches:
    """
    The sketches of the lines of a block, which ends with a line end.

    The same line gets the same sketch in two blocks if the same of its words are rare in both.
    """
    parts = [_words(block[start:end]) for start, end in _slices(block)]
    hashes = np.concatenate([part.hashes for part in parts])
    counters = (hashes >> np.uint64(64 - _COUNTERS)).view(np.int64)
    lines = sum(len(part.last) for part in parts)
    rare = (np.bincount(counters, minlength=1 << _COUNTERS) < max(SELDOM, lines >> RARE)).take(counters)
    named: list[Hashes] = []
    begun = 0
    for part in parts:
        size = len(part.hashes)
        open_ = rare[begun : begun + size]
        open_ &= ~part.bare
        open_ |= part.valued
        first = _firsts(part.last)
        values = np.where(open_, _opened().take(part.signs), part.hashes)
        values *= _powers(_STEP)[:size]
        name = np.add.reduceat(values, first)
        name *= _inverse_powers(_STEP).take(first)
        named.append(name)
        begun += size
    names, first, of = np.unique(np.concatenate(named), return_index=True, return_inverse=True)
    return Sketches(
        names=names,
        wider=_widened(names, first, parts, rare),
        of=of,
        lines=np.concatenate([part.lines for part in parts]),
    )


def _slices(block: bytes) -> list[tuple[int, int]]:
    """Where to cut a block between lines, so that each part stays in the processor's own memory."""
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(block):
        end = len(block) if len(block) - start <= _SLICE else block.rfind(b"\n", start, start + _SLICE) + 1
        if end <= start:
            end = block.index(b"\n", start) + 1
        found.append((start, end))
        start = end
    return found


def _words(text: bytes) -> _Words:
    """
    The words of one slice; of a line that is longer than a slice, those that are in the slice.

    The hash of a word is a polynomial in its bytes, found by subtraction from the running sum over the whole slice, and
    divided by the power that it begins with. The low eight bits of each factor are 1, so that the low eight bits of the
    hash count signs of values: 1 for a digit, 64 for a slash.
    """
    if len(text) > _SLICE:
        text = text[: _SLICE - 1] + b"\n"
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(_divides(data))
    marks = (data - np.uint8(0x30) < 10).view(np.uint8)
    marks |= (data == np.uint8(0x2F)).view(np.uint8) * np.uint8(_SLASH)
    sums = np.left_shift(data, 8, dtype=np.uint16)
    sums |= marks
    running = sums * _powers(_BASE)[: len(data)]
    np.cumsum(running, out=running)
    begins = _firsts(ends)
    hashes = _differences(running.take(ends)) * _inverse_powers(_BASE).take(begins)
    signs = data.take(ends)
    lengths = ends - begins
    line = np.flatnonzero(signs == _NEWLINE)
    line_ends = ends.take(line)
    lines = _differences(running.take(line_ends)) * _inverse_powers(_BASE).take(_firsts(line_ends))
    kept = lengths > 0
    kept |= signs != _SPACE
    if not kept.all():
        hashes, signs, lengths, ends = hashes[kept], signs[kept], lengths[kept], ends[kept]
        line = np.flatnonzero(signs == _NEWLINE)
    counted = hashes & _LOW
    valued = (counted != 0) & (counted != _SLASH)
    for at in _numbered(data, ends, lengths, counted):
        valued[at] = False
    mixed = hashes ^ hashes >> np.uint64(32)
    mixed *= _MIX
    return _Words(hashes=mixed, signs=signs, valued=valued, bare=lengths == 0, last=line, lines=_scrambled(lines))


def _divides(data: Bytes) -> Flags:
    """Which bytes divide words: controls, space, and punctuation but for what stands within names and numbers."""
    found = data < 0x2D
    found |= data - np.uint8(0x3A) < 6
    found |= (data | np.uint8(0x20)) - np.uint8(0x7B) < 3
    return found


def _numbered(data: Bytes, ends: Numbers, lengths: Numbers, counted: Hashes) -> list[Numbers]:
    """Words of two to four letters and one digit at the end, which the fold leaves alone: `eth0`, `utf8`."""
    short = np.flatnonzero((counted == 1) & (lengths > 2) & (lengths < 6))
    if not len(short):
        return []
    return [short[data.take(ends.take(short) - 1) - np.uint8(0x30) < 10]]


def _scrambled(hashes: Hashes) -> Hashes:
    hashes ^= hashes >> np.uint64(29)
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(32)
    return hashes


def _firsts(last: Numbers) -> Numbers:
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


def _widened(names: Hashes, lines: Numbers, parts: list[_Words], open_: Flags) -> Hashes:
    """
    The names once places are open in which many words are seen, all else being equal.

    `lines` has one line of each name, `open_` says of each word of the block whether it is open already.
    """
    begun = np.cumsum([0, *(len(part.hashes) for part in parts)])
    first = np.concatenate([_firsts(part.last) + start for part, start in zip(parts, begun, strict=False)]).take(lines)
    last = np.concatenate([part.last + start for part, start in zip(parts, begun, strict=False)]).take(lines)
    sizes = last - first + 1
    offsets = np.cumsum(sizes) - sizes
    owner = np.repeat(np.arange(len(names)), sizes)
    place = np.arange(len(owner)) - offsets.take(owner)
    word = first.take(owner) + place
    free = ~open_.take(word)
    free &= ~np.concatenate([part.bare for part in parts]).take(word)
    owner, place, word = owner[free], place[free], word[free]
    signs = np.concatenate([part.signs for part in parts]).take(word)
    factor = _powers(_STEP).take(place)
    said = np.concatenate([part.hashes for part in parts]).take(word) * factor
    gained = _opened().take(signs) * factor - said
    left = np.ones(len(owner), bool)
    wider = names.copy()
    for _ in range(_ROUNDS):
        at = np.flatnonzero(left)
        frames = wider.take(owner.take(at)) + gained.take(at)
        _, one = np.unique(_scrambled(frames.copy()) + said.take(at), return_index=True)
        kinds, count = np.unique(frames.take(one), return_counts=True)
        many = kinds[count >= MANY]
        if not len(many):
            break
        wide = at[np.isin(frames, many)]
        left[wide] = False
        np.add.at(wider, owner.take(wide), gained.take(wide))
    return wider
