"""The target `container` on a real engine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fixtures.engine import PYTHON_TAG, RealEngine
from shakeout.evidence.image import ObservedImage
from shakeout.manifest.model import Build, Health, Start
from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan
from shakeout.targets import state
from shakeout.targets.base import Release, Revision
from shakeout.targets.container import ContainerTarget
from shakeout.targets.container import target as target_module
from targets.conftest import SERVER, Repository

pytestmark = pytest.mark.xdist_group("engine")
DOCKERFILE = f"""
ARG BASE
FROM ${{BASE}}:{PYTHON_TAG}
COPY . /app
WORKDIR /app
CMD ["python", "-I", "-S", "server.py"]
"""
APPLICATION = f"shop-{os.getpid()}"
"""A name of its own, since other sessions may use the same engine."""
TELLER = SERVER.replace('"{}"', "__import__('json').dumps(dict(os.environ))")
"""Answers with its environment."""


@dataclass
class ContainerStage:
    """Deploys services from one Dockerfile, and keeps what came of it."""

    repository: Repository
    run_folder: Path
    engine: RealEngine
    target: ContainerTarget = field(default_factory=ContainerTarget)
    progress: list[str] = field(default_factory=list)

    def service(self, name: str = "web", **settings: Any) -> ServicePlan:
        start = Start(deadline=settings.pop("deadline", 20.0), restarts=settings.pop("restarts", 0))
        values: dict[str, Any] = {
            "name": name,
            "command": (),
            "path": ".",
            "commit": self.repository.head,
            "start": start,
            "health": Health(),
            "build": Build(arguments={"BASE": self.engine.python}),
        }
        return ServicePlan(**(values | settings))

    def plan(self, *services: ServicePlan, **settings: Any) -> Plan:
        values: dict[str, Any] = {
            "application": APPLICATION,
            "environment": "containers",
            "target": "container",
            "repository": str(self.repository.folder),
            "manifest_path": "shakeout.yaml",
            "commit": self.repository.head,
            "dirty": False,
            "services": services,
            "options": {"images": "remove"},
        }
        return Plan(**(values | settings))

    async def deploy(self, *services: ServicePlan, **settings: Any) -> Release:
        return await self.target.deploy(self.plan(*services, **settings), self.run_folder, self.progress.append)

    async def one(self, **settings: Any) -> Revision:
        return (await self.deploy(self.service(**settings))).revisions[0]

    def left(self) -> list[str]:
        """What the engine still has of the application."""
        label = ("--filter", f"label=org.shakeout.application={APPLICATION}", "--format")
        found = self.engine.run("ps", "--all", *label, "{{.Names}}").split()
        found += self.engine.run("images", *label, "{{.Repository}}").split()
        return found + self.engine.run("network", "ls", *label, "{{.Name}}").split()


@pytest.fixture
async def stage(
    repository: Repository, tmp_path: Path, engine: RealEngine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ContainerStage]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(target_module, "GRACE", 1.0)
    repository.commit(Dockerfile=DOCKERFILE)
    made = ContainerStage(repository, tmp_path / ".shakeout" / "runs" / "r1", engine)
    yield made
    await made.target.stop(made.progress.append)
    assert list(temporary.iterdir()) == []
    assert made.left() == []


def answer(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


async def test_a_service_runs_from_its_image_with_limits_and_is_gone_afterwards(stage: ContainerStage) -> None:
    stage.repository.commit(server__py=TELLER + "\n")
    revision = await stage.one(environment={"COLOUR": "blue green", "NOTE": "two\nlines"}, options={"memory": "64Mi"})
    assert (revision.status, revision.restarts) == ("deployed", 0), revision.failure
    told = answer(f"{revision.url}/health")
    assert (told["COLOUR"], told["NOTE"], told["PORT"], told["HOST"]) == ("blue green", "two\nlines", "8080", "0.0.0.0")
    facts = revision.facts
    assert facts["image_commit"] == stage.repository.head
    assert len(facts["image_id"]) == 64
    assert (facts["user"], facts["image_command"]) == ("root", ["python", "-I", "-S", "server.py"])
    (item,) = (await stage.target.inventory()).items
    assert (item.state, item.listening) == ("running", ("0.0.0.0:8080",))
    (document,) = json.loads(stage.engine.run("container", "inspect", item.facts["container"]))
    assert document["HostConfig"]["Memory"] == 64 << 20
    await stage.target.stop(stage.progress.append)
    assert stage.left() == []


async def test_logs_have_time_and_stream_and_no_secret(stage: ContainerStage) -> None:
    program = "import os, sys\nprint('to you', os.environ['KEY'])\nprint('oops', file=sys.stderr)\nsys.stdout.flush()\n"
    stage.repository.commit(server__py=program + SERVER)
    await stage.deploy(stage.service(secret_environment={"KEY": "plum-orchard-7"}), secret_values=("plum-orchard-7",))
    found = {(entry.stream, entry.message) for entry in await stage.target.logs("web")}
    assert found == {("stdout", "to you [redacted]"), ("stderr", "oops")}
    assert all(entry.time is not None for entry in await stage.target.logs())


class Watch(threading.Thread):
    """Reads every command line of this machine again and again."""

    def __init__(self, secret: str) -> None:
        super().__init__(daemon=True)
        self.secret, self.seen, self.looks, self.over = secret.encode(), [], 0, False

    def run(self) -> None:
        while not self.over:
            self.looks += 1
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit() and int(entry.name) != os.getpid():
                    try:
                        line = (entry / "cmdline").read_bytes()
                    except OSError:
                        continue
                    if self.secret in line:
                        self.seen.append(line)
            time.sleep(0.005)


async def test_a_secret_reaches_the_service_and_is_seen_nowhere_else(stage: ContainerStage) -> None:
    secret = 'it\'s a "plum" $HOME orchard\nof two lines'
    stage.repository.commit(server__py=TELLER)
    watch = Watch("orchard")
    watch.start()
    release = await stage.deploy(
        stage.service(secret_environment={"KEY": secret}, environment={"ADDRESS": f"x://u:{secret}@h"}),
        secret_values=(secret,),
    )
    watch.over = True
    watch.join()
    told = answer(f"{release.revisions[0].url}/")
    assert (told["KEY"], told["ADDRESS"]) == (secret, f"x://u:{secret}@h")
    assert watch.looks > 10
    assert watch.seen == []
    (item,) = (await stage.target.inventory()).items
    shown = stage.engine.run("container", "inspect", item.facts["container"])
    assert "orchard" not in shown
    assert "orchard" not in stage.engine.run("image", "inspect", release.revisions[0].facts["image"])
    written = [path for path in stage.run_folder.rglob("*") if path.is_file() and b"orchard" in path.read_bytes()]
    assert written == []


async def test_services_reach_each_other_by_name_and_people_reach_them_elsewhere(stage: ContainerStage) -> None:
    asking = (
        "import os, urllib.request\nprint(urllib.request.urlopen(os.environ['AUTH'], timeout=5).status, flush=True)\n"
    )
    stage.repository.commit(server__py=TELLER, ask__py=asking + SERVER)
    web = stage.service(
        "web",
        needs=("auth",),
        command=("python", "ask.py"),
        options={"command": "run"},
        environment={"AUTH": "${services.auth.url}/health", "PUBLIC": "${services.auth.public_url}"},
    )
    release = await stage.deploy(stage.service("auth", port=9000), web)
    assert [revision.status for revision in release.revisions] == ["deployed", "deployed"]
    assert [entry.message for entry in await stage.target.logs("web")] == ["200"]
    assert str(release.revisions[0].url).startswith("http://127.0.0.1:")


async def test_a_crash_loop_fails_at_once_and_says_how_it_ended(stage: ContainerStage) -> None:
    stage.repository.commit(server__py="import sys\nprint('no ORDERS', file=sys.stderr)\nsys.exit(3)\n")
    began = time.monotonic()
    revision = await stage.one(restarts=1, deadline=60.0)
    assert time.monotonic() - began < 30
    assert revision.failure is not None
    assert (revision.failure.reason, revision.failure.facts["exit_status"], revision.restarts) == ("exited", 3, 1)
    assert [entry.message for entry in await stage.target.logs("web")] == ["no ORDERS", "no ORDERS"]


async def test_a_crash_and_then_health_is_deployed_with_its_restart(stage: ContainerStage) -> None:
    program = "import os, sys\np = os.environ['DATA'] + '/once'\n"
    program += "if not os.path.exists(p):\n    open(p, 'w').close()\n    sys.exit(4)\n"
    stage.repository.commit(server__py=program + SERVER)
    revision = await stage.one(restarts=2, environment={"DATA": "${data}"})
    assert (revision.status, revision.restarts) == ("deployed", 1), revision.failure


async def test_the_memory_limit_is_kept_and_named(stage: ContainerStage) -> None:
    stage.repository.commit(server__py="x = bytearray(300 << 20)\n")
    revision = await stage.one(options={"memory": "32Mi"})
    assert revision.failure is not None
    assert revision.failure.reason == "out-of-memory", revision.failure
    assert revision.failure.facts["memory_limit"] == 32 << 20
    assert "memory limit of 32 MiB" in revision.failure.message


async def test_one_that_listens_on_loopback_only_is_not_there(stage: ContainerStage) -> None:
    stage.repository.commit(server__py=SERVER.replace('os.environ["HOST"]', '"127.0.0.1"'))
    revision = await stage.one(deadline=2.0)
    assert revision.failure is not None
    assert revision.failure.reason == "never-listened"
    assert revision.failure.facts["listening"] == ["127.0.0.1:8080"]


async def test_a_failed_build_says_which_step_and_what_it_said(stage: ContainerStage) -> None:
    stage.repository.commit(Dockerfile=DOCKERFILE + "RUN echo cannot find the compiler && exit 9\n")
    revision = await stage.one()
    assert revision.failure is not None
    assert revision.failure.reason == "build-failed"
    assert "RUN echo cannot find the compiler" in revision.failure.facts["step"]
    assert "9" in revision.failure.message
    assert revision.failure.facts["builder"] in {"podman", "classic", "buildkit"}
    assert any(entry.message == "cannot find the compiler" for entry in await stage.target.logs("web"))


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ('["/app/start.sh"]', "not-executable"),
        ('["serve-it"]', "command-absent"),
        ('["/app/plain"]', "not-a-program"),
        ('["/app/windows.sh"]', "interpreter-absent"),
    ],
)
async def test_a_command_that_cannot_be_started_is_told_apart(
    stage: ContainerStage, command: str, problem: str
) -> None:
    folder = stage.repository.folder
    stage.repository.write(**{"start.sh": "#!/bin/sh\n", "plain": "hello\n", "windows.sh": "#!/bin/sh\r\n"})
    for name in ("plain", "windows.sh"):
        (folder / name).chmod(0o755)
    stage.repository.commit(Dockerfile=DOCKERFILE + f"CMD {command}\n")
    revision = await stage.one()
    assert revision.failure is not None
    assert (revision.failure.reason, revision.failure.facts["problem"]) == ("command-not-found", problem)


async def test_what_an_image_holds_is_written_down(stage: ContainerStage) -> None:
    stage.repository.write(**{"notes.txt": "words\n", ".dockerignore": "notes.txt\n"})
    stage.repository.write(**{"data.csv": "1\n", ".gcloudignore": "*.csv\n"})
    stage.repository.commit(Dockerfile=DOCKERFILE + 'USER nobody\nRUN ["sh", "-c", "true"]\n')
    await stage.one(build=Build(arguments={"BASE": stage.engine.python}, upload="gcloud"))
    await stage.target.look_into_images()
    path = stage.run_folder / "platform" / "web.image.txt"
    image = ObservedImage("web", path.name, path.read_text(encoding="utf-8"))
    assert image.value("dockerfile") == "Dockerfile"
    assert image.value("commit") == stage.repository.head
    assert image.start == ("python", "-I", "-S", "server.py")
    assert (image.user, image.python) == (("65534", "65534"), sys.version_info[:2])
    assert image.resolve("/app/server.py") is not None
    assert image.resolve("/app/notes.txt") is None
    assert image.resolve("/app/data.csv") is None
    assert image.made.uploaded is True
    assert (image.made.builder == "podman") is (stage.engine.engine.name == "podman")
    assert str(image.value("program")).startswith("/usr/local/bin/python: ELF of ")


async def test_an_image_that_is_nowhere_is_said_so(stage: ContainerStage) -> None:
    revision = await stage.one(build=None, image="localhost/shakeout-test/nowhere:1")
    assert revision.failure is not None
    assert revision.failure.reason == "image-not-found"


async def test_a_backing_service_by_image_is_waited_for_and_reached_from_both_sides(stage: ContainerStage) -> None:
    stage.repository.commit(server__py=TELLER)
    base = f"{stage.engine.python}:{PYTHON_TAG}"
    tag = f"localhost/shakeout-test/store:{os.getpid()}"
    listen = "import socket,time;time.sleep(0.5);s=socket.create_server(('0.0.0.0',6379));time.sleep(60)"
    stage.engine.run("build", "--tag", tag, "-", input=f'FROM {base}\nCMD ["python", "-c", "{listen}"]\n'.encode())
    try:
        store = BackingServicePlan(name="store", kind="redis", image=tag, url="redis://store:6379/0")
        plan = stage.plan(stage.service(), backing_services=(store,))
        await stage.target.deploy(plan, stage.run_folder, stage.progress.append)
        outside = stage.target.outside.backing_services[0].url
        assert outside is not None
        assert outside.startswith("redis://127.0.0.1:") and outside.endswith("/0")
        items = {item.name: item for item in (await stage.target.inventory()).items}
        assert (items["store"].state, items["store"].address) == ("running", "store:6379")
        await stage.target.stop(stage.progress.append)
    finally:
        stage.engine.run("rmi", "--force", tag)


async def test_what_is_kept_goes_on_until_it_is_taken_down(stage: ContainerStage) -> None:
    revision = await stage.one()
    await stage.target.keep()
    assert answer(f"{revision.url}/") == {}
    folder = stage.run_folder.parent.parent / "state"
    kept = state.load(state.path_of(folder, "containers"))
    assert kept is not None and kept.kept
    await stage.target.stop(stage.progress.append)
    assert stage.left() == []


def runs(command: str) -> bool:
    """Whether a process of exactly this command line is there."""
    return subprocess.run(["pgrep", "-x", "-f", command], capture_output=True, check=False).returncode == 0


async def until_it_runs(command: str) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(runs, command):  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)


KILLED = """
import asyncio, json, sys
from pathlib import Path
from shakeout.evidence.image import ObservedImage
from shakeout.manifest.model import Build, Health
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.container import ContainerTarget
repository, head, run, base, application = sys.argv[1:]
build = Build(arguments={"BASE": base})
service = ServicePlan(name="web", command=(), path=".", commit=head, health=Health(), build=build)
plan = Plan(application=application, environment="containers", target="container", repository=repository,
    manifest_path="shakeout.yaml", commit=head, dirty=False, services=(service,), options={"images": "remove"})
async def main():
    await ContainerTarget().deploy(plan, Path(run), print)
    print("deployed", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["while it builds", "while it runs"])
async def test_after_kill_9_down_leaves_nothing(stage: ContainerStage, moment: str, tmp_path: Path) -> None:
    if moment == "while it builds":
        stage.repository.commit(Dockerfile=DOCKERFILE + "RUN sleep 51.7\n")
    command = [sys.executable, "-c", KILLED, str(stage.repository.folder), stage.repository.head, str(stage.run_folder)]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: ASYNC220 (short)
        [*command, stage.engine.python, APPLICATION], env=environment, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None

        if moment == "while it builds":
            await until_it_runs("sleep 51.7")
        else:
            await asyncio.to_thread(lambda: next(line for line in process.stdout or () if b"deployed" in line))
        process.send_signal(signal.SIGKILL)
    folder = stage.run_folder.parent.parent / "state"
    found = await asyncio.to_thread(state.down, folder, stage.progress.append, "containers")
    assert found == ["containers"]
    assert not runs("sleep 51.7")
    assert stage.left() == []


async def test_an_interrupted_build_leaves_nothing(stage: ContainerStage) -> None:
    stage.repository.commit(Dockerfile=DOCKERFILE + "RUN sleep 52.3\n")
    task = asyncio.ensure_future(stage.one())
    await until_it_runs("sleep 52.3")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await stage.target.stop(stage.progress.append)
    assert stage.left() == []
    assert not runs("sleep 52.3")
