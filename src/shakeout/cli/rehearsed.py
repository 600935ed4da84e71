"""`shakeout up --rehearse`: as `up`, on a double of the environment's platform."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from shakeout.cli.execute import execute, execute_shown
from shakeout.cli.output import ProgressLines
from shakeout.errors import UsageError
from shakeout.manifest.loading import find_manifest
from shakeout.runs.earlier import earlier_request, require_serving, serving_again, told_again
from shakeout.runs.folder import home_of
from shakeout.runs.pipeline import Finished, Run, write_report
from shakeout.runs.request import Request, make_request
from shakeout.runs.targets import make_target


def rehearsed(
    progress: ProgressLines,
    environment: str,
    *,
    manifest: Path | None = None,
    revision: str = "HEAD",
    over: str | None = None,
    faults: Sequence[str] = (),
    secrets: Path | None = None,
    containers: bool = True,
    console: str | None = None,
) -> Finished:
    """One run on the double, over a release of the commit `over` where one is named; kept in a home of its own."""
    # Google's libraries are loaded only for this.
    from shakeout.runs.rehearsing import HOME, rehearsing

    if over is not None and faults:
        raise UsageError(
            "--rehearsal-fault cannot be had with --over",
            expected="one of them, since the double's faults would hit the earlier release as well",
            seen="both",
        )
    place = home_of(manifest or find_manifest(Path.cwd())) / HOME
    request = make_request(
        manifest=manifest, environment=environment, revision=revision, dirty=False, caller=os.environ, home=place
    )
    with contextlib.ExitStack() as stack:
        stack.callback(request.repository.close)
        earlier: Request | None = None
        if over is not None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="shakeout-manifest-"))
            earlier = earlier_request(request, over, Path(folder))
            stack.callback(earlier.repository.close)
        told = stack.enter_context(
            rehearsing(
                request, faults=faults, secrets=secrets, containers=containers, progress=progress, earlier=earlier
            )
        )
        if told.earlier is not None:
            _release(told.earlier, progress)
        run = Run(request=told.request, target=make_target(told.request), progress=progress, notes=list(told.notes))
        finished = execute_shown(run, console)
        return finished if told.earlier is None else _asked_again(finished, told.earlier, progress)


def _release(earlier: Request, progress: ProgressLines) -> None:
    """Make the release that is to be there before; DeploymentError where it does not stay."""
    progress(f"releasing {earlier.plan.commit[:12]} first, to be there before")
    run = Run(request=earlier, target=make_target(earlier), progress=_quiet)
    require_serving(earlier, execute(run).report)


def _asked_again(finished: Finished, earlier: Request, progress: ProgressLines) -> Finished:
    """Where the traffic went back to the earlier release: the report with a note of how that does."""
    target = serving_again(earlier)
    if target is None:
        return finished
    progress(f"verifying the release of {earlier.plan.commit[:12]}, which has the traffic again")
    run = Run(
        request=earlier,
        target=target,
        progress=_quiet,
        release=target.release,
        logs_folder=target.logs_folder,
        keep=True,
    )
    note = told_again(execute(run).report)
    report = replace(finished.report, notes=(*finished.report.notes, note))
    write_report(report, finished.folder)
    return replace(finished, report=report)


def _quiet(line: str) -> None:
    """Nobody is told."""
