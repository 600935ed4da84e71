"""A small git repository with services in it, and plans that deploy them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shakeout.manifest.model import Health, Start
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.base import Release, Revision
from shakeout.targets.local import LocalTarget

SERVER = """
import os, socket, sys
status = sys.argv[1] if len(sys.argv) > 1 else "200"
body = sys.argv[2] if len(sys.argv) > 2 else "{}"
listening = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
while True:
    connection, _ = listening.accept()
    connection.recv(65536)
    answer = f"HTTP/1.1 {status} X\\r\\nContent-Length: {len(body)}\\r\\nConnection: close\\r\\n\\r\\n{body}"
    connection.sendall(answer.encode())
    connection.close()
"""

PYTHON = (sys.executable, "-I", "-S")


def git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
    environment |= dict.fromkeys(names, "dev@example.com")
    command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


@dataclass
class Repository:
    """A git repository of the test: `write` files, `commit` them."""

    folder: Path

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.folder / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, **files: str) -> str:
        self.write(**files)
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", "Change something")
        return self.head

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    @property
    def head(self) -> str:
        return git(self.folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    made = Repository(folder)
    made.commit(server__py=SERVER)
    return made


@dataclass
class Stage:
    """Deploys services, written as Python text or as a command, and keeps what came of it."""

    repository: Repository
    run_folder: Path
    target: LocalTarget
    progress: list[str] = field(default_factory=list)

    def service(self, name: str, run: str | tuple[str, ...] = "server.py", **settings: Any) -> ServicePlan:
        """`run` is a script of the repository with its arguments, or a whole command as a tuple."""
        command = (*PYTHON, *run.split()) if isinstance(run, str) else run
        start = Start(deadline=settings.pop("deadline", 10.0), restarts=settings.pop("restarts", 0))
        values: dict[str, Any] = {
            "name": name,
            "command": command,
            "path": ".",
            "commit": self.repository.head,
            "start": start,
            "health": Health(),
        }
        return ServicePlan(**(values | settings))

    def plan(self, *services: ServicePlan, **settings: Any) -> Plan:
        values: dict[str, Any] = {
            "application": "shop",
            "environment": "local",
            "target": "local",
            "repository": str(self.repository.folder),
            "manifest_path": "shakeout.yaml",
            "commit": self.repository.head,
            "dirty": False,
            "services": services,
        }
        return Plan(**(values | settings))

    async def deploy(self, *services: ServicePlan, **settings: Any) -> Release:
        return await self.target.deploy(self.plan(*services, **settings), self.run_folder, self.progress.append)

    async def one(self, run: str | tuple[str, ...], **settings: Any) -> Revision:
        """Deploy one service called `web`, and return its revision."""
        release = await self.deploy(self.service("web", run, **settings))
        return release.revisions[0]

    def script(self, text: str, name: str = "app.py") -> str:
        """Commit a script, and return what runs it."""
        (self.repository.folder / name).write_text(text, encoding="utf-8")
        self.repository.commit()
        return name

    async def until(self, true: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until something is true; fails where it does not become so."""
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 (what is waited for is another process)
                await asyncio.sleep(0.01)

    async def started_port(self) -> int:
        """The port of the service `web` as soon as its supervisor runs and the port is given up."""
        await self.until((self.run_folder / "platform" / "web.jsonl").exists)
        state = json.loads((self.run_folder.parent.parent / "state" / "local.json").read_text())
        return int(state["services"]["web"]["port"])

    async def again(self) -> None:
        """Stop, and make ready for another deployment."""
        await self.target.stop(self.progress.append)
        self.target = LocalTarget()


@pytest.fixture
async def stage(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    made = Stage(repository, tmp_path / ".shakeout" / "runs" / "r1", LocalTarget())
    yield made
    await made.target.stop(made.progress.append)
    assert list(temporary.iterdir()) == []


@pytest.fixture
def processes_with() -> Callable[[Path], list[int]]:
    """The living processes whose command line or environment names a folder."""

    def find(folder: Path) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in text:
                found.append(int(entry.name))
        return found

    return find
