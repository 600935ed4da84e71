"""The bounded table of keys: what was seen under each key, in whatever order and portions it came."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from shakeout.logs.templates.traces import OUTLINES, outline_of

EXAMPLES = 5
INSTANCES = 1000
EACH = 2048
"""Keys of one outline that are kept, as long as all of them together are not too many."""
EVERY = (1 << 64) - 1
Line = tuple[int, str, str, int]
"""A line that is kept as an example: its position in the input, its text, its path and its number there."""


@dataclass(slots=True)
class Noted:
    """What entries say about themselves beside their text, counted; `instances` is bounded."""

    severities: Counter[str]
    services: Counter[str]
    instances: dict[str, None]
    first: datetime | None = None
    last: datetime | None = None

    def at(self, time: datetime | None) -> None:
        """Widens the span of time."""
        if time is not None:
            self.first = time if self.first is None or time < self.first else self.first
            self.last = time if self.last is None or time > self.last else self.last


@dataclass(slots=True)
class Seen:
    """
    What was seen under one key.

    `number` is of this table, `trace` that of the key, `order` the position of its first line in the input; `noted` is
    None where the lines say nothing of themselves.
    """

    number: int
    trace: int
    order: int
    examples: list[Line]
    count: int = 0
    noted: Noted | None = None

    def notes(self) -> Noted:
        """`noted`, made where there is none yet."""
        if self.noted is None:
            self.noted = Noted(Counter(), Counter(), {})
        return self.noted


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """
    Which keys can not be kept any more, whatever else comes.

    Those of a greater hash than `most` has for their outline (None as long as no outline is full), and those of whose
    outline `each` others of smaller hashes are known.
    """

    most: pl.Series | None
    each: int


class Table:
    """
    Keys and what was seen under them, bounded to `limit` keys and to `each` keys of one outline.

    A log in which one event has a million names must not push out the others, so each outline (how many words, which
    punctuation) keeps its own share: the keys of the smallest hashes. If all outlines together are too many, `each` is
    halved. Which keys are kept then depends on the set of keys alone, never on their order or on the portions they came
    in. Counts of kept keys are exact; lines of all others are counted by their trace (`passed`), see `Rest`.
    """

    def __init__(self, limit: int, each: int = EACH) -> None:
        self.limit = max(limit, OUTLINES)
        self.each = each
        self.seen: dict[str, Seen] = {}
        self.passed: Counter[int] = Counter()
        self.departed: dict[int, int] = {}
        self.most = [EVERY] * OUTLINES
        self._kept: dict[int, list[tuple[int, str]]] = {}
        self._numbers = -1

    def limits(self) -> Limits:
        """What can be said of keys that are not yet looked at."""
        full = min(self.most) < EVERY
        return Limits(most=pl.Series(self.most, dtype=pl.UInt64) if full else None, each=self.each)

    @property
    def overflowed(self) -> bool:
        """Whether there were more different keys than could be kept."""
        return bool(self.passed)

    def add(self, key: str, trace: int, hashed: int, count: int, order: int) -> Seen | None:
        """
        Counts lines under a key that is not in `seen`; None if the key is of those that are not kept.

        `most` has for each outline the greatest hash that it may keep: a key beyond it can be counted as passed without
        asking. It only ever becomes smaller.
        """
        outline = outline_of(trace)
        if (kept := self._kept.get(outline)) is None:
            kept = self._kept[outline] = []
        rank = (-hashed, key)
        if len(kept) >= self.each:
            if rank <= kept[0]:
                self.passed[trace] += count
                return None
            self._let_go(heapq.heappushpop(kept, rank)[1])
        else:
            heapq.heappush(kept, rank)
        if len(kept) >= self.each:
            self.most[outline] = -kept[0][0]
        self._numbers += 1
        found = self.seen[key] = Seen(self._numbers, trace, order, [], count)
        while len(self.seen) > self.limit:
            self.each //= 2
            for number, ranks in self._kept.items():
                while len(ranks) > self.each:
                    self._let_go(heapq.heappop(ranks)[1])
                if len(ranks) == self.each:
                    self.most[number] = -ranks[0][0]
        return found if key in self.seen else None

    def joined(self, other: Table) -> Table:
        """A table of the keys and counts of both; examples are those of `other` first."""
        both = Table(self.limit + other.limit, self.each + other.each)
        both.passed = self.passed + other.passed
        for table in (other, self):
            for key, seen in table.seen.items():
                if (known := both.seen.get(key)) is not None:
                    known.count += seen.count
                else:
                    both.seen[key] = Seen(len(both.seen), seen.trace, seen.order, seen.examples, seen.count, seen.noted)
        return both

    def _let_go(self, key: str) -> None:
        gone = self.seen.pop(key)
        self.passed[gone.trace] += gone.count
        self.departed[gone.number] = gone.trace
