"""The release that is there before a rehearsal's own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from shakeout.cli.output import ProgressLines
from shakeout.cli.rehearsed import rehearsed
from shakeout.errors import DeploymentError, UsageError
from shakeout.runs.earlier import earlier_request, require_serving, serving_again
from shakeout.runs.request import Request, make_request
from shakeout.targets.cloud_run.journal import Journal
from shakeout.testing import SmallRepository

MANIFEST = """
version: 1
application: shop
services:
  web: {run: python server.py, image: "registry.example.com/web:${commit}", health: {}}
environments:
  local: {}
"""
STAGING = "  staging: {target: cloud-run, options: {project: shop-staging, region: europe-west1}}\n"


@pytest.fixture
def small(tmp_path: Path) -> SmallRepository:
    made = SmallRepository(tmp_path / "shop")
    made.commit("Open the shop", {"shakeout.yaml": MANIFEST})
    made.commit("Add staging", {"shakeout.yaml": MANIFEST + STAGING})
    made.commit("Name the page", {"shakeout.yaml": MANIFEST.replace("health: {}", "health: {path: /up}") + STAGING})
    return made


@pytest.fixture
def request_of(small: SmallRepository, tmp_path: Path):
    asked: list[Request] = []

    def make() -> Request:
        asked.append(
            make_request(
                manifest=small.folder / "shakeout.yaml",
                environment="staging",
                revision="HEAD",
                dirty=False,
                caller={},
                home=tmp_path / "home",
            )
        )
        return asked[-1]

    yield make
    for one in asked:
        one.repository.close()


def test_it_is_asked_for_by_the_manifest_of_its_own_commit(small, request_of, tmp_path) -> None:
    earlier = earlier_request(request_of(), "HEAD~1", tmp_path)
    earlier.repository.close()
    assert earlier.plan.commit == small.git("rev-parse", "HEAD~1").strip()
    assert earlier.plan.services[0].health.path == "/health"
    assert earlier.plan.services[0].image == f"registry.example.com/web:{earlier.plan.commit}"
    assert earlier.plan.repository == str(small.folder)


@pytest.mark.parametrize(
    ("revision", "told"),
    [("HEAD", "the same as the one that comes after"), ("HEAD~2", "staging"), ("v9", "not in the repository")],
)
def test_one_that_cannot_be_is_refused(revision: str, told: str, request_of, tmp_path) -> None:
    with pytest.raises(UsageError, match=told):
        earlier_request(request_of(), revision, tmp_path)


def test_faults_of_the_double_would_hit_it_too() -> None:
    with pytest.raises(UsageError, match="cannot be had with --over"):
        rehearsed(ProgressLines(quiet=True), "staging", over="HEAD~1", faults=("operations:1s",))


def test_whether_it_serves_is_read_from_the_journal(request_of, tmp_path) -> None:
    request = request_of()
    report = SimpleNamespace(release=SimpleNamespace(id="one"), notes=("rolled back: no",), status="FAILED")
    journal = Journal.of(request.home / "state", "staging")
    folder = str(tmp_path / "nowhere")
    journal.begin(release="one", commit=request.plan.commit, options={}, run_folder=folder, earlier=None)
    with pytest.raises(DeploymentError, match="is not well itself") as caught:
        require_serving(request, report)
    assert caught.value.seen == "rolled back: no"
    journal.add("end", outcome="serving", by="shakeout", why="")
    require_serving(request, report)
    # Another commit's release has the traffic now.
    journal.begin(release="two", commit="0" * 40, options={}, run_folder=folder, earlier=None)
    journal.add("end", outcome="serving", by="shakeout", why="")
    assert serving_again(request) is None
