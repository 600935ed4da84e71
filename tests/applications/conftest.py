"""The application of another layout and other frameworks, deployed from a repository of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from shakeout.cli.execute import execute
from shakeout.report.model import Report
from shakeout.runs.pipeline import Finished, Run
from shakeout.runs.request import make_request
from shakeout.runs.targets import make_target
from shakeout.testing import SmallRepository

MARKET = Path(__file__).parents[1] / "fixtures" / "applications" / "parcel_market"
KEY = "a-key-that-no-report-may-show"


@dataclass(frozen=True, slots=True)
class Market:
    """The application's own repository, and a way to deploy it to one of its environments."""

    repository: SmallRepository

    @property
    def folder(self) -> Path:
        return self.repository.folder

    def commit(self, subject: str, files: Mapping[str, str | None]) -> str:
        return self.repository.commit(subject, files)

    def run(self, environment: str, **caller: str) -> Finished:
        """Deploy, verify, explain, report, and stop."""
        request = make_request(
            manifest=self.folder / "shakeout.yaml",
            environment=environment,
            revision="HEAD",
            dirty=False,
            caller={**os.environ, "ORDERS_API_KEY": KEY, **caller},
        )
        try:
            return execute(Run(request=request, target=make_target(request), progress=lambda line: None))
        finally:
            request.repository.close()


@pytest.fixture
def market(tmp_path: Path) -> Market:
    folder = tmp_path / "parcel-market"
    shutil.copytree(MARKET, folder, ignore=shutil.ignore_patterns("__pycache__"))
    repository = SmallRepository(folder)
    repository.commit("Open the market")
    return Market(repository)


def outcomes(report: Report) -> dict[str, str]:
    """Check name to outcome."""
    return {result.name: str(result.outcome) for result in report.checks}
