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

from shakeout.logs.templates.fold import SIGN

Row = tuple[str, ...]
Frame = tuple[int, Row]

COMMON = 3
"""How many words two slots must have in common."""

LONGEST = 60
"""Tokens of a row that is looked at: a line with more is no sentence, and takes the square of its length."""

_TRIED = 8
"""Slots that a slot is compared with."""


def names_of(rows: Iterable[Row]) -> frozenset[str]:
    """The names among the words of rows."""
    slots: dict[Frame, set[str]] = defaultdict(set)
    for row in rows:
        for place, token in enumerate(row if len(row) <= LONGEST else ()):
            if SIGN not in token and any(character.isalpha() for character in token):
                slots[place, row[:place] + row[place + 1 :]].add(token)
    several = {frame: words for frame, words in slots.items() if len(words) >= COMMON}
    filled: dict[str, list[Frame]] = defaultdict(list)
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


def _independent(one: Frame, other: Frame, common: int, slots: dict[Frame, set[str]]) -> bool:
    """
    Whether two frames are of two events.

    They are if they differ in more than one place. If in one alone, then the words there might as well be the names;
    so there must be fewer of them than the slots have in common.
    """
    (place, left), (elsewhere, right) = one, other
    if place != elsewhere or len(left) != len(right):
        return True
    different = [at for at, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]
    if len(different) != 1:
        return len(different) > 1
    at = different[0]
    full = (*left[:place], "", *left[place:])
    at += at >= place
    rest = [*full[:at], *full[at + 1 :]]
    kinds: set[str] = set()
    for word in list(slots[one])[:COMMON]:
        rest[place - (place > at)] = word
        kinds |= slots.get((at, tuple(rest)), set())
    return len(kinds) < common
