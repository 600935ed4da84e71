"""Stopping what an earlier run left or kept, in the way of the target that made it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from shakeout.runs.request import make_request
from shakeout.targets import state
from shakeout.targets.base import Progress
from shakeout.targets.command import CommandTarget


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
