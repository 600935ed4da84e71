"""
How long the check that is being asked may still take.

The runner opens a deadline around each check; whatever talks to the network inside of it asks `remaining()`, so that
"no answer" is said by the one who waited, before the runner has to cut the check off.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SHARE = 0.9
"""The part of a check's deadline that its own waiting may use; the rest is for saying what was seen."""

DEFAULT_SECONDS = 10.0

_ends: ContextVar[float | None] = ContextVar("shakeout_check_ends", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Open a deadline of `seconds` for the code inside, and for the tasks that it starts."""
    reset = _ends.set(time.monotonic() + seconds * SHARE)
    try:
        yield
    finally:
        _ends.reset(reset)


def remaining() -> float:
    """Seconds that one more wait may take; at least 0.05, and 10 where no deadline was opened."""
    ends = _ends.get()
    return DEFAULT_SECONDS if ends is None else max(0.05, ends - time.monotonic())
