"""`--dry-run`: what a deployment would change, and nothing changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from shakeout.errors import UsageError
from shakeout.runs.request import Request
from shakeout.runs.targets import make_target
from shakeout.targets.base import Comparable, Progress
from shakeout.targets.kinds import kind_names


def planned(request: Request, progress: Progress) -> str:
    """
    The difference between the manifest and what is there, as lines for people.

    Raises UsageError where the environment's target has nothing to compare with, DeploymentError where it cannot be
    asked.
    """
    target = make_target(request)
    if not isinstance(target, Comparable):
        raise UsageError(
            f"the target {request.plan.target} starts everything anew, and has nothing to compare with",
            expected="an environment of the target cloud-run",
            seen=f"target {request.plan.target} of {request.plan.environment}",
            hint=f"targets are {', '.join(kind_names())}",
        )
    difference = asyncio.run(target.difference(request.plan, progress))
    return "".join(f"{line}\n" for line in _lines(request, difference))


def _lines(request: Request, difference: Mapping[str, Sequence[object]]) -> Iterator[str]:
    plan = request.plan
    yield f"{plan.application} in {plan.environment} ({plan.target}), commit {plan.commit[:12]}"
    for service in plan.services:
        changes = difference.get(service.name)
        if changes is None:
            yield f"{service.name}: deployed by others"
        elif not changes:
            yield f"{service.name}: no difference"
        else:
            yield f"{service.name}: {len(changes)} setting{'s' if len(changes) > 1 else ''} would change"
            yield from (f"  {change}" for change in changes)
    yield "nothing was changed"
