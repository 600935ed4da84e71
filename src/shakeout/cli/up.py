"""`shakeout up`: deploy, verify, explain, report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from shakeout.cli.execute import execute_shown, present
from shakeout.cli.options import (
    ConsoleOption,
    EnvironmentOption,
    FormatOption,
    ManifestOption,
    OutputOption,
    ProveOption,
    QuietOption,
    RevisionOption,
)
from shakeout.cli.output import ProgressLines, results_console
from shakeout.runs.pipeline import Finished, Run
from shakeout.runs.request import make_request
from shakeout.runs.targets import make_target


def up(
    manifest: ManifestOption = None,
    environment: EnvironmentOption = None,
    revision: RevisionOption = "HEAD",
    dirty: Annotated[bool, typer.Option("--dirty", help="Deploy the working tree instead of a commit.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running; `shakeout down` stops it.")] = False,
    prove: ProveOption = False,
    console: ConsoleOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> int:
    """
    Deploy, prove what works, explain what does not.

    Deploys the application of the manifest's commit, asks every check, explains what is wrong, writes the report to
    .shakeout/runs, and stops what it started.
    """
    progress = ProgressLines(quiet=quiet)
    finished = deploy(
        progress,
        manifest=manifest,
        environment=environment,
        revision=revision,
        dirty=dirty,
        keep=keep,
        prove=prove,
        console=console,
    )
    status = present(finished, form, output, quiet=quiet)
    if finished.kept and not quiet and form is None:
        print_kept(finished)
    return status


def deploy(
    progress: ProgressLines,
    *,
    manifest: Path | None = None,
    environment: str | None = None,
    revision: str = "HEAD",
    dirty: bool = False,
    keep: bool = False,
    prove: bool = False,
    folder: Path | None = None,
    console: str | None = None,
) -> Finished:
    """One run of a manifest's application, with progress for people; `console` is where it is shown."""
    request = make_request(
        manifest=manifest, environment=environment, revision=revision, dirty=dirty, caller=os.environ, folder=folder
    )
    try:
        run = Run(request=request, target=make_target(request), progress=progress, keep=keep, prove=prove)
        return execute_shown(run, console)
    finally:
        request.repository.close()


def print_kept(finished: Finished) -> None:
    """Say what goes on running, where, and how to stop it."""
    console = results_console()
    console.print("\nStill running:")
    for service in finished.report.services:
        if service.url:
            console.print(f"  {service.name}  {service.url}", soft_wrap=True)
    console.print("Ask again with `shakeout verify`; stop it with `shakeout down`.")


VERB = up
