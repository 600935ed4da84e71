"""The bounded table of keys: what was seen under each key, in whatever order and portions it came."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from shakeout.logs.templates.model import Example

EXAMPLES = 5
INSTANCES = 50
OUTLINES = 1 << 14
_HASHES = 1 << 32
_WORD = re.compile(r"[^\s=:,;()\[\]{}<>\"'|]+")


def outline(key: str) -> int:
    """The number, below `OUTLINES`, of a key's words and punctuation."""
    return _hash(_WORD.sub("w", key)) % OUTLINES


def _hash(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "replace"))


@dataclass(slots=True)
class Seen:
    """What was seen under one key. `number` is of this table, `order` the position of its first line in
    the input; `examples` come with their positions."""

    number: int
    order: int
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    severities: Counter[str] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    instances: dict[str, None] = field(default_factory=dict)
    examples: list[tuple[int, Example]] = field(default_factory=list)

    def at(self, time: datetime | None) -> None:
        """Widens the span of time."""
        if time is not None:
            self.first = time if self.first is None or time < self.first else self.first
            self.last = time if self.last is None or time > self.last else self.last


class Table:
    """
    Keys and what was seen under them, bounded to `limit` keys.

    Beyond the bound the table keeps the keys whose hash is small, and halves what is small until they fit. Which keys
    are kept then depends on the set of keys alone, never on their order or on the portions they came in; the counts of
    the kept ones are exact, and the number of lines of all others is kept by their outline (`outlines`): how many words
    and which punctuation they have, hashed into a fixed number of counters.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.seen: dict[str, Seen] = {}
        self.outlines: Counter[int] = Counter()
        self.departed: dict[int, int] = {}
        self._below = _HASHES
        self._numbers = -1

    @property
    def overflowed(self) -> bool:
        """Whether there were more different keys than could be kept."""
        return self._below < _HASHES

    def add(self, key: str, count: int, order: int) -> Seen | None:
        """Counts `count` lines under `key`; None if the key is of those that are not kept."""
        found = self.seen.get(key)
        if found is None:
            if self.overflowed and _hash(key) >= self._below:
                self.outlines[outline(key)] += count
                return None
            self._numbers += 1
            found = self.seen[key] = Seen(number=self._numbers, order=order)
        found.count += count
        return found

    def shrink(self) -> None:
        """Brings the table within its bound."""
        while len(self.seen) > self.limit:
            self._below //= 2
            for key in [key for key in self.seen if _hash(key) >= self._below]:
                gone = self.seen.pop(key)
                number = outline(key)
                self.outlines[number] += gone.count
                self.departed[gone.number] = number
