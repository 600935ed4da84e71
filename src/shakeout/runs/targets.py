"""Chooses the target of a plan."""

from __future__ import annotations

from shakeout.errors import ManifestError, ManifestFault
from shakeout.runs.request import Request
from shakeout.targets.base import Target
from shakeout.targets.local import LocalTarget


def make_target(request: Request) -> Target:
    """A target object for one release; ManifestError where this version has none of that name."""
    if request.plan.target == "local":
        return LocalTarget(request.home / "state")
    environment = request.plan.environment
    raise ManifestError(
        [
            ManifestFault(
                file=request.loaded.file,
                line=request.loaded.line("environments", environment, "target"),
                path=f"environments.{environment}.target",
                expected="a target that this version can deploy to: local",
                seen=f"'{request.plan.target}'",
                hint="`shakeout verify --url SERVICE=ADDRESS` checks what others have deployed",
            )
        ]
    )
