"""Runs the application with faults in it, on this machine or on a double of the environment's platform."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shakeout.report.model import Report
from shakeout.runs.faults import Fault, Injected, inject
from shakeout.runs.folder import RunFolder
from shakeout.runs.pipeline import Run
from shakeout.runs.request import Request, make_request
from shakeout.runs.targets import make_target


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What came of it; `secrets` are those of the release, which nothing may hold."""

    injected: Injected
    report: Report
    folder: RunFolder
    secrets: tuple[str, ...]


def try_faults(
    source: Path, faults: Sequence[Fault], folder: Path, environment: str | None = None, *, prove: bool = False
) -> Tried:
    """
    Inject the faults into a copy of `source`, deploy that to the environment where they belong (or to `environment`),
    verify and explain it; with `prove`, deploy the fixes too. Everything is below `folder`. No fault at all is the
    healthy application.
    """
    injected = inject(source, folder / "application", faults)
    # Where the application's own environments ask for a database by its address, it gets a file.
    own = {"STAGING_DATABASE_URL": f"sqlite:///{folder}/accounts.db"}
    request = make_request(
        manifest=injected.folder / "shakeout.yaml",
        environment=environment or (faults[0].environment if faults else "local"),
        revision="HEAD",
        dirty=False,
        caller={**os.environ, **own, **injected.variables},
        home=folder / "home",
    )
    try:
        with _place(request, [word for fault in faults for word in fault.rehearsal]) as told:
            run = Run(request=told, target=make_target(told), progress=lambda line: None, prove=prove)
            finished = asyncio.run(run.execute())
            secrets = told.plan.secret_values
    finally:
        request.repository.close()
    return Tried(injected=injected, report=finished.report, folder=finished.folder, secrets=secrets)


@contextlib.contextmanager
def _place(request: Request, words: Sequence[str]) -> Iterator[Request]:
    """The request as it can be deployed here: an environment of Cloud Run is rehearsed on a double."""
    if request.plan.target != "cloud-run":
        yield request
        return
    # Google's libraries are loaded only for this.
    from shakeout.runs.rehearsing import rehearsing

    with rehearsing(request, faults=words, secrets=None, containers=False, progress=lambda line: None) as told:
        yield told.request
