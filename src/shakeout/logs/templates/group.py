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
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.names import names_of
from shakeout.logs.templates.part import GLUED, Part, Row
from shakeout.logs.templates.shape import SHORT, tokens, words
from shakeout.logs.templates.variable import is_word

_MAYBE_GLUED = re.compile(r"[^\s=:,;()\[\]{}<>\"'|][(\[]")


OUTLINES = 16
"""How many outlines a log must have for words of most of them to be what every line says."""


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


def grouped(shapes: Iterable[str], known: frozenset[str] = frozenset()) -> dict[str, Row]:
    """
    Each shape's pattern: its tokens without space, with the sign at every place that is a value.

    `known` are words that are names; more are found from the shapes.
    """
    blocks: dict[Row, dict[Row, list[str]]] = defaultdict(lambda: defaultdict(list))
    for text in sorted(shapes):
        row = row_of(text)
        blocks[outline_of(row)][row].append(text)
    names = known | names_of(row for rows in blocks.values() for row in rows)
    common = _common(blocks)
    result: dict[str, Row] = {}
    for skeleton in sorted(blocks):
        rows = blocks[skeleton]
        for pattern, members in divided(sorted(rows), names, common):
            for row in members:
                for text in rows[row]:
                    result[text] = pattern
    return result


def _common(blocks: Mapping[Row, Iterable[Row]]) -> frozenset[str]:
    """Words of most outlines: what stands in front of every line or behind it says nothing of what is in between."""
    if len(blocks) < OUTLINES:
        return frozenset()
    seen = Counter(token for rows in blocks.values() for token in set(chain.from_iterable(rows)))
    return frozenset(word for word, count in seen.items() if count * 2 > len(blocks))


def fits(pattern: Row, row: Row) -> bool:
    """Whether a row of the same outline is of a pattern: equal wherever the pattern has no value."""
    return all(part in (SIGN, token) for part, token in zip(pattern, row, strict=True))


def divided(
    rows: list[Row], names: frozenset[str], common: frozenset[str] = frozenset()
) -> Iterable[tuple[Row, list[Row]]]:
    """The events among rows of one outline: the pattern of each, and its rows. `names` and `common` as for `Part`."""
    pending = [rows]
    while pending:
        rows = pending.pop()
        if len(rows) == 1:
            yield rows[0], rows
            continue
        part = Part(rows, names, common)
        if part.one:
            yield part.pattern, rows
        else:
            pending.extend(part.divided())
