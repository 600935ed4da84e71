"""
The release that is there before a rehearsal's own, so that an update is rehearsed and not a first deployment.

It is made as it would have been made then: from the manifest of its own commit.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from shakeout.errors import DeploymentError, UsageError
from shakeout.evidence.repository import Repository
from shakeout.report.model import Report
from shakeout.runs.attached import Attached, attach
from shakeout.runs.redeclaring import replan
from shakeout.runs.request import Request
from shakeout.targets.cloud_run.journal import Journal, Serving

_GOOD = frozenset({"passed", "degraded"})


def earlier_request(request: Request, revision: str, folder: Path) -> Request:
    """
    The same environment at an earlier commit; the manifest of that is written into `folder`.

    Raises UsageError where the commit is not there, has no such environment, or is the one that comes after it.
    """
    copy = Repository(request.repository.folder, revision)
    try:
        if copy.commit == request.plan.commit:
            raise UsageError(
                "the release that is to be there before is the same as the one that comes after it",
                expected="an earlier commit",
                seen=f"{revision}, which is {copy.commit[:12]}",
                where="--over",
            )
        loaded, plan = replan(request, copy, folder)
    except BaseException:
        copy.close()
        raise
    return replace(request, loaded=loaded, plan=replace(plan, repository=request.plan.repository), repository=copy)


def require_serving(request: Request, report: Report) -> None:
    """DeploymentError, with what its report says, where the release that was to be there before did not stay."""
    serving = _serving(request)
    if serving is not None and serving.release == report.release.id:
        return
    commit = request.plan.commit[:12]
    raise DeploymentError(
        f"nothing can be released over {commit}, since it is not well itself",
        expected="a commit whose release stays",
        seen=next((note for note in report.notes if note.startswith("rolled back")), str(report.status)),
        hint=f"shakeout up --rehearse {request.plan.environment} --at {commit} explains it; or name another: --over",
    )


def serving_again(earlier: Request) -> Attached | None:
    """The earlier release, to be verified, where it has the traffic; None where another one has it, or none."""
    serving = _serving(earlier)
    if serving is None or serving.commit != earlier.plan.commit:
        return None
    return attach(earlier.plan, earlier.home, {})


def told_again(report: Report) -> str:
    """What came of verifying the earlier release again, as a sentence for the report."""
    good = sum(result.outcome in _GOOD for result in report.checks)
    rest = next((f"; {one.name}: {one.detail}" for one in report.checks if one.outcome not in _GOOD), "")
    return (
        f"after that the release of {(report.release.commit or '')[:12]} has the traffic again: "
        f"{good} of {len(report.checks)} checks passed{rest}"
    )


def _serving(request: Request) -> Serving | None:
    told = Journal.of(request.home / "state", request.plan.environment).read()
    return told.serving if told is not None else None
