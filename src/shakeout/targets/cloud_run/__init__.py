"""
The target `cloud-run`: services as revisions of Google Cloud Run.

A revision is deployed without traffic and with a tag, verified at the tag's address, then given the traffic and
verified again; where a required check fails, the traffic goes back to what had it before. Images are there already:
this target refers to them and builds none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shakeout.targets.cloud_run.hosting import hosting_faults
from shakeout.targets.cloud_run.options import EnvironmentOptions, ServiceOptions
from shakeout.targets.kinds import TargetKind

if TYPE_CHECKING:
    from shakeout.targets.base import Target


def _make(state_folder: Path) -> Target:
    from shakeout.targets.cloud_run.target import CloudRunTarget

    return CloudRunTarget(state_folder)


KIND = TargetKind(
    name="cloud-run", make=_make, environment=EnvironmentOptions, service=ServiceOptions, faults=hosting_faults
)
