"""`shakeout down`: stop what an earlier run left or kept."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from shakeout.cli.options import ManifestOption, QuietOption
from shakeout.cli.output import ProgressLines
from shakeout.manifest.loading import find_manifest
from shakeout.runs.folder import home_of


def down(
    manifest: ManifestOption = None,
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", metavar="NAME", help="Only this environment; by default all.")
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """
    Stop what `shakeout up --keep` or a crash left.

    Stops its processes and removes its folders; where the team's own command deployed it, runs the environment's `stop`
    command first. Runs and reports stay.
    """
    from pathlib import Path

    from shakeout.runs.stopping import stop_left

    progress = ProgressLines(quiet=quiet)
    path = manifest or find_manifest(Path.cwd())
    found = stop_left(path, home_of(path), environment, os.environ, progress)
    if not quiet:
        print(f"stopped: {', '.join(found)}" if found else "nothing was running")
    return 0


VERB = down
