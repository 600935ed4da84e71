"""How platforms say that something ended, was not ready, or did not answer: the words are read in `shakeout.logs`."""

from __future__ import annotations

from shakeout.logs.platform_words import (
    BOOT,
    LIMIT,
    NOT_READY,
    UPSTREAM,
    blames_upstream,
    how_ended,
    is_failed_request,
    of_platform,
)

__all__ = [
    "BOOT",
    "LIMIT",
    "NOT_READY",
    "UPSTREAM",
    "blames_upstream",
    "how_ended",
    "is_failed_request",
    "of_platform",
]
