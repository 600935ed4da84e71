"""`shakeout verify`: ask every check of what already runs."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from shakeout.cli.execute import execute_shown, present
from shakeout.cli.options import (
    ConsoleOption,
    EnvironmentOption,
    FormatOption,
    ManifestOption,
    OutputOption,
    QuietOption,
)
from shakeout.cli.output import ProgressLines
from shakeout.errors import UsageError
from shakeout.runs.attached import attach
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request


def verify(
    manifest: ManifestOption = None,
    environment: EnvironmentOption = None,
    url: Annotated[
        list[str] | None,
        typer.Option("--url", metavar="SERVICE=ADDRESS", help="Where a service answers; once for each service."),
    ] = None,
    revision: Annotated[str, typer.Option("--at", metavar="REVISION", help="The commit that should run.")] = "",
    console: ConsoleOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> int:
    """
    Check what already runs, and explain what does not work.

    Asks every check of the release that `shakeout up --keep` left, of the one that a platform gives the traffic, or of
    the addresses that `--url` gives, and writes the report. Deploys and stops nothing.
    """
    urls = dict(_pair(text) for text in url or [])
    request = make_request(
        manifest=manifest, environment=environment, revision=revision or "HEAD", dirty=False, caller=os.environ
    )
    target = attach(request.plan, request.home, urls)
    release = target.release
    if not revision and release.commit != request.plan.commit:
        # What should run is what was deployed, not what the work tree has come to since.
        request.repository.close()
        request = make_request(
            manifest=manifest, environment=environment, revision=release.commit, dirty=False, caller=os.environ
        )
    run = Run(
        request=request,
        target=target,
        progress=ProgressLines(quiet=quiet),
        release=release,
        logs_folder=target.logs_folder,
        keep=True,
    )
    try:
        return present(execute_shown(run, console), form, output, quiet=quiet)
    finally:
        request.repository.close()


def _pair(text: str) -> tuple[str, str]:
    name, equals, address = text.partition("=")
    if not (name and equals and address.startswith(("http://", "https://"))):
        raise UsageError(
            "an address is not understood",
            expected="SERVICE=ADDRESS, for example backend=https://backend.example.com",
            seen=text,
            where="--url",
        )
    return name, address.rstrip("/")


VERB = verify
