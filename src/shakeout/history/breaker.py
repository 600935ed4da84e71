"""
A circuit breaker: after some failures in a row, calls fail at once for a while; then one call is tried.

Why not purgatory: it goes by the wall clock, so a clock that is set back keeps it open; it lets every caller through
when half-open; it counts a cancelled call as a failure; and it raises the same exception object each time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from shakeout.history.errors import CircuitBreakerOpenError, DataRefusedError, HistoryError

State = Literal["closed", "open", "half-open"]

_log = logging.getLogger(__name__)


class CircuitBreaker:
    """
    Guards calls, of threads and of tasks.

    `threshold` failures in a row open it; after `seconds` it is half-open and lets one call through: success closes it,
    failure opens it again. Only `HistoryError` counts as failure: neither a cancelled call nor data that ClickHouse
    refuses says that ClickHouse is away. `clock` is in seconds and never goes back.
    """

    def __init__(
        self,
        name: str,
        *,
        threshold: int = 3,
        seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.threshold = threshold
        self.seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._trial = False

    @property
    def failures(self) -> int:
        """Failures in a row until now."""
        return self._failures

    @property
    def retry_in(self) -> float:
        """Seconds until a call is let through; 0 when one is let through now."""
        opened_at = self._opened_at
        return 0.0 if opened_at is None else max(0.0, opened_at + self.seconds - self._clock())

    @property
    def state(self) -> State:
        """Whether calls are let through: all of them, none, or one."""
        if self._opened_at is None:
            return "closed"
        return "open" if self.retry_in > 0 else "half-open"

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run one call; it may await. Raises `CircuitBreakerOpenError` instead of running it while open."""
        trial = self._enter()
        try:
            yield
        except DataRefusedError:
            self._succeeded(trial)
            raise
        except HistoryError:
            self._failed(trial)
            raise
        except BaseException:
            self._given_up(trial)
            raise
        else:
            self._succeeded(trial)

    def _enter(self) -> bool:
        with self._lock:
            if self._opened_at is None:
                return False
            if self._trial or self.retry_in > 0:
                raise CircuitBreakerOpenError(self.name)
            self._trial = True
            return True

    def _succeeded(self, trial: bool) -> None:
        with self._lock:
            if trial:
                self._trial = False
                self._opened_at = None
                _log.info("circuit breaker '%s' is CLOSED", self.name)
            if self._opened_at is None:
                self._failures = 0

    def _failed(self, trial: bool) -> None:
        with self._lock:
            self._failures += 1
            if trial:
                self._trial = False
            if trial or (self._opened_at is None and self._failures >= self.threshold):
                self._opened_at = self._clock()
                _log.warning("circuit breaker '%s' is OPEN after %d failures in a row", self.name, self._failures)

    def _given_up(self, trial: bool) -> None:
        if trial:
            with self._lock:
                self._trial = False
