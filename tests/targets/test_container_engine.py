"""Finding the engine, and running its commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.engine import PYTHON_TAG, RealEngine
from shakeout.errors import DependencyMissingError
from shakeout.targets.container.engine import Command, EngineError, ask_json, find_engine, run

pytestmark = pytest.mark.xdist_group("engine")


def test_without_an_engine_the_error_says_of_each_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n", encoding="utf-8")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DependencyMissingError) as caught:
        find_engine()
    assert caught.value.seen == ("docker does not answer: Cannot connect to the Docker daemon; podman is not installed")
    assert caught.value.hint and "Podman" in caught.value.hint


def test_a_client_without_a_server_is_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Docker prints the client's part and fails."""
    for name, answer in (("docker", "echo null; exit 1"), ("podman", """echo '{"Version": "5.0.0"}'""")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_engine()
    assert (found.name, found.version) == ("podman", "5.0.0")
    with pytest.raises(DependencyMissingError, match="no container engine answers"):
        find_engine("docker")


async def test_a_failed_command_says_what_the_engine_said(engine: RealEngine) -> None:
    with pytest.raises(EngineError) as caught:
        await run(engine.engine, Command(words=("image", "inspect", "localhost/shakeout-test/absent")))
    assert caught.value.summary == f"{engine.engine.name} image inspect failed"
    assert "absent" in (caught.value.seen or "")
    assert caught.value.status != 0


async def test_a_command_is_ended_at_its_deadline(engine: RealEngine) -> None:
    with pytest.raises(EngineError, match="took longer"):
        await run(engine.engine, Command(words=("images",), deadline=0.001))


async def test_the_base_image_is_python_with_what_the_console_needs(engine: RealEngine) -> None:
    image = f"{engine.python}:{PYTHON_TAG}"
    (found,) = await ask_json(engine.engine, Command(words=("image", "inspect", image)))
    assert found["Config"]["Cmd"] == ["python3"]
    program = "import fastapi, sqlalchemy, chdb, sys; print(sys.prefix)"
    assert engine.run("run", "--rm", "--network", "none", image, "python", "-c", program) == "/usr/local"
