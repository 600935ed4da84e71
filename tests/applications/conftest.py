"""The application of another layout and other frameworks, deployed from a repository of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.engine import PREFIX, PYTHON_TAG, ROOT, Archive, RealEngine, fill_with, installed
from shakeout.cli.execute import execute
from shakeout.report.model import Report
from shakeout.runs.pipeline import Finished, Run
from shakeout.runs.rehearsing import rehearsing
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
            return execute(Run(request=request, target=make_target(request), progress=_quiet))
        finally:
            request.repository.close()

    def rehearse(self, environment: str) -> Finished:
        """The same on a double of the platform."""
        request = make_request(
            manifest=self.folder / "shakeout.yaml",
            environment=environment,
            revision="HEAD",
            dirty=False,
            caller={**os.environ, "ORDERS_API_KEY": KEY},
            home=self.folder / ".shakeout" / "rehearsal",
        )
        try:
            with rehearsing(request, faults=(), secrets=None, containers=False, progress=_quiet) as told:
                return execute(Run(request=told.request, target=make_target(told.request), progress=_quiet))
        finally:
            request.repository.close()


def _quiet(line: str) -> None:
    """Nobody reads the progress of a test."""


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


@pytest.fixture(scope="session")
def images(engine: RealEngine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The images that the Dockerfiles take for bases: this machine's Node.js, and Python with what orders needs."""
    return {"PYTHON_IMAGE": _python(engine, tmp_path_factory), "NODE_IMAGE": _node(engine, tmp_path_factory)}


def _python(engine: RealEngine, temporary: pytest.TempPathFactory) -> str:
    """The tests' own Python image with Flask and gunicorn in it."""
    there = {one.name for one in installed(ROOT / "deploy" / "requirements.txt")}
    found = [one for one in installed(MARKET / "apps" / "orders" / "requirements.txt") if one.name not in there]
    versions = ",".join(f"{one.name}=={one.version}" for one in found)
    name = f"{engine.python}-market-{hashlib.sha256(versions.encode()).hexdigest()[:8]}"
    if not engine.run("images", "--quiet", f"{name}:{PYTHON_TAG}"):
        folder = temporary.mktemp("python-image")
        for distribution in found:
            for file in distribution.files or ():
                source = Path(str(distribution.locate_file(file)))
                if source.is_file() and ".." not in file.parts:
                    place = folder / "site" / str(file)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, place)
        start = "#!/usr/local/bin/python\nimport sys\nfrom gunicorn.app.wsgiapp import run\nsys.exit(run())\n"
        (folder / "gunicorn").write_text(start)
        (folder / "gunicorn").chmod(0o755)
        site = f"/usr/local/lib/python{PYTHON_TAG.removesuffix('-slim')}/site-packages/"
        lines = [f"FROM {engine.python}:{PYTHON_TAG}", f"COPY site {site}", "COPY gunicorn /usr/local/bin/gunicorn"]
        (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
        engine.run("build", "--quiet", "--tag", f"{name}:{PYTHON_TAG}", str(folder))
    return name


def _node(engine: RealEngine, temporary: pytest.TempPathFactory) -> str:
    """An image of this machine's Node.js and a shell."""
    program = shutil.which("node", path="/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("there is no Node.js on this machine")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    name = f"{PREFIX}/node-{version.removeprefix('v')}"
    if not engine.run("images", "--quiet", f"{name}:20-slim"):
        archive = temporary.mktemp("node-image") / "node.tar"
        with Archive.open(archive, "w") as tar:
            fill_with(tar, {"usr/local/bin/node": Path(program)})
        engine.run("import", "--change=ENV PATH=/usr/local/bin:/usr/bin:/bin", str(archive), f"{name}:20-slim")
    return name
