"""Limits how often sign-in may be tried."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable

WINDOW = 60.0
"""Seconds that a try counts."""


class Limiter:
    """
    At most `limit` tries per key in a sliding window of a minute; safe to share between threads.

    It is kept in memory: a service of several processes counts in each of them. At most `keys` keys are held; beyond
    that the one that was tried least recently is forgotten, so that a flood of names cannot fill the memory.
    """

    def __init__(self, limit: int, *, keys: int = 20_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._keys = keys
        self._clock = clock
        self._tries: dict[Hashable, deque[float]] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable) -> int:
        """Count one try. 0 when it may go on, else the seconds until the next one may."""
        now = self._clock()
        with self._lock:
            tries = self._tries.pop(key, None) or deque()
            while tries and tries[0] <= now - WINDOW:
                tries.popleft()
            self._tries[key] = tries
            if len(self._tries) > self._keys:
                del self._tries[next(iter(self._tries))]
            if len(tries) >= self._limit:
                return max(1, math.ceil(tries[0] + WINDOW - now))
            tries.append(now)
            return 0

    def forget(self, key: Hashable) -> None:
        """The tries of this key no longer count: it signed in."""
        with self._lock:
            self._tries.pop(key, None)

    def give_back(self, key: Hashable) -> None:
        """The last try of this key does not count: it could not be decided."""
        with self._lock:
            if tries := self._tries.get(key):
                tries.pop()
