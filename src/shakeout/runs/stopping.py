"""Stopping what an earlier run left or kept, in the way of the target that made it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from shakeout.runs.request import make_request
from shakeout.targets import state
from shakeout.targets.base import Progress
from shakeout.targets.command import CommandTarget
from shakeout.targets.processes import Process, alive, identify

TRIALS = "trials"
"""Where fixes are tried, below the home of runs."""


def stop_left(
    manifest: Path, home: Path, environment: str | None, caller: Mapping[str, str], progress: Progress
) -> list[str]:
    """
    As `state.down`; what the team's own command deployed is first taken down by the team's own `stop` command.

    Raises ManifestError where the manifest is needed for that and has a fault.
    """
    folder = home / "state"
    names = [environment] if environment else sorted(path.stem for path in folder.glob("*.json"))
    found = []
    for name in names:
        kept = state.load(state.path_of(folder, name))
        if kept is not None and kept.target == CommandTarget.name and _take_down(manifest, kept, caller, progress):
            found.append(name)
            continue
        found += [] if kept is None else state.down(folder, progress, name)
    return found + stop_trials(home, progress, environment)


def trial_home(home: Path) -> Path:
    """The home of a release that this process makes to try a fix: what it made is found there, also after a crash."""
    own = identify(os.getpid())
    assert own is not None, "this process lives"
    return home / TRIALS / f"{own.pid}-{own.start}"


def stop_trials(home: Path, progress: Progress, environment: str | None = None) -> list[str]:
    """
    Stop and remove what a killed shakeout left of fixes that it tried; one that goes on is left alone.

    Returns what was there, in words. Raises ShakeoutError as `state.down` does.
    """
    found = []
    for place in sorted((home / TRIALS).glob("*-*")):
        owner = Process(*(int(part) for part in place.name.split("-")))
        if owner.pid != os.getpid() and alive(owner):
            continue
        names = state.down(place / "state", progress, environment)
        found += [f"{name} (a fix that was tried)" for name in names]
        if not list((place / "state").glob("*.json")):
            shutil.rmtree(place, ignore_errors=True)
    return found


def _take_down(manifest: Path, kept: state.State, caller: Mapping[str, str], progress: Progress) -> bool:
    """Run the environment's `stop` command, where it has one; False where it has none any more."""
    request = make_request(
        manifest=manifest,
        environment=kept.environment,
        revision=kept.commit or "HEAD",
        dirty=False,
        caller=caller,
        home=manifest.resolve().parent / ".shakeout",
    )
    try:
        if request.plan.target != CommandTarget.name or not request.plan.options.get("stop"):
            progress("what the deploy command put elsewhere stays: the environment has no `stop` command")
            return False
        target = CommandTarget()

        async def stop() -> None:
            await target.resume(request.plan, request.home / "state")
            await target.stop(progress)

        asyncio.run(stop())
    finally:
        request.repository.close()
    return True
