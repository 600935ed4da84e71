"""`shakeout up --rehearse`: what a double of Cloud Run says of an application that is well on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fixtures.engine import PYTHON_TAG, RealEngine

STAGING = """
  staging:
    target: cloud-run
    options: {project: shop-staging, region: europe-west1, public: true}
    secrets:
      key: {secret_manager: "shop-key:3"}
    services:
      stock:
        image: europe-west1-docker.pkg.dev/shop-staging/images/stock:${commit}
        environment: {WEB: "${services.web.url}"}
        secrets: {KEY: key}
      web:
        image: europe-west1-docker.pkg.dev/shop-staging/images/web:${commit}
"""
SECRETS = "\nsecrets:\n  key: {env: SHOP_KEY}\nenvironments:\n"
REHEARSE = ("up", "--rehearse", "staging", "--rehearsal-commands")
VALUE = "seven-green-bottles-on-a-wall"


PAGE = "checks:\n  page: {kind: http, service: web, path: /page}\nenvironments:\n"
BROKEN = """        self.send_response(500 if self.path == "/page" else STATUS)"""


def with_staging(shop, listens: str = "0.0.0.0") -> None:
    server = (shop.folder / "server.py").read_text(encoding="utf-8").replace("127.0.0.1", listens)
    server = server.replace("class Handler", 'print("key", os.environ.get("KEY", "none"), flush=True)\nclass Handler')
    text = (shop.folder / "shakeout.yaml").read_text(encoding="utf-8").replace("\nenvironments:\n", SECRETS)
    shop.commit = shop.repository.commit("Add staging", {"server.py": server, "shakeout.yaml": text + STAGING})


def test_a_rehearsal_deploys_verifies_with_and_without_traffic_and_leaves_nothing(
    shop, outcomes, tmp_path: Path
) -> None:
    with_staging(shop)
    secrets = tmp_path / "secrets"
    secrets.write_text(f"# of the shop\nshop-key={VALUE}\n", encoding="utf-8")
    done = shop.run(*REHEARSE, "--rehearsal-secrets", str(secrets), "--format", "json")
    assert done.status == 0, done.err
    report = done.json
    assert (report["target"], report["status"], report["issues"]) == ("cloud-run", "SUCCESSFUL", [])
    assert set(outcomes(report).values()) == {"passed"}
    notes = " ".join(report["notes"])
    assert "this was a rehearsal on a double of Cloud Run" in notes
    assert "stock and web ran as processes" in notes
    (run,) = (shop.folder / ".shakeout" / "rehearsal" / "runs").iterdir()
    logs = (run / "logs" / "stock.log").read_text(encoding="utf-8")
    assert "Starting new instance. Reason: DEPLOYMENT_ROLLOUT" in logs
    assert "key [redacted]" in logs
    written = [path.read_bytes() for path in (shop.folder / ".shakeout").rglob("*") if path.is_file()]
    assert not any(VALUE.encode() in data for data in written)
    assert VALUE not in done.out + done.err
    assert not (shop.folder / ".shakeout" / "runs").exists()
    assert shop.processes() == []


def test_what_only_the_platform_would_refuse_is_found_on_this_machine(shop) -> None:
    with_staging(shop, listens="127.0.0.1")
    shop.change("Expect it sooner", "deadline: 10s", "deadline: 2s")
    done = shop.run(*REHEARSE, "--format", "json", environment={"SHOP_KEY": VALUE})
    assert done.status == 1, done.err
    report = done.json
    assert report["status"] == "FAILED"
    stock = next(service for service in report["services"] if service["name"] == "stock")
    assert stock["status"] == "failed"
    assert "failed the configured startup probe checks" in str(report)
    assert shop.processes() == []


def test_a_fault_of_the_double_is_met_by_the_target_and_named_in_the_report(shop) -> None:
    with_staging(shop)
    done = shop.run(
        *REHEARSE, "--rehearsal-fault", "deny:run.services.create", "--format", "json",
        environment={"SHOP_KEY": VALUE},
    )  # fmt: skip
    assert done.status == 1, done.err
    assert "run.services.create" in str(done.json["services"])
    assert "faults: deny:run.services.create" in " ".join(done.json["notes"])


def test_a_rehearsal_that_cannot_be_is_refused_before_anything_starts(shop) -> None:
    done = shop.run("up", "--rehearse", "local")
    assert done.status == 2 and "cannot be rehearsed" in done.err
    with_staging(shop)
    done = shop.run(*REHEARSE)
    assert done.status == 2 and "shop-key (for KEY of stock)" in done.err
    done = shop.run(*REHEARSE, "--keep")
    assert done.status == 2 and "--keep cannot be had" in done.err


def test_an_update_that_fails_goes_back_to_the_release_that_was_there(shop, outcomes) -> None:
    with_staging(shop)
    good = shop.commit
    shop.change("Check the front page", "environments:\n", PAGE)
    broken = (shop.folder / "server.py").read_text().replace("        self.send_response(STATUS)", BROKEN)
    shop.repository.commit("Break the front page of the web", {"server.py": broken})
    over = (*REHEARSE, "--over", good, "--format", "json")
    done = shop.run(*over, environment={"SHOP_KEY": VALUE})
    assert done.status == 1, done.err
    report = done.json
    assert report["status"] == "FAILED"
    assert outcomes(report)["page"] == "failed"
    notes = report["notes"]
    assert f"the double began with a release of {good[:12]}" in notes[0]
    assert any("rolled back before it had any traffic: the required check page failed" in note for note in notes)
    # The earlier commit's own checks: it had no `page` yet.
    assert notes[-1] == f"after that the release of {good[:12]} has the traffic again: 5 of 5 checks passed"
    assert f"releasing {good[:12]} first" in done.err
    assert shop.processes() == []


def test_a_killed_rehearsal_leaves_no_process(shop, tmp_path: Path) -> None:
    with_staging(shop)
    progress = tmp_path / "progress"
    place = tmp_path / "temporary"
    place.mkdir()
    environment = {**os.environ, "SHOP_KEY": VALUE, "TMPDIR": str(place)}
    with progress.open("w") as file:
        running = subprocess.Popen(
            [sys.executable, "-m", "shakeout", *REHEARSE], cwd=shop.folder, env=environment, stdout=file, stderr=file
        )
        try:
            until = time.monotonic() + 60
            while "stock: ready" not in progress.read_text() and time.monotonic() < until:
                time.sleep(0.05)
            assert shop.processes()
        finally:
            running.kill()
            running.wait()
    until = time.monotonic() + 30
    while (shop.processes() or list(place.iterdir())) and time.monotonic() < until:
        time.sleep(0.05)
    assert shop.processes() == []
    assert list(place.iterdir()) == []


@pytest.mark.xdist_group("engine")
def test_an_image_is_built_run_and_found_wanting(shop, engine: RealEngine) -> None:
    """Without the file that is not uploaded, which the image lacks."""
    with_staging(shop)
    build = "    build: {dockerfile: Dockerfile, upload: gcloud}\n    health: {}\n    version: {}\n    start"
    shop.change("Build the stock's image", "    health: {}\n    version: {}\n    start", build)
    dockerfile = f"FROM {engine.python}:{PYTHON_TAG}\nCOPY . /srv/\nWORKDIR /srv\n"
    shop.commit = shop.repository.commit("Add an image", {"Dockerfile": dockerfile, ".gcloudignore": "/server.py\n"})
    done = shop.run("up", "--rehearse", "staging", "--format", "json", environment={"SHOP_KEY": VALUE}, timeout=110)
    try:
        assert done.status == 1, done.err
        report = done.json
        notes = " ".join(report["notes"])
        assert "stock ran as containers of" in notes and "web ran as processes" in notes
        stock = next(service for service in report["services"] if service["name"] == "stock")
        assert stock["status"] == "failed"
        (run,) = (shop.folder / ".shakeout" / "rehearsal" / "runs").iterdir()
        assert "can't open file '/srv/server.py'" in (run / "logs" / "stock.log").read_text(encoding="utf-8")
        assert "images/stock" not in engine.run("images", "--format", "{{.Repository}}")
    finally:
        engine.run("rmi", "--force", "localhost/shakeout/rehearsal/shop/stock:latest", check=False)
