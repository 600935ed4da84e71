"""Places of a sketch in which many words are seen, all else being equal: open, as those with rare words are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MANY = 12
"""How many words must be seen in a place."""

_ROUNDS = 2
_SIGN = np.uint64(0xFF)

_Hashes = NDArray[np.uint64]
_Numbers = NDArray[np.intp]


def widened(
    names: _Hashes, words: _Hashes, first: _Numbers, last: _Numbers, *, bare: _Hashes, powers: _Hashes
) -> _Hashes:
    """
    The names of distinct sketches once their places with many words are open.

    The sketch of each name has the `words` from `first` to `last`, and is the sum of these, each times the power of its
    place. `bare` stand for signs without a word. A place without its word is a frame; two rounds are made, since a
    frame is seen with more words once other places in it are open.
    """
    sizes = last - first + 1
    owner = np.repeat(np.arange(len(names)), sizes)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    word = words.take(first.take(owner) + place)
    free = np.flatnonzero((word > _SIGN) & (word != bare.take((word & _SIGN).astype(np.intp))))
    owner, word = owner[free], word[free]
    gained = ((word & _SIGN) - word) * powers.take(place[free])
    current, which = names.copy(), np.arange(len(names))
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
