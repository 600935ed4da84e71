"""The family, and what its rules share: who logged what, and when."""

from __future__ import annotations

from datetime import timedelta

from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Family, GuardSpec

runtime = Family(
    "runtime",
    "What the platform says about a service that ended, was never ready, or did not answer",
    guard=GuardSpec(
        name="start of the deployed form before the release",
        kind="command",
        arguments=(
            r"\bshakeout\s+(?:up|verify|demo)\b",
            r"\bdocker[ -]compose\b.*\bup\b",
            r"\bdocker\s+run\b",
            r"\bcurl\b.*/(?:health|ready|live|status)",
        ),
        missing="nothing in the repository's checks starts the services as they are deployed",
        add="shakeout up  # in CI: starts every service from the commit and asks its health",
    ),
)

WINDOW = timedelta(seconds=30)
"""How far before a platform's line what caused it may have been logged."""

EXACT = timedelta(seconds=5)
"""How far apart a failed request and the exception behind it may be logged."""


def own(log: ErrorLog, service: str | None) -> list[Occurrence]:
    """What the service itself logged, the last first."""
    return [found for found in reversed(log.of("service", service)) if not found.system]


def near(found: Occurrence, other: Occurrence, before: timedelta, after: timedelta = EXACT) -> bool:
    """Whether `found` was logged at most `before` before and `after` after `other` began; unknown times fit."""
    if found.first is None or found.last is None or other.first is None or other.last is None:
        return True
    return found.first <= other.last + after and found.last >= other.first - before


def exceptions_near(log: ErrorLog, effect: ErrorLogged, before: timedelta) -> list[Occurrence]:
    """The service's own tracebacks around an effect, the nearest in the log first."""
    seen = log.get(effect.key)
    if seen is None:
        return []
    return [
        found
        for found in own(log, effect.service)
        if found.traceback is not None and found.error and found.key != effect.key and near(found, seen, before)
    ]
