"""`up`, `verify` and `down` of an environment of containers, as a person types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fixtures.engine import PYTHON_TAG, RealEngine
from shakeout.testing import SmallRepository
from targets.conftest import SERVER

pytestmark = pytest.mark.xdist_group("engine")
APPLICATION = f"corner-shop-{os.getpid()}"
"""A name of its own, since other sessions may use the same engine."""
MANIFEST = """
version: 1
application: APPLICATION
services:
  web:
    build: {arguments: {BASE: "${env.PYTHON_IMAGE}"}}
    health: {}
environments:
  containers: {target: container, options: {images: remove}}
"""
DOCKERFILE = f"""
ARG BASE
FROM ${{BASE}}:{PYTHON_TAG}
COPY server.py /app/server.py
CMD ["python", "-I", "-S", "/app/server.py"]
"""


@pytest.fixture
def shop(tmp_path: Path) -> SmallRepository:
    small = SmallRepository(tmp_path / "shop")
    small.commit(
        "Open the shop",
        {"shakeout.yaml": MANIFEST.replace("APPLICATION", APPLICATION), "Dockerfile": DOCKERFILE, "server.py": SERVER},
    )
    return small


def command(folder: Path, engine: RealEngine, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "shakeout", *words],
        cwd=folder,
        env={**os.environ, **engine.environment, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=100)
    return process.returncode, output


def left(engine: RealEngine) -> str:
    label = ("--filter", f"label=org.shakeout.application={APPLICATION}", "--format")
    names = engine.run("ps", "--all", *label, "{{.Names}}").split()
    names += engine.run("network", "ls", *label, "{{.Name}}").split()
    names += engine.run("images", *label, "{{.Repository}}").split()
    return " ".join(names)


def test_what_is_kept_is_verified_where_it_is_and_taken_down(shop: SmallRepository, engine: RealEngine) -> None:
    status, output = ended(command(shop.folder, engine, "up", "--keep"))
    assert status == 0, output
    status, output = ended(command(shop.folder, engine, "verify"))
    assert (status, "web-health" in output) == (0, True), output
    status, output = ended(command(shop.folder, engine, "down"))
    assert status == 0, output
    status, output = ended(command(shop.folder, engine, "verify"))
    assert status == 2, output
    assert list((shop.folder / ".shakeout" / "state").glob("*.json")) == []


def test_a_fix_is_proved_in_an_image_of_its_own_which_does_not_stay(shop: SmallRepository, engine: RealEngine) -> None:
    dockerfile = DOCKERFILE.replace("COPY server.py /app/server.py", "COPY . /app/").replace('"-I", "-S", ', "")
    files = {"Dockerfile": dockerfile, "stock.py": "ITEMS = 3\n", "server.py": f"import stock\n{SERVER}"}
    kept = (shop.folder / "shakeout.yaml").read_text().replace("images: remove", "images: keep")
    kept = kept.replace("health: {}", "health: {}\n    start: {restarts: 0}")
    shop.commit("Count the stock", {**files, ".dockerignore": ".git\n", "shakeout.yaml": kept})
    shop.commit("Leave notes of the stock out", {".dockerignore": ".git\nstock*\n"})
    try:
        status, output = ended(command(shop.folder, engine, "up", "--prove"))
        assert status == 1, output
        report = json.loads(next((shop.folder / ".shakeout" / "runs").glob("*/report.json")).read_text())
        (issue,) = report["issues"]
        assert issue["root_cause"]["locators"] == [".dockerignore:2"]
        assert issue["proof"] == {"status": "proved", "detail": "with this change, 1 of 1 failed checks pass"}
        # Of the release itself the image stays, as the next build's cache.
        assert left(engine) == f"localhost/shakeout/{APPLICATION}/containers/web"
    finally:
        for image in left(engine).split():
            engine.run("rmi", "--force", f"{image}:{shop.git('rev-parse', 'HEAD').strip()[:12]}", check=False)
    assert left(engine) == ""


def test_ctrl_c_leaves_nothing(shop: SmallRepository, engine: RealEngine) -> None:
    late = SERVER.replace("listening =", "import time; time.sleep(60)\nlistening =")
    shop.commit("Open later", {"server.py": late})
    with command(shop.folder, engine, "up") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "nothing listens" in line:
                break
        assert left(engine) != ""
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode != 0
    end = time.monotonic() + 5
    while left(engine) and time.monotonic() < end:
        time.sleep(0.1)
    assert left(engine) == ""
