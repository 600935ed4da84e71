"""
The sketch of a line: its frequent words in their order, with an open place for every other, found from bytes alone.

No expression looks at the line, and no text is made of it: whole blocks of lines are arrays of bytes, and all that is
done to them are a few passes of additions and comparisons (`words`), which take less time than one expression needs to
find a few numbers. Lines of one sketch are very likely lines of one event, so a few of them are looked at closely
(`casts`), and the others follow.

A word is open if it has a digit in it or is a path, or if it is rare in its block, or if many other words are seen in
its place where all else is equal (`places`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shakeout.logs.templates import compiled, words
from shakeout.logs.templates.places import widened
from shakeout.logs.templates.words import Flags, Hashes, Numbers, Words, bare, firsts, hashes_of, powers


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketches:
    """
    The sketches of a block's lines.

    `names` are the distinct sketches, `of` says for each line which of them it has; `wider` is for
    each the sketch that it becomes once places with many words are open too. `ends` says where in the block each line
    ends. All sketches are numbers of 64 bits, the same in every run.

    `words` are the words of one line of each sketch, `sizes` of them from `first` on; of the wider sketch, those of the
    sketch `spokesman` that are `left`.
    """

    names: Hashes
    wider: Hashes
    of: Numbers
    ends: Numbers
    words: Hashes
    first: Numbers
    sizes: Numbers
    spokesman: Numbers
    left: Flags

    def said(self, number: int, *, wider: bool) -> Hashes:
        """The words that every line of a sketch has, or of what it is once it is wider; zeros for open places."""
        number = int(self.spokesman[number]) if wider else number
        start = int(self.first[number])
        end = start + int(self.sizes[number])
        words = hashes_of(self.words[start:end])
        return words * self.left[start:end] if wider else words


def sketched(block: bytes, known: Hashes) -> Sketches:
    """
    The sketches of the lines of a block, which has a line end between two lines.

    The same line gets the same sketch in two blocks if the same of its words are rare in both. `known` are sketches,
    in ascending order, that are expected.
    """
    found = compiled.named(block)
    lines, parts = words.named(block) if found is None else found
    names, of = _numbered(lines, known)
    some, order, sizes = _words_of_one(names, of, parts)
    wider, spokesman, left = widened(some, sizes, bare=bare(), powers=powers())
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Sketches(
        names=names,
        wider=wider.take(back),
        of=of,
        ends=np.concatenate([part.ends for part in parts]),
        words=some,
        first=(np.cumsum(sizes) - sizes).take(back),
        sizes=sizes.take(back),
        spokesman=order.take(spokesman).take(back),
        left=left,
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


def _words_of_one(names: Hashes, of: Numbers, parts: list[Words]) -> tuple[Hashes, Numbers, Numbers]:
    """The words of one line of each sketch, line after line; with it, of which sketch, and how many words, each is."""
    lines = np.empty(len(names), np.intp)
    lines[of] = np.arange(len(of))
    order = np.argsort(lines)
    lines = lines[order]
    found: list[Hashes] = []
    sizes: list[Numbers] = []
    begun = 0
    for part in parts:
        start, end = np.searchsorted(lines, (begun, begun + len(part.last)))
        some = lines[start:end] - begun
        first = firsts(part.last).take(some)
        size = part.last.take(some) - first + 1
        found.append(part.words.take(np.repeat(first - np.cumsum(size) + size, size) + np.arange(size.sum())))
        sizes.append(size)
        begun += len(part.last)
    return np.concatenate(found), order, np.concatenate(sizes)
