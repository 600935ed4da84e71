"""Rows of one outline side by side: which of the places where they differ hold values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import lru_cache

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.variable import QUOTES, STATES, Context, is_code, is_object, is_word, surely, varies

Row = tuple[str, ...]

GLUE = "\x1c"
GLUED = {"(": f"{GLUE}(", "[": f"{GLUE}["}
"""An opening bracket directly behind a word, as in `name(3)`, is another mark than one that stands alone."""

_VALUE = {SIGN}
_EQUAL = {"="}
_NUMBERS = ([GLUED["("], SIGN, ")"], [GLUED["["], SIGN, "]"])
_WHOLE = frozenset(["''", '""', "``", "()", "[]"])
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """
    What is known of words.

    `names` are words that are names, `sides` those that stand for one another at the side of most lines. Words that are
    `everywhere` are no sign that rows are alike. `opened` has for some rows the places in which words were found to be
    values.
    """

    names: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()
    everywhere: frozenset[str] = frozenset()
    opened: Mapping[Row, frozenset[int]] = field(default_factory=dict)


class Part:
    """
    Rows of one outline, column by column.

    `values` are the places that hold values. `one`: nothing differs but values, and enough is said beside them for the
    rows to be one event.
    """

    def __init__(self, rows: list[Row], known: Known) -> None:
        self._rows = rows
        self._known = known
        self._columns = [set(column) for column in zip(*rows, strict=True)]
        self._different = [place for place, words in enumerate(self._columns) if len(words) > 1]
        speaking = [
            token for token, words in zip(rows[0], self._columns, strict=True) if len(words) == 1 and _speaks(words)
        ]
        self._agreed = sum(1 for token in speaking if token not in known.everywhere)
        self._alone = (
            len(self._different) == 1 or sum(1 for place in self._different if is_code(self._columns[place])) <= 1
        )
        self.values = {place for place in self._different if varies(self._columns[place], self._context(place))}
        if len(self.values) < len(self._different):
            told = [_VALUE if place in self.values else words for place, words in enumerate(self._columns)]
            self.values.update(place for place in self._different if self._is_object(told, place))
        self.one = len(self.values) == len(self._different) and self._enough(len(speaking))

    @property
    def pattern(self) -> Row:
        """The first row with the sign for every value."""
        return tuple(SIGN if place in self.values else token for place, token in enumerate(self._rows[0]))

    def divided(self) -> Iterable[list[Row]]:
        """
        Parts of the rows, by the place with the fewest different words that is no value.

        Words with a digit are divided last: they may be one name with different numbers.
        """
        kept = [place for place in self._different if place not in self.values] or self._different
        stems = {place: set(map(_stem, self._columns[place])) for place in kept}
        several = [place for place in kept if len(stems[place]) > 1]
        by = min(
            several or kept,
            key=lambda place: (len(stems[place]) + self._signs(place), len(self._columns[place]), place),
        )
        parts: dict[str, list[Row]] = {}
        for row in self._rows:
            parts.setdefault(_stem(row[by]) if several else row[by], []).append(row)
        return [parts[word] for word in sorted(parts)]

    def _enough(self, speaking: int) -> bool:
        """Whether as many words agree as there are places that need it; none does behind a word that is everywhere."""
        unsure = {place for place in self.values if not surely(self._columns[place], self._known.names)}
        own = {place for place in self.values if not place or self._rows[0][place - 1] not in self._known.everywhere}
        return speaking >= max(1, len(unsure)) and self._agreed >= (max(1, len(own & unsure)) if own else 0)

    def _opened(self, place: int) -> bool:
        opened = self._known.opened
        return SIGN in self._columns[place] and any(place in opened.get(row, ()) for row in self._rows)

    def _signs(self, place: int) -> int:
        """How many rows have a value at a place: each may stand for a word of its own."""
        return sum(1 for row in self._rows if row[place] == SIGN) if SIGN in self._columns[place] else 0

    def _context(self, place: int) -> Context:
        columns = self._columns
        before = _only(columns[place - 1]).lstrip(GLUE) if place else ""
        behind = [_only(column) for column in columns[place + 1 : place + 4]]
        return Context(
            before=before,
            earlier=_only(columns[place - 2]).lstrip(GLUE) if place > 1 else "",
            numbered=behind in _NUMBERS,
            whole="".join((before, *behind[:1])) in _WHOLE,
            first=self._begins(place),
            alone=self._alone,
            agreed=self._agreed,
            settings=sum(SIGN in words for words in _settings(columns, place)),
            names=len(columns[place] & self._known.names),
            sides=columns[place] <= self._known.sides,
            opened=self._opened(place),
        )

    def _is_object(self, told: list[set[str]], place: int) -> bool:
        """
        Whether words are what an event is about: they stand by themselves in a line that has another value.

        `told` are the columns with the values that are known. Words that differ side by side are a phrase, a word in
        front of a value says what that is, one behind `is` says what happened, and where one setting of several is
        constant another may be as well.
        """
        if self._begins(place) or told[place] == _VALUE or told[place + 1 : place + 2] == [_VALUE]:
            return False
        if any(len(words) > 1 and SIGN not in words for words in told[place - 1 : place + 2 : 2]):
            return False
        if not all(SIGN in words for words in _settings(told, place)):
            return False
        before = _only(told[place - 1])
        if before.lower() in STATES:
            return False
        if not any(SIGN in word for at, words in enumerate(told) if at != place for word in words):
            return False
        alone = self._alone and not self._named(told, place)
        return is_object(told[place], text=before == ":", alone=alone)

    def _named(self, columns: list[set[str]], place: int) -> bool:
        """
        Whether codes would name the event: `Received PING from ...`, `"loop ADD" pods=...`.

        So they do as the object of the first word, and as the last of several in quotes.
        """
        if sum(1 for words in columns[:place] if len(words) == 1 and _speaks(words)) < 2:
            return True
        return _only(*columns[place + 1 : place + 2]) in QUOTES and _only(columns[place - 1]) not in QUOTES

    def _begins(self, place: int) -> bool:
        return not any(map(is_word, self._rows[0][:place]))


def _settings(columns: list[set[str]], place: int) -> list[set[str]]:
    """What stands behind `=` elsewhere, if this place is behind one."""
    if place == 0 or columns[place - 1] != _EQUAL:
        return []
    return [columns[at + 1] for at, words in enumerate(columns[:-1]) if words == _EQUAL and at + 1 != place]


@lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    return SIGN if _DIGIT.search(word) else word


def _speaks(words: set[str]) -> bool:
    return any(map(str.isalpha, next(iter(words))))


def _only(words: Set[str] = frozenset()) -> str:
    return next(iter(words)) if len(words) == 1 else ""
