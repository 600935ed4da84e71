"""Runs a fault once for all tests that look at it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from shakeout.cli.execute import execute
from shakeout.report.model import Report
from shakeout.runs.faults import Fault, Injected, inject, load_fault
from shakeout.runs.folder import RunFolder
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request
from shakeout.runs.targets import make_target

TOP = Path(__file__).parents[2]
FAULTS = TOP / "faults"


@dataclass(frozen=True, slots=True)
class Explained:
    """One fault's run: its report, the folder with everything that it saw, the scratch repository."""

    fault: Fault
    injected: Injected
    report: Report
    folder: RunFolder
    secrets: tuple[str, ...]


@pytest.fixture(scope="session")
def explained(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[object]:
    """A function that injects, deploys and explains a fault, once in a session; it needs an engine for containers."""
    known: dict[str, Explained] = {}

    def run(name: str) -> Explained:
        if name not in known:
            variables: dict[str, str] = {}
            if load_fault(FAULTS / name).environment == "containers":
                variables = {**request.getfixturevalue("engine").environment, "IMAGES": "remove"}
            known[name] = _run(name, tmp_path_factory.mktemp("fault"), variables)
        return known[name]

    yield run


def _run(name: str, folder: Path, variables: Mapping[str, str]) -> Explained:
    fault = load_fault(FAULTS / name)
    injected = inject(TOP, folder / "application", [fault])
    request = make_request(
        manifest=injected.folder / "shakeout.yaml",
        environment=fault.environment,
        revision="HEAD",
        dirty=False,
        caller={**os.environ, **variables, **injected.variables},
        home=folder / "home",
    )
    try:
        finished = execute(Run(request=request, target=make_target(request), progress=lambda line: None))
    finally:
        request.repository.close()
    return Explained(fault, injected, finished.report, finished.folder, request.plan.secret_values)
