"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shakeout.report.rendering import Format

ManifestOption = Annotated[
    Path | None,
    typer.Option("--manifest", "-m", metavar="FILE", help="The manifest; by default shakeout.yaml here or above."),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option("--environment", "-e", metavar="NAME", help="The environment; by default the only one, or `local`."),
]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", "-f", help="Print the report in this form on standard output, instead of the summary."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the report to this file; `-` is standard output."),
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
