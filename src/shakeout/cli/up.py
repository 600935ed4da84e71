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
from shakeout.cli.rehearsed import rehearsed
from shakeout.errors import UsageError
from shakeout.runs.pipeline import Finished, Run
from shakeout.runs.planning import planned
from shakeout.runs.request import make_request, not_deployed
from shakeout.runs.targets import make_target


def up(
    manifest: ManifestOption = None,
    environment: EnvironmentOption = None,
    revision: RevisionOption = "HEAD",
    dirty: Annotated[bool, typer.Option("--dirty", help="Deploy the working tree instead of a commit.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running; `shakeout down` stops it.")] = False,
    prove: ProveOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change on the platform, and change nothing.")
    ] = False,
    rehearse: Annotated[
        str | None,
        typer.Option(
            "--rehearse",
            metavar="ENVIRONMENT",
            help="Deploy this environment to a double of its platform on this machine (target cloud-run).",
        ),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            "--over",
            metavar="REVISION",
            help="With --rehearse: release this earlier commit first, so that an update and its rollback are seen.",
        ),
    ] = None,
    rehearsal_fault: Annotated[
        list[str] | None,
        typer.Option("--rehearsal-fault", metavar="FAULT", help="A fault of the double, quota:GetService for one."),
    ] = None,
    rehearsal_commands: Annotated[
        bool,
        typer.Option("--rehearsal-commands", help="Run each service's command, also where a container engine answers."),
    ] = False,
    rehearsal_secrets: Annotated[
        Path | None,
        typer.Option(
            "--rehearsal-secrets", metavar="FILE", help="Values of the platform's secrets, as lines NAME=VALUE."
        ),
    ] = None,
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
    if dry_run:
        if rehearse is not None or keep or dirty or prove:
            wrong = next(name for name, given in (("--rehearse", rehearse), ("--keep", keep), ("--dirty", dirty),
                                                  ("--prove", prove)) if given)  # fmt: skip
            raise UsageError("a dry run changes nothing", expected="--dry-run alone", seen=wrong)
        print(plan_only(progress, manifest=manifest, environment=environment, revision=revision), end="")
        return 0
    if rehearse is None:
        if rehearsal_fault or rehearsal_secrets or rehearsal_commands or over:
            wrong = "--over" if over else "the options that begin with --rehearsal"
            raise UsageError(f"{wrong} {'is' if over else 'are'} for a rehearsal", hint="--rehearse NAME")
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
    else:
        if environment is not None or keep or dirty:
            wrong = "--environment" if environment is not None else "--keep" if keep else "--dirty"
            raise UsageError(
                f"{wrong} cannot be had with --rehearse",
                expected="a rehearsal of a commit, which ends with shakeout and names its environment",
                seen=wrong,
            )
        finished = rehearsed(
            progress,
            rehearse,
            manifest=manifest,
            revision=revision,
            over=over,
            faults=rehearsal_fault or (),
            secrets=rehearsal_secrets,
            containers=not rehearsal_commands,
            console=console,
        )
    status = present(finished, form, output, quiet=quiet)
    if finished.kept and not quiet and form is None:
        print_kept(finished)
    return status


def plan_only(
    progress: ProgressLines, *, manifest: Path | None = None, environment: str | None = None, revision: str = "HEAD"
) -> str:
    """What `deploy` would change on the platform, as text; nothing is changed."""
    request = make_request(
        manifest=manifest, environment=environment, revision=revision, dirty=False, caller=os.environ
    )
    try:
        return planned(request, progress)
    finally:
        request.repository.close()


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
        notes = [*not_deployed(request)] if revision == "HEAD" else []
        run = Run(request=request, target=make_target(request), progress=progress, keep=keep, prove=prove, notes=notes)
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
