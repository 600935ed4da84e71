"""Places of a sketch in which many words are seen, all else being equal: open as well, like those of rare words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MANY = 12
"""How many words must be seen in a place."""

NEAR = 16
"""How many between the same two words, if there are more sketches in a block than are distinct events."""

CROWDED = 1000
"""How many sketches these are."""

_ROUNDS = 2
_SHARE = np.uint64(4)
_SIGN = np.uint64(0xFF)
_BEFORE, _BEHIND = np.uint64(0x9FB21C651E98DF25), np.uint64(0xD6E8FEB86659FD93)

_Hashes = NDArray[np.uint64]
_Numbers = NDArray[np.intp]
_Flags = NDArray[np.bool_]


def widened(words: _Hashes, sizes: _Numbers, *, bare: _Hashes, powers: _Hashes) -> tuple[_Hashes, _Numbers, _Flags]:
    """
    The names of distinct sketches once their places with many words are open.

    With them one sketch of each new name, by its number, and of all words which are left: those of that one are the
    words that every line of the name has.

    The name of a sketch is the sum of its `words`, each times the power of its place; `sizes` says how many of the
    words are of each sketch. `bare` stand for signs without a word. A place without its word is a frame; two rounds are
    made, since a frame is seen with more words once other places in it are open. Where two places have names from a
    long list, hardly any frame is seen twice: then what stands next to a place counts alone.
    """
    owner = np.repeat(np.arange(len(sizes)), sizes)
    first = np.cumsum(sizes) - sizes
    factor = powers.take(np.arange(len(owner)) - first.take(owner))
    current = np.add.reduceat(words * factor, first)
    signs = words & _SIGN
    spoken = (words > _SIGN) & (words != bare.take(signs.astype(np.intp)))
    gained = (signs - words) * factor
    if len(sizes) > CROWDED:
        near = _between_many(words, spoken, first, (current >> np.uint64(32)) % _SHARE == 0, owner)
        np.add.at(current, owner[near], gained[near])
        spoken[near] = False
    current, one, which = np.unique(current, return_index=True, return_inverse=True)
    spokesman, left = one, spoken.copy()
    free = np.flatnonzero(spoken & (one.take(which.take(owner)) == owner))
    owner, gained = which.take(owner[free]), gained[free]
    for _ in range(_ROUNDS):
        frames = current.take(owner) + gained
        many = _many(frames, MANY)
        if not len(many):
            break
        opened = _among(frames, many)
        left[free[opened]] = False
        np.add.at(current, owner[opened], gained[opened])
        current, one, now = np.unique(current, return_index=True, return_inverse=True)
        which, spokesman = now.take(which), spokesman.take(one)
        still = ~opened & (one.take(now.take(owner)) == owner)
        owner, gained, free = now.take(owner[still]), gained[still], free[still]
    return current.take(which), spokesman.take(which), left


def _between_many(words: _Hashes, spoken: _Flags, first: _Numbers, counted: _Flags, owner: _Numbers) -> _Flags:
    """
    Which words stand between two words, or a word and an end of the line, between which many words stand.

    These are counted in those sketches alone that are to be `counted`.
    """
    known = np.where(spoken, words, 0)
    before, behind = np.zeros_like(words), np.zeros_like(words)
    before[1:], behind[:-1] = known[:-1], known[1:]
    before[first], behind[first[1:] - 1], behind[-1] = _SIGN, _SIGN, _SIGN
    frames = before * _BEFORE + behind * _BEHIND + (words & _SIGN)
    asked = spoken & (before > 0) & (behind > 0)
    some = np.flatnonzero(asked & counted.take(owner))
    _, one = np.unique(frames[some] * _BEFORE + words[some], return_index=True)
    many = _many(frames[some[one]], NEAR)
    return asked & _among(frames, many) if len(many) else np.zeros(len(words), bool)


def _many(frames: _Hashes, least: int) -> _Hashes:
    """Those of the frames that are there at least so many times, in ascending order."""
    ordered = np.sort(frames)
    found: _Hashes = ordered[least - 1 :][ordered[: 1 - least] == ordered[least - 1 :]]
    return found


def _among(frames: _Hashes, ordered: _Hashes) -> _Flags:
    found: _Flags = ordered.take(np.searchsorted(ordered, frames), mode="clip") == frames
    return found
