"""
Words that are names, because they stand for one another in more than one event.

Where lines are equal but for one word, the words at that place are a slot. Words of the event itself (`opened`,
`refused`) fill one slot; names of users, hosts or services fill the same slots of several events: `trunk north is up`,
`trunk south is up` and `call on trunk north lost`, `call on trunk south lost`. So a set of words that two slots have in
common is a set of names. (That names are known by their distribution over contexts is Harris's, 1954; that it takes two
slots whose frames are independent is ours: `bob joined`, `bob left`, `eve joined`, `eve left` alone would prove as much
of the verbs.)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import chain

from shakeout.logs.templates.fold import SIGN

Row = tuple[str, ...]
Frame = tuple[int, Row]

COMMON = 3
"""How many words two slots must have in common."""

LONGEST = 60
"""Tokens of a row that is looked at: a line with more is no sentence, and takes the square of its length."""

SIDES = 4
"""In how many kinds of lines, and at least a third of all, two words must stand for one another to be at their side."""

_TRIED = 8
"""Slots that a slot is compared with."""


def names_of(rows: Iterable[Row]) -> frozenset[str]:
    """The names among the words of rows; each row is given once."""
    return _names(_Slots(_bared(rows)))


def names_and_sides(rows: Iterable[Row]) -> tuple[frozenset[str], frozenset[str]]:
    """As `names_of`, and words of which two stand for one another at the side of most lines: regions, threads."""
    slots = _Slots(_bared(rows))
    return _names(slots), _sides(slots)


def _names(slots: _Slots) -> frozenset[str]:
    several = {frame: words for frame, words in slots.several.items() if len(words) >= COMMON}
    filled: dict[str, list[int]] = defaultdict(list)
    for frame, words in several.items():
        for word in words:
            filled[word].append(frame)
    names: set[str] = set()
    for frame, words in several.items():
        if words <= names:
            continue
        shared = Counter(other for word in sorted(words) for other in filled[word][:_TRIED] if other != frame)
        for other, count in shared.most_common(_TRIED):
            common = words & several[other]
            if count >= COMMON - 1 and len(common) >= COMMON and _independent(frame, other, len(common), slots):
                names |= common
                break
    return frozenset(names)


def _sides(slots: _Slots) -> frozenset[str]:
    kinds: dict[frozenset[str], set[Row]] = defaultdict(set)
    for number, words in slots.several.items():
        if len(words) < COMMON:
            kinds[frozenset(words)].add(_kind(slots.frame(number)[1]))
    rows = Counter(map(id, slots.first.values()))
    every: Counter[Row] = Counter()
    for row in {id(row): row for row in slots.first.values()}.values():
        every[_kind(row)] += rows[id(row)]
    least = max(SIDES, sum(1 for count in every.values() if count > 1) // 3)
    return frozenset(word for words, found in kinds.items() if len(found) >= least for word in words)


def _kind(row: Row) -> Row:
    """What lines of one kind have in common: the number of their words, and the punctuation."""
    return (str(len(row)), *(token for token in row if len(token) == 1 and not token.isalnum()))


def _bared(rows: Iterable[Row]) -> Iterable[Row]:
    """
    The rows with the sign for each word that is in one of them only.

    Such a word is in no two slots, and would keep the row from being in the frame of any other.
    """
    short = [row for row in rows if len(row) <= LONGEST]
    often = Counter(chain.from_iterable(map(set, short)))
    return dict.fromkeys(tuple(token if often[token] > 1 else SIGN for token in row) for row in short)


class _Slots:
    """
    The words of each slot, found by the frame around it.

    A frame is known by a number, the sum of a number for each word at its place, so that a row of many words takes no
    more than its length. `first` has one row of each frame, `several` the words where there is more than one, `places`
    the place of those.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.first: dict[int, Row] = {}
        self.several: dict[int, set[str]] = {}
        self.places: dict[int, int] = {}
        spoken: dict[str, bool] = {}
        for row in rows:
            numbers = list(map(hash, enumerate(row)))
            total = sum(numbers)
            for place, token in enumerate(row):
                speaks = spoken.get(token)
                if speaks is None:
                    speaks = spoken[token] = SIGN not in token and any(map(str.isalpha, token))
                if speaks:
                    frame = total - numbers[place]
                    known = self.first.setdefault(frame, row)
                    if known is row:
                        continue
                    words = self.several.get(frame)
                    if words is None:
                        words = self.several[frame] = {known[place]}
                        self.places[frame] = place
                    words.add(token)

    def frame(self, number: int) -> Frame:
        """The place of a slot of several words, and the row around it."""
        place, row = self.places[number], self.first[number]
        return place, row[:place] + row[place + 1 :]

    def at(self, place: int, row: Row) -> set[str]:
        """The words of the slot at a place of a row."""
        frame = sum(hash((at, token)) for at, token in enumerate(row) if at != place)
        known = self.first.get(frame)
        return self.several.get(frame, set() if known is None else {known[place]})


def _independent(one: int, other: int, common: int, slots: _Slots) -> bool:
    """
    Whether two frames are of two events.

    They are if they differ in more than one place. If in one alone, then the words there might as well be the names;
    so there must be fewer of them than the slots have in common. A place that has a value in one of them is no
    difference: its word in the other may be such a value as well.
    """
    (place, left), (elsewhere, right) = slots.frame(one), slots.frame(other)
    if place != elsewhere or len(left) != len(right):
        return True
    different = [at for at, (a, b) in enumerate(zip(left, right, strict=True)) if a != b and SIGN not in a + b]
    if len(different) != 1:
        return len(different) > 1
    at = different[0]
    full = [*left[:place], "", *left[place:]]
    at += at >= place
    kinds: set[str] = set()
    for word in sorted(slots.several[one])[:COMMON]:
        full[place] = word
        kinds |= slots.at(at, tuple(full))
    return len(kinds) < common
