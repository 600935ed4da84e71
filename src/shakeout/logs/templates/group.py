"""
Which shapes are one event: places where words differ are tried as values, the most constant place first.

Shapes with the same punctuation and the same number of words form a block. Within a block, each place where words
differ is judged (`part`). If all of them are values, the block is one event. Otherwise the block is divided
by the place with the fewest different words, and each part is judged anew: so the words that tell events apart are
found before the names within them. (The idea of dividing by the most constant column first is from IPLoM, Makanju et
al. 2009, and Brain, Yu et al. 2023; the judgement by kind of word and by what stands before it is ours.)
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.names import names_and_sides
from shakeout.logs.templates.part import GLUED, Known, Part, Row
from shakeout.logs.templates.shape import SHORT, tokens, words
from shakeout.logs.templates.variable import is_word

MANY_BLOCKS = 20
"""How many blocks there must be before a word can be in most of them."""

_NOTHING = Known()
_MAYBE_GLUED = re.compile(r"[^\s=:,;()\[\]{}<>\"'|][(\[]")


def row_of(shape: str) -> Row:
    """The tokens of a shape without space."""
    return _remembered(shape) if len(shape) < SHORT else _row_of(shape)


@lru_cache(maxsize=1 << 13)
def _remembered(shape: str) -> Row:
    return _row_of(shape)


def _row_of(shape: str) -> Row:
    if not _MAYBE_GLUED.search(shape):
        return words(shape)
    parts = tokens(shape)
    row: list[str] = []
    before = " "
    for token in parts:
        if not token.isspace():
            row.append(GLUED[token] if token in GLUED and is_word(before) else token)
        before = token
    return tuple(row)


@lru_cache(maxsize=1 << 14)
def _mark(token: str) -> str:
    return "" if is_word(token) else token


def outline_of(row: Row) -> Row:
    """The punctuation of a row, with an empty string for each word."""
    return tuple(map(_mark, row))


def grouped(shapes: Iterable[str], known: Known = _NOTHING) -> dict[str, Row]:
    """
    Each shape's pattern: its tokens without space, with the sign at every place that is a value.

    More names than are `known` are found from the shapes, and the words that are everywhere.
    """
    blocks: dict[Row, dict[Row, list[str]]] = defaultdict(lambda: defaultdict(list))
    for text in sorted(shapes):
        row = row_of(text)
        blocks[outline_of(row)][row].append(text)
    names, sides = names_and_sides(row for rows in blocks.values() for row in rows)
    known = Known(
        names=known.names | names, sides=sides, everywhere=words_everywhere(blocks.values()), opened=known.opened
    )
    result: dict[str, Row] = {}
    for skeleton in sorted(blocks):
        rows = blocks[skeleton]
        for pattern, members in divided(sorted(rows), known):
            for row in members:
                for text in rows[row]:
                    result[text] = pattern
    return result


def fits(pattern: Row, row: Row) -> bool:
    """Whether a row of the same outline is of a pattern: equal wherever the pattern has no value."""
    return all(part in (SIGN, token) for part, token in zip(pattern, row, strict=True))


def words_everywhere(blocks: Collection[Iterable[Row]]) -> frozenset[str]:
    """
    Words that are in rows of most blocks, if there are many: what all lines have says nothing of any of them.

    So it is with what a program writes on every line, as `(request 7f3a, user bob)`. A block has the rows of one
    outline.
    """
    if len(blocks) < MANY_BLOCKS:
        return frozenset()
    counts = Counter(token for rows in blocks for token in set().union(*rows) if any(map(str.isalpha, token)))
    return frozenset(token for token, count in counts.items() if count * 2 > len(blocks))


def divided(rows: list[Row], known: Known = _NOTHING) -> Iterable[tuple[Row, list[Row]]]:
    """The patterns of rows of one outline, each with its rows."""
    pending = [rows]
    while pending:
        rows = pending.pop()
        if len(rows) == 1:
            yield rows[0], rows
            continue
        part = Part(rows, known)
        if part.one:
            yield part.pattern, rows
        else:
            pending.extend(part.divided())
