"""`shakeout init`: a first manifest from what the repository holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shakeout.cli.options import QuietOption
from shakeout.errors import UsageError
from shakeout.manifest.drafting.drafting import draft_of
from shakeout.manifest.loading import FILE_NAMES, parse_manifest


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The repository; by default the current folder.")
    ] = Path(),
    environment: Annotated[
        list[str] | None,
        typer.Option(
            "--environment", "-e", metavar="NAME", help="Write this environment beside `local`; by default all found."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this new file; `-` is standard output."),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """
    Write a first manifest from what the repository holds.

    Reads compose files, Dockerfiles, Cloud Run YAML, Procfiles, package.json, Python requirements, workflows, deploy
    scripts and example settings. Behind each line stands where it comes from; what is unsure is a comment. Values of
    secrets are not copied, and no file is overwritten.
    """
    if not folder.is_dir():
        raise UsageError("there is no such folder", expected="a repository's folder", seen=str(folder))
    for name in environment or ():
        _check_name(name)
    place = output or folder / FILE_NAMES[0]
    if str(place) != "-":
        _refuse(place if output else next((folder / name for name in FILE_NAMES if (folder / name).exists()), place))
    text = draft_of(folder, environment or ())
    if str(place) == "-":
        typer.echo(text, nl=False)
        return 0
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _refuse(place)
    except OSError as error:
        raise UsageError(
            "the manifest cannot be written", seen=error.strerror or str(error), where=str(place)
        ) from error
    if not quiet:
        manifest = parse_manifest(text).manifest
        unsure = sum("unsure: " in line for line in text.splitlines())
        told = "1 line is unsure; look at it" if unsure == 1 else f"{unsure} lines are unsure; look at them"
        print(f"{place}: {', '.join(manifest.services)} in {', '.join(manifest.environments)}")
        print(f"{told}, commit the file, then: shakeout up")
    return 0


def _refuse(place: Path) -> None:
    if place.exists() or place.is_symlink():
        raise UsageError(
            "there is a manifest already, and it is not overwritten",
            expected="a new file",
            seen="one that is there",
            where=str(place),
            hint="print a new draft beside it: shakeout init --output -",
        )


def _check_name(name: str) -> None:
    import re

    if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", name):
        raise UsageError(
            "that cannot be an environment's name",
            expected="at most 63 lower-case letters, digits and hyphens that begin with a letter",
            seen=name,
            where="--environment",
        )


VERB = init
