"""Places of a sketch in which many words are seen, all else being equal: open as well, like those of rare words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MANY = 12
"""How many words must be seen in a place."""

_ROUNDS = 2
_SIGN = np.uint64(0xFF)

_Hashes = NDArray[np.uint64]
_Numbers = NDArray[np.intp]


def widened(words: _Hashes, sizes: _Numbers, *, bare: _Hashes, powers: _Hashes) -> _Hashes:
    """
    The names of distinct sketches once their places with many words are open.

    The name of a sketch is the sum of its `words`, each times the power of its place; `sizes` says how many of the
    words are of each sketch. `bare` stand for signs without a word. A place without its word is a frame; two rounds are
    made, since a frame is seen with more words once other places in it are open.
    """
    owner = np.repeat(np.arange(len(sizes)), sizes)
    first = np.cumsum(sizes) - sizes
    factor = powers.take(np.arange(len(owner)) - first.take(owner))
    current = np.add.reduceat(words * factor, first)
    signs = words & _SIGN
    free = np.flatnonzero((words > _SIGN) & (words != bare.take(signs.astype(np.intp))))
    gained = (signs[free] - words[free]) * factor[free]
    owner, which = owner[free], np.arange(len(sizes))
    for _ in range(_ROUNDS):
        frames = current.take(owner) + gained
        ordered = np.sort(frames)
        many = ordered[MANY - 1 :][ordered[: 1 - MANY] == ordered[MANY - 1 :]]
        if not len(many):
            break
        opened = many.take(np.searchsorted(many, frames), mode="clip") == frames
        np.add.at(current, owner[opened], gained[opened])
        current, one, now = np.unique(current, return_index=True, return_inverse=True)
        which = now.take(which)
        left = ~opened & (one.take(now.take(owner)) == owner)
        owner, gained = now.take(owner[left]), gained[left]
    return current.take(which)
