"""
Which shapes are one event: places where words differ are tried as values, the most constant place first.

Shapes with the same punctuation and the same number of words form a block. Within a block, each place where words
differ is judged by `variable.varies`. If all of them are values, the block is one event. Otherwise the block is divided
by the place with the fewest different words, and each part is judged anew: so the words that tell events apart are
found before the names within them. (The idea of dividing by the most constant column first is from IPLoM, Makanju et
al. 2009, and Brain, Yu et al. 2023; the judgement by kind of word and by what stands before it is ours.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.shape import tokens
from shakeout.logs.templates.variable import is_word, varies

Row = tuple[str, ...]


def row_of(shape: str) -> Row:
    """The tokens of a shape without space."""
    return tuple(token for token in tokens(shape) if not token.isspace())


def outline_of(row: Row) -> Row:
    """The punctuation of a row, with an empty string for each word."""
    return tuple("" if is_word(token) else token for token in row)


def grouped(shapes: Iterable[str]) -> dict[str, Row]:
    """Each shape's pattern: its tokens without space, with the sign at every place that is a value."""
    blocks: dict[Row, dict[Row, list[str]]] = defaultdict(lambda: defaultdict(list))
    for text in sorted(shapes):
        row = row_of(text)
        blocks[outline_of(row)][row].append(text)
    result: dict[str, Row] = {}
    for skeleton in sorted(blocks):
        rows = blocks[skeleton]
        for pattern, members in _divided(sorted(rows)):
            for row in members:
                for text in rows[row]:
                    result[text] = pattern
    return result


def _divided(rows: list[Row]) -> Iterable[tuple[Row, list[Row]]]:
    pending = [rows]
    while pending:
        part = pending.pop()
        if len(part) == 1:
            yield part[0], part
            continue
        columns = [set(column) for column in zip(*part, strict=True)]
        different = [place for place, words in enumerate(columns) if len(words) > 1]
        values = [place for place in different if _judged(part, columns, place, alone=len(different) == 1)]
        constant = sum(1 for place, words in enumerate(columns) if len(words) == 1 and _speaks(part[0][place]))
        names = sum(1 for place in values if SIGN not in columns[place])
        if len(values) == len(different) and constant >= max(1, names):
            chosen = set(values)
            yield tuple(SIGN if place in chosen else token for place, token in enumerate(part[0])), part
            continue
        kept = [place for place in different if place not in values] or different
        by = min(kept, key=lambda place: (len(columns[place]), place))
        parts: dict[str, list[Row]] = defaultdict(list)
        for row in part:
            parts[row[by]].append(row)
        pending.extend(parts[word] for word in sorted(parts))


def _judged(part: list[Row], columns: list[set[str]], place: int, *, alone: bool) -> bool:
    before = _only(columns[place - 1]) if place else ""
    earlier = _only(columns[place - 2]) if place > 1 else ""
    first = not any(is_word(token) for token in part[0][:place])
    return varies(columns[place], before=before, earlier=earlier, first=first, alone=alone)


def _speaks(token: str) -> bool:
    return any(character.isalpha() for character in token)


def _only(words: set[str]) -> str:
    return next(iter(words)) if len(words) == 1 else ""
