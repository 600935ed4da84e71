"""`shakeout report`: the report of an earlier run, in any form, without running anything again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from shakeout.cli.execute import present, shown
from shakeout.cli.options import FormatOption, ManifestOption, OutputOption, QuietOption
from shakeout.errors import InputError
from shakeout.manifest.loading import find_manifest
from shakeout.report.model import Report
from shakeout.runs.folder import find_run, home_of
from shakeout.runs.pipeline import Finished


def report(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="The run's name or its start; by default the newest.")
    ] = None,
    manifest: ManifestOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> int:
    """
    Print the report of an earlier run again.

    Runs nothing. Exits as that run did.
    """
    folder = find_run(home_of(manifest or find_manifest(Path.cwd())), run)
    place = folder.path / "run.json"
    try:
        found = msgspec.json.decode(place.read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(
            "the run cannot be read",
            expected="a run.json that this version of shakeout wrote",
            seen=str(error),
            where=str(shown(place)),
            hint="run `shakeout up` again",
        ) from error
    return present(Finished(report=found, folder=folder), form, output, quiet=quiet)


VERB = report
