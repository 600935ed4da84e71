"""Whatever ends shakeout, nothing stays: no process, port, folder or descriptor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from shakeout.errors import ShakeoutError, UsageError
from shakeout.targets import state
from shakeout.targets.local import LocalTarget
from shakeout.targets.processes import Process, identify
from shakeout.targets.state import down

DRIVER = """
import asyncio, pickle, sys, tempfile
from pathlib import Path
from shakeout.targets.local import LocalTarget

tempfile.tempdir = sys.argv[3]

async def main():
    target = LocalTarget()
    try:
        plan = pickle.loads(Path(sys.argv[1]).read_bytes())
        release = await target.deploy(plan, Path(sys.argv[2]), lambda line: None)
        print("deployed" if release.deployed else release.revisions, flush=True)
        if sys.argv[4] == "raise":
            raise RuntimeError("on purpose")
        if sys.argv[4] == "keep":
            await target.keep()
            return
        await asyncio.sleep(60)
    finally:
        if sys.argv[4] != "keep":
            await target.stop(lambda line: None)

asyncio.run(main())
"""

FAMILY = """
import os, subprocess, sys
deep = "import os, time; os.fork() and os._exit(0); os.setsid(); time.sleep(60)"
subprocess.Popen([sys.executable, "-I", "-S", "-c", deep], start_new_session=True)
subprocess.Popen([sys.executable, "-I", "-S", "-c", "import signal, time; signal.signal(15, 1); time.sleep(60)"])
"""


class Driver:
    """A process of its own that deploys a service with a family of grandchildren."""

    def __init__(self, stage, tmp_path: Path, find: Callable[[Path], list[int]], script: str) -> None:
        self.temporary = tmp_path / "temporary"
        self.state_folder = stage.run_folder.parent.parent / "state"
        self.find = find
        plan = tmp_path / "plan"
        plan.write_bytes(pickle.dumps(stage.plan(stage.service("web", script), stage.service("auth", script))))
        self.arguments = [sys.executable, "-c", DRIVER, str(plan), str(stage.run_folder), str(self.temporary)]
        self.process: subprocess.Popen[str] | None = None
        self.pipe: tuple[int, int] = os.pipe()
        """What shakeout was given besides its three streams, as a shell or CI does; the first end is ours."""

    def deploy(self, then: str = "wait") -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            [*self.arguments, then],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=self.pipe[1:],
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "deployed\n", line + (self.process.stderr.read() if self.process.stderr else "")
        return self.process

    @property
    def services(self) -> list[int]:
        """What lives of the release: everything that was started with its temporary folder in the environment."""
        own = self.process.pid if self.process else 0
        return [pid for pid in self.find(self.temporary) if pid != own]

    def wait_for_nothing(self, seconds: float = 10.0) -> None:
        until = time.monotonic() + seconds
        while self.services and time.monotonic() < until:
            time.sleep(0.01)
        assert self.services == []

    def end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.communicate(timeout=10)
        for descriptor in self.pipe:
            with contextlib.suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def driver(stage, tmp_path: Path, processes_with) -> Iterator[Driver]:
    script = stage.script(FAMILY + (stage.repository.folder / "server.py").read_text())
    made = Driver(stage, tmp_path, processes_with, script)
    yield made
    made.end()
    down(made.state_folder, print)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_signal_to_shakeout_leaves_no_process(driver, number):
    process = driver.deploy()
    assert len(driver.services) >= 6
    process.send_signal(number)
    process.communicate(timeout=15)
    assert process.returncode != 0
    driver.wait_for_nothing()
    if number == signal.SIGINT:
        assert list(driver.temporary.iterdir()) == []


def test_an_exception_in_shakeout_leaves_no_process_and_no_folder(driver):
    process = driver.deploy("raise")
    _, error = process.communicate(timeout=15)
    assert "on purpose" in error
    assert driver.services == []
    assert list(driver.temporary.iterdir()) == []


def test_a_killed_shakeout_is_cleaned_up_by_down(driver):
    process = driver.deploy()
    process.kill()
    process.communicate(timeout=15)
    assert list(driver.temporary.iterdir())
    assert down(driver.state_folder, print) == ["local"]
    assert driver.services == []
    assert list(driver.temporary.iterdir()) == []
    assert down(driver.state_folder, print) == []


def test_killed_supervisors_are_cleaned_up_too(driver):
    process = driver.deploy()
    written = json.loads((driver.state_folder / "local.json").read_text())
    for service in written["services"].values():
        os.kill(service["supervisor"][0], signal.SIGKILL)
    process.kill()
    process.communicate(timeout=15)
    assert driver.services != []
    down(driver.state_folder, print)
    assert driver.services == []
    assert list(driver.temporary.iterdir()) == []


async def test_a_killed_shakeout_is_cleaned_up_by_the_next_up(driver, stage):
    process = driver.deploy()
    process.kill()
    process.communicate(timeout=15)
    before = set(driver.temporary.iterdir())
    revision = await stage.one("server.py")
    assert revision.status == "deployed"
    assert not before & set(driver.temporary.iterdir())
    await stage.target.stop(stage.progress.append)


def test_a_kept_release_goes_on_until_down_and_holds_nothing_that_shakeout_was_given(driver):
    process = driver.deploy("keep")
    process.communicate(timeout=15)
    assert process.returncode == 0
    ours, given = driver.pipe
    os.close(given)
    assert select.select([ours], [], [], 10)[0], "a process of the release has the other end"
    assert os.read(ours, 1) == b""
    written = json.loads((driver.state_folder / "local.json").read_text())
    assert written["kept"] is True
    port = written["services"]["web"]["port"]
    assert httpx2.get(f"http://127.0.0.1:{port}/").status_code == 200
    told: list[str] = []
    assert down(driver.state_folder, told.append) == ["local"]
    assert any("web: stopping" in line for line in told)
    assert driver.services == []
    assert list(driver.temporary.iterdir()) == []
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_a_kept_release_is_replaced_by_the_next_up(driver, stage):
    driver.deploy("keep").communicate(timeout=15)
    kept = set(driver.services)
    assert kept
    revision = await stage.one("server.py")
    assert revision.status == "deployed"
    assert not kept & set(driver.services)
    await stage.target.stop(stage.progress.append)


def test_a_kept_service_is_restarted_and_logged_without_shakeout(driver, stage, tmp_path):
    plan = stage.plan(stage.service("web", "app.py", restarts=2))
    (tmp_path / "plan").write_bytes(pickle.dumps(plan))
    driver.deploy("keep").communicate(timeout=15)
    written = json.loads((driver.state_folder / "local.json").read_text())
    os.kill(written["services"]["web"]["process"][0], signal.SIGKILL)
    until = time.monotonic() + 10
    records = stage.run_folder / "platform" / "web.jsonl"
    while records.read_text().count('"started"') < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert records.read_text().count('"started"') == 2
    down(driver.state_folder, print)
    assert driver.services == []


def test_down_refuses_while_another_shakeout_works_there(driver):
    process = driver.deploy()
    with pytest.raises(UsageError, match=f"another shakeout \\(process {process.pid}\\)"):
        down(driver.state_folder, print)
    assert len(driver.services) >= 6


async def test_two_shakeouts_cannot_deploy_one_environment(driver, stage):
    driver.deploy()
    with pytest.raises(UsageError, match="another shakeout"):
        await stage.one("server.py")


def test_a_pid_that_is_somebody_elses_by_now_is_not_killed(tmp_path):
    bystander = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
    try:
        process = identify(bystander.pid)
        assert process
        stale = Process(process.pid, process.start - 1)
        old = state.State(
            application="shop",
            environment="local",
            release="r",
            run_folder=str(tmp_path),
            folder=str(tmp_path / "shakeout-local-gone"),
            owner=stale,
            services={"web": state.ServiceState(supervisor=stale, process=stale)},
        )
        old.save(tmp_path / "local.json")
        assert down(tmp_path, print) == ["local"]
        assert bystander.poll() is None
        old.services["web"].process = process
        old.boot = "another boot"
        old.save(tmp_path / "local.json")
        down(tmp_path, print)
        assert bystander.poll() is None
        old.boot = state.boot_id()
        old.save(tmp_path / "local.json")
        down(tmp_path, print)  # and the same entry with the right start time is killed
        assert identify(bystander.pid) is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("text", ["{", "[]", '{"services": {}}', '{"services": 1}', ""])
def test_a_state_that_cannot_be_read_is_a_clear_error(tmp_path, text):
    (tmp_path / "local.json").write_text(text)
    with pytest.raises(ShakeoutError, match="state of an earlier run cannot be read") as caught:
        down(tmp_path, print)
    assert str(tmp_path / "local.json") in str(caught.value)


def test_a_folder_without_the_releases_mark_is_not_removed(tmp_path):
    folder = tmp_path / "shakeout-local-1234"
    folder.mkdir()
    (folder / "precious.txt").write_text("x")
    process = identify(os.getpid())
    assert process
    state.State(
        application="shop",
        environment="local",
        release="r",
        run_folder=str(tmp_path),
        folder=str(folder),
        owner=process,
    ).save(tmp_path / "local.json")
    down(tmp_path, print)
    assert (folder / "precious.txt").exists()


async def test_a_service_that_ignores_sigterm_is_killed(stage, monkeypatch, processes_with):
    monkeypatch.setattr("shakeout.targets.local.GRACE", 0.3)
    server = (stage.repository.folder / "server.py").read_text()
    revision = await stage.one(stage.script(f"import signal\nsignal.signal(15, signal.SIG_IGN)\n{server}"))
    assert revision.status == "deployed"
    await stage.target.stop(stage.progress.append)
    records = (stage.run_folder / "platform" / "web.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in records] == ["started", "ready", "exited", "ended"]
    assert json.loads(records[2])["signal"] == "SIGKILL"
    assert identify(revision.facts["pid"]) is None


async def test_what_needs_a_service_is_stopped_before_it(stage):
    server = (stage.repository.folder / "server.py").read_text()
    polite = "import atexit, signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(0))\n"
    polite += "atexit.register(time.sleep, 0.3)\n"
    script = stage.script(polite + server)
    release = await stage.deploy(stage.service("auth", script), stage.service("backend", script, needs=("auth",)))
    assert release.deployed
    await stage.target.stop(stage.progress.append)

    def ended(name):
        lines = (stage.run_folder / "platform" / f"{name}.jsonl").read_text().splitlines()
        return next(json.loads(line) for line in lines if '"exited"' in line)

    assert ended("backend")["exit_status"] == ended("auth")["exit_status"] == 0
    assert ended("backend")["at"] < ended("auth")["at"]
    assert ended("auth")["seconds"] > 0.5


async def test_cancellation_in_the_middle_of_deploy_is_cleaned_up_by_stop(stage, processes_with):
    deploying = asyncio.ensure_future(stage.one(stage.script("import time; time.sleep(60)")))
    await stage.started_port()
    deploying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deploying
    folder = stage.target.checkout
    await stage.target.stop(stage.progress.append)
    await stage.target.stop(stage.progress.append)
    assert processes_with(folder.parent.parent) == []


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_200_releases_leave_nothing_behind(stage, tmp_path, processes_with):
    """Four environments at a time, fifty releases one after the other in each."""
    ports = []

    async def loop(environment: str, times: int) -> None:
        plan = stage.plan(stage.service("web", "server.py"), environment=environment)
        for number in range(times):
            target = LocalTarget()
            run_folder = tmp_path / ".shakeout" / "runs" / f"{environment}-{number}"
            release = await target.deploy(plan, run_folder, stage.progress.append)
            assert release.deployed, release.revisions
            ports.append(int(release.revisions[0].facts["port"]))
            await target.stop(stage.progress.append)

    environments = ("local", "one", "two", "three")
    await asyncio.gather(*(loop(environment, 1) for environment in environments))
    descriptors = _descriptors()
    await asyncio.gather(*(loop(environment, 49) for environment in environments))
    assert len(ports) == 200
    assert _descriptors() <= descriptors
    assert processes_with(tmp_path) == []
    assert list((tmp_path / "temporary").iterdir()) == []
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass
    left = sorted(path.name for path in (tmp_path / ".shakeout" / "state").iterdir())
    assert left == sorted(f"{environment}.lock" for environment in environments)


async def test_a_service_does_not_outlive_its_supervisor(stage):
    revision = await stage.one("server.py")
    service = identify(revision.facts["pid"])
    os.kill(revision.facts["supervisor"], signal.SIGKILL)
    await stage.until(lambda: identify(revision.facts["pid"]) != service, seconds=5)
    assert (await stage.target.inventory()).get("web").state == "exited"
