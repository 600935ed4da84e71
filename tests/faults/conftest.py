"""Runs a fault once for all tests that look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.engine import RealEngine
from shakeout.report.model import Report
from shakeout.runs.faults import Fault, Injected, load_fault
from shakeout.runs.folder import RunFolder
from shakeout.runs.trying import try_faults

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
            with pytest.MonkeyPatch.context() as patch:
                if load_fault(FAULTS / name).environment == "containers":
                    engine: RealEngine = request.getfixturevalue("engine")
                    for variable, value in {**engine.environment, "IMAGES": "remove"}.items():
                        patch.setenv(variable, value)
                known[name] = _run(name, tmp_path_factory.mktemp("fault"))
        return known[name]

    yield run


def _run(name: str, folder: Path) -> Explained:
    fault = load_fault(FAULTS / name)
    tried = try_faults(TOP, [fault], folder)
    return Explained(fault, tried.injected, tried.report, tried.folder, tried.secrets)
