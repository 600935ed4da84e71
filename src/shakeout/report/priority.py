"""Status and priority: what follows from what is broken, by rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shakeout.checks.base import CheckResult, Outcome
from shakeout.report.model import Issue, Priority, ServiceSummary, Status

DOWN = frozenset({"http", "database", "analytics"})
"""Kinds of checks that ask whether something is there at all."""
LUCK = frozenset({"versions"})
"""Kinds of checks whose failure alone means that things work by luck."""


def priority(results: Iterable[CheckResult], *, service_down: bool, errors: bool) -> Priority:
    """
    What an issue breaks.

    CRITICAL: a required service, or something that a required check asks for, is down. HIGH: a verification or a
    needed feature is broken, or errors are logged. MEDIUM: it works now by luck. LOW: noise.
    """
    found = [Priority.CRITICAL] if service_down else []
    for result in results:
        if result.outcome is Outcome.DEGRADED:
            found.append(Priority.MEDIUM)
        elif result.outcome is Outcome.FAILED:
            if result.kind in DOWN:
                found.append(Priority.CRITICAL if result.required else Priority.HIGH)
            elif result.kind in LUCK:
                found.append(Priority.MEDIUM)
            else:
                found.append(Priority.HIGH if result.required else Priority.MEDIUM)
    if errors:
        found.append(Priority.HIGH)
    return min(found, key=lambda item: item.rank, default=Priority.LOW)


def status(
    services: Sequence[ServiceSummary],
    results: Sequence[CheckResult],
    issues: Sequence[Issue],
    *,
    deployed: bool = True,
) -> Status:
    """
    What a run comes to.

    FAILED: the deployment failed (it is not `deployed`), a required service is not there, or its own health says that
    it is not well. INCONCLUSIVE: nothing
    passed, or a required check could not be asked. Otherwise SUCCESSFUL, with issues where there are any.
    """
    failed = [result for result in results if result.outcome is Outcome.FAILED]
    if not deployed or any(service.status in {"failed", "blocked"} for service in services):
        return Status.FAILED
    if any(result.kind == "http" and result.required and result.service for result in failed):
        return Status.FAILED
    if not any(result.outcome in {Outcome.PASSED, Outcome.DEGRADED} for result in results):
        return Status.FAILED if failed else Status.INCONCLUSIVE
    if failed or issues or any(result.outcome is Outcome.DEGRADED for result in results):
        return Status.SUCCESSFUL_WITH_ISSUES
    if any(result.required and result.outcome in {Outcome.INCONCLUSIVE, Outcome.SKIPPED} for result in results):
        return Status.INCONCLUSIVE
    return Status.SUCCESSFUL
