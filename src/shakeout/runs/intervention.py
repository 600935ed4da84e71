"""
Proof by deploying: each fix is committed in a scratch copy, that is deployed beside, and the failed checks asked again.

The copy has a state and a lock of its own, so that it disturbs no release that is kept.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from shakeout.checks.base import Check, CheckResult, Context, Outcome
from shakeout.checks.planning import plan_checks
from shakeout.checks.runner import run_checks
from shakeout.errors import ShakeoutError
from shakeout.evidence.redaction import MARK
from shakeout.fixes.patches import PatchError, commit_patched
from shakeout.manifest.plan import Plan
from shakeout.report.model import Issue, Proof
from shakeout.runs.folder import new_run
from shakeout.runs.redeclaring import replan
from shakeout.runs.request import Request
from shakeout.runs.stopping import stop_trials, trial_home
from shakeout.runs.targets import make_target
from shakeout.targets.base import Progress, Release, Target
from shakeout.targets.capture import last_lines
from shakeout.targets.kinds import target_kind

_GOOD = frozenset({Outcome.PASSED, Outcome.DEGRADED})


async def prove_by_deploying(
    request: Request, issues: Sequence[Issue], results: Sequence[CheckResult], progress: Progress
) -> tuple[Issue, ...]:
    """The issues with what came of their fixes; one without a patch that can be applied keeps the proof that it has."""
    found = []
    for issue in issues:
        patch = next((fix.patch for fix in issue.fixes if fix.patch and MARK not in fix.patch), None)
        if patch is None or issue.root_cause is None:
            found.append(issue)
            continue
        progress(f"deploying the fix of '{issue.title}'")
        proof = await _try(request, patch, _to_ask(issue, results), progress)
        found.append(replace(issue, proof=proof))
    return tuple(found)


def _to_ask(issue: Issue, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """The checks that failed by the issue; where it keeps a service from being deployed, all that did not pass."""
    failed = {result.name for result in results if result.outcome not in _GOOD}
    names = tuple(name for name in issue.checks if name in failed or not failed)
    return names or issue.checks or tuple(result.name for result in results if result.name in failed)


async def _try(request: Request, patch: str, names: Sequence[str], progress: Progress) -> Proof:
    kind = target_kind(request.plan.target)
    if kind is None or not kind.beside:
        return Proof(
            status="not tried", detail=f"target {request.plan.target} has one place for the environment's release"
        )
    if request.plan.dirty:
        return Proof(status="not tried", detail="the working tree was deployed, not a commit")
    if not names:
        return Proof(status="not tried", detail="no check failed by this cause")
    with tempfile.TemporaryDirectory(prefix="shakeout-prove-") as folder:
        try:
            copy = commit_patched(request.repository, patch, Path(folder) / "copy.git")
        except PatchError as error:
            return Proof(status="not proved", detail=f"the patch does not fit the deployed commit: {error}")
        try:
            loaded, plan = replan(request, copy, Path(folder) / "manifest")
            beside = replace(
                request,
                loaded=loaded,
                plan=replace(plan, repository=str(copy.folder), options={**plan.options, **kind.trial}),
                repository=copy,
                home=trial_home(request.home),
            )
            release, asked = await _deploy_and_ask(beside, names, progress)
        except ShakeoutError as error:
            return Proof(status="not proved", detail=f"with this change nothing can be deployed: {error}")
        finally:
            copy.close()
            stop_trials(request.home, progress)
    return _judged(release, asked, names)


async def _deploy_and_ask(
    request: Request, names: Sequence[str], progress: Progress
) -> tuple[Release, dict[str, CheckResult]]:
    target = make_target(request)
    run = new_run(request.home, request.plan.commit, datetime.now(UTC))
    try:
        release = await target.deploy(request.plan, run.path, progress)
        plan = outside(target, request.plan)
        checks = _with_needs(plan_checks(plan), names)
        place = {name: getattr(target, name, None) for name in ("checkout", "data")}
        context = Context(
            plan=plan,
            release=release,
            run_folder=run.path,
            checkout=place["checkout"] or Path(request.plan.repository),
            data=place["data"],
        )
        results = await run_checks(
            checks, context, progress=progress, last_lines=lambda service: last_lines(run.path, service)
        )
    finally:
        await asyncio.shield(target.stop(progress))
    return release, {result.name: result for result in results}


def outside(target: Target, plan: Plan) -> Plan:
    """The plan with the addresses by which checks reach what a target keeps in a network of its own."""
    found = getattr(target, "outside", plan)
    return found if isinstance(found, Plan) else plan


def _with_needs(checks: Sequence[Check], names: Sequence[str]) -> tuple[Check, ...]:
    """The checks of those names and all that they need, in their order."""
    by_name = {check.name: check for check in checks}
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in wanted:
            wanted.add(name)
            waiting += by_name[name].needs
    return tuple(check for check in checks if check.name in wanted)


def _judged(release: Release, asked: dict[str, CheckResult], names: Sequence[str]) -> Proof:
    passed = [name for name in names if name in asked and asked[name].outcome in _GOOD]
    count = f"{len(passed)} of {len(names)} failed checks pass"
    down = next((item for item in release.revisions if item.failure is not None), None)
    if len(passed) == len(names) and down is None:
        return Proof(status="proved", detail=f"with this change, {count}")
    if down is not None and down.failure is not None:
        why = f"{down.service} is not deployed: {down.failure.message}"
    else:
        left = next((asked[name] for name in names if name in asked and name not in passed), None)
        why = f"{left.name}: {left.detail}" if left is not None else "a check is not there any more"
    return Proof(status="not proved", detail=f"with this change, {count}; {why}")
