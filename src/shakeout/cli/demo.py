"""`shakeout demo`: shakeout's own console, deployed to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shakeout.cli.execute import present
from shakeout.cli.options import FormatOption, OutputOption, QuietOption
from shakeout.cli.output import ProgressLines
from shakeout.cli.up import deploy, print_kept
from shakeout.errors import UsageError
from shakeout.manifest.loading import find_manifest, load_manifest

CONSOLE = "shakeout-console"


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the console running; `shakeout down` stops it.")] = False,
    form: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> int:
    """Deploy shakeout's own three-service console to this machine, check it and report."""
    progress = ProgressLines(quiet=quiet)
    finished = deploy(progress, manifest=console_manifest(), environment="local", keep=keep)
    status = present(finished, form, output, quiet=quiet)
    if finished.kept and not quiet and form is None:
        print_kept(finished)
    return status


def console_manifest() -> Path:
    """The console's own manifest; UsageError outside of a clone of shakeout's repository."""
    for folder in (Path.cwd(), Path(__file__).resolve().parents[3]):
        try:
            path = find_manifest(folder)
            if load_manifest(path).manifest.application == CONSOLE:
                return path
        except UsageError:
            continue
    raise UsageError(
        "the console's repository is not here",
        expected="a clone of shakeout's repository, whose commit is what the demo deploys",
        seen=str(Path.cwd()),
        hint="clone the repository and run `make demo` in it",
    )


VERB = demo
