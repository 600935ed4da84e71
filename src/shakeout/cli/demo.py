"""`shakeout demo`: shakeout's own console, deployed to this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from shakeout.cli.execute import execute, present
from shakeout.cli.options import FormatOption, OutputOption, ProveOption, QuietOption
from shakeout.cli.output import ProgressLines
from shakeout.cli.up import deploy, print_kept
from shakeout.errors import UsageError
from shakeout.manifest.loading import find_manifest, load_manifest
from shakeout.runs.faults import choose, inject, load_faults
from shakeout.runs.folder import home_of
from shakeout.runs.pipeline import Finished, Run
from shakeout.runs.request import make_request, repository_folder
from shakeout.runs.targets import make_target

CONSOLE = "shakeout-console"


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the console running; `shakeout down` stops it.")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME", help="Inject this fault first, as a commit in a scratch clone."),
    ] = None,
    faults: Annotated[bool, typer.Option("--faults", help="List the faults that can be injected, and exit.")] = False,
    prove: ProveOption = False,
    form: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> int:
    """
    Deploy shakeout's own console here and check it.

    Works in a clone of shakeout's repository. `--fault` breaks it first, in a scratch clone, to see it explained.
    """
    manifest = console_manifest()
    if faults:
        for name, found in load_faults(_faults_of(manifest)).items():
            print(f"{name:<40} {found.family:<14} {found.summary}")
        return 0
    progress = ProgressLines(quiet=quiet)
    if fault:
        if keep:
            raise UsageError("--keep and --fault do not go together", expected="one of them", seen="both")
        finished = deploy_with_faults(manifest, fault, progress, prove=prove)
    else:
        finished = deploy(progress, manifest=manifest, environment="local", keep=keep, prove=prove)
    status = present(finished, form, output, quiet=quiet)
    if finished.kept and not quiet and form is None:
        print_kept(finished)
    return status


def deploy_with_faults(manifest: Path, names: list[str], progress: ProgressLines, *, prove: bool = False) -> Finished:
    """Inject the faults into a scratch clone, deploy that, and keep the run with the application's own runs."""
    source = repository_folder(manifest.parent)
    chosen = choose(_faults_of(manifest), names)
    folder = Path(tempfile.mkdtemp(prefix="shakeout-faults-"))
    try:
        progress(f"cloning the application and committing {', '.join(names)}")
        injected = inject(source, folder / "application", chosen)
        request = make_request(
            manifest=injected.folder / manifest.name,
            environment=chosen[0].environment,
            revision="HEAD",
            dirty=False,
            caller={**os.environ, **injected.variables},
            home=home_of(manifest),
        )
        try:
            return execute(Run(request=request, target=make_target(request), progress=progress, prove=prove))
        finally:
            request.repository.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _faults_of(manifest: Path) -> Path:
    return manifest.parent / "faults"


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
