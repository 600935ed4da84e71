"""Slots that are full of words seen once: what stands there is a name, whatever line it is in."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.shape import MARKS, SHORT, words

MANY = 64
"""How many different words a slot must show."""

_ONCE = 0.8
"""The share of them that are seen there once."""

Slot = tuple[str, str]


class Slots:
    """Places between two words, `found`, that are open on any line, as that of a user who is another on each."""

    def __init__(self, found: Iterable[Slot] = ()) -> None:
        self.found = frozenset(found)

    def opened(self, key: str) -> str:
        """The key with a value in each of these places."""
        if len(key) < SHORT:
            for expression in self._expressions:
                key = expression.sub(_opened, key)
        return key

    @cached_property
    def _expressions(self) -> list[re.Pattern[str]]:
        """What finds each slot; a plain word is first, which is looked for quickly."""
        return [
            re.compile(rf"{before}(?<![^{MARKS}]{before})(\s+)([^{MARKS}]+)(?=\s+{behind}(?:[{MARKS}]|$))")
            for before, behind in sorted(self.found)
        ]


def slots_of(keys: Iterable[str]) -> Slots:
    """The slots of keys: places between two words where many words are, most of them once."""
    seen: dict[Slot, Counter[str]] = defaultdict(Counter)
    for key in keys:
        parts = words(key) if len(key) < SHORT else ()
        for before, word, behind in zip(parts, parts[1:], parts[2:], strict=False):
            if word.isalpha() and before.isalpha() and behind.isalpha():
                seen[before, behind][word] += 1
    return Slots(slot for slot, kinds in seen.items() if len(kinds) >= MANY and _mostly_once(kinds))


def _mostly_once(kinds: Counter[str]) -> bool:
    return sum(1 for count in kinds.values() if count == 1) >= _ONCE * len(kinds)


def _opened(found: re.Match[str]) -> str:
    whole, word = found[0], found[2]
    return whole[: len(whole) - len(word)] + SIGN if word.isalpha() else whole
