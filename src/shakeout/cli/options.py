"""Options that several verbs share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from shakeout.errors import UsageError
from shakeout.report.rendering import Format


def _present(path: Path | None) -> Path | None:
    """Refuse a manifest that is not there also where only its folder is used."""
    if path is not None and (path.is_dir() or not path.exists()):
        raise UsageError(
            "the manifest cannot be read",
            expected="a file",
            seen="a folder" if path.is_dir() else "no such file",
            where=str(path),
            hint="name another: --manifest FILE",
        )
    return path


ManifestOption = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        "-m",
        metavar="FILE",
        callback=_present,
        help="The manifest; by default shakeout.yaml here or above.",
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option("--environment", "-e", metavar="NAME", help="The environment; by default the only one, or `local`."),
]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", "-f", help="Print the report in this form on standard output, instead of the summary."),
]


def _writable(path: Path | None) -> Path | None:
    """Refuse at once what would be refused after the run."""
    if path is None or str(path) == "-":
        return path
    seen = "a folder" if path.is_dir() else ""
    parent = next((folder for folder in path.absolute().parents if folder.exists()), path)
    if not seen and not (parent.is_dir() and os.access(path if path.exists() else parent, os.W_OK)):
        seen = f"{path if path.exists() else parent}, which may not be written"
    if seen:
        raise UsageError(
            "the report cannot be written",
            expected="a file that may be written",
            seen=seen,
            where=str(path),
            hint="name another: --output FILE",
        )
    return path


OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        callback=_writable,
        help="Write the report to this file; `-` is standard output.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]
ConsoleOption = Annotated[
    str | None,
    typer.Option(
        "--console",
        metavar="URL",
        envvar="SHAKEOUT_CONSOLE",
        help="Show the run, while it goes on, in the console at this address (see `shakeout serve`).",
    ),
]
RevisionOption = Annotated[str, typer.Option("--at", metavar="REVISION", help="The commit to deploy.")]

ProveOption = Annotated[
    bool, typer.Option("--prove", help="Deploy each fix in a scratch copy, and ask the failed checks again.")
]
