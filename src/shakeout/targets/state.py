"""
What lies about on this machine for one environment: `.shakeout/state/ENVIRONMENT.json`.

It is written before anything else is made and removed after everything is gone, so that after a crash, or after
`--keep`, `shakeout down` and the next `up` know what to stop and which folder to remove. Beside it lies
`ENVIRONMENT.lock`, which a living shakeout holds.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shakeout.errors import ShakeoutError, UsageError
from shakeout.targets.processes import Process, all_stats, boot_id, ended, send, with_variable

MARK = ".shakeout-release"
"""The file in a release's temporary folder that says whose it is: nothing without it is ever removed."""

_STOP_SECONDS = 20.0
_KILL_SECONDS = 5.0


@dataclass(kw_only=True, slots=True)
class ServiceState:
    """One service: its supervisor and, as of its start, its main process; the port and the folder that it runs in."""

    supervisor: Process
    process: Process | None = None
    port: int | None = None
    folder: str = ""


@dataclass(kw_only=True, slots=True)
class State:
    """One environment's release here: `owner` is the shakeout that made it, `folder` its temporary folder."""

    application: str
    environment: str
    release: str
    run_folder: str
    folder: str
    owner: Process
    boot: str = field(default_factory=boot_id)
    kept: bool = False
    services: dict[str, ServiceState] = field(default_factory=dict)
    target: str = "local"
    commit: str = ""
    deploying: bool = False
    """Whether the team's own script still runs."""
    left: dict[str, str] = field(default_factory=dict)
    """Temporary folders of earlier releases from which something still runs, with the release of each."""
    engine: str | None = None
    """The container engine that holds a part of the release, under the release's label."""
    images: str = "keep"
    """Whether the release's images are removed with it: `keep` or `remove`."""
    builds: list[Process] = field(default_factory=list)
    """Builds of images that may still go on."""
    schema_version: int = 1

    @property
    def folders(self) -> dict[str, str]:
        """Every temporary folder that it knows, with its release."""
        return {**self.left, self.folder: self.release}

    def save(self, path: Path) -> None:
        """Write it in one step: a reader sees the old or the new state, never half of one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)


def load(path: Path) -> State | None:
    """The state, or None where there is none; raises ShakeoutError where the file cannot be understood."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    try:
        services = {name: _service(value) for name, value in values.pop("services").items()}
        builds = [Process(*build) for build in values.pop("builds", ())]
        return State(**{**values, "owner": Process(*values["owner"]), "services": services, "builds": builds})
    except (TypeError, KeyError, AttributeError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error


def path_of(state_folder: Path, environment: str) -> Path:
    return state_folder / f"{environment}.json"


class EnvironmentLock:
    """Held by the one shakeout that works on an environment; the kernel gives it up when that process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, state_folder: Path, environment: str) -> EnvironmentLock:
        """Raises UsageError where another shakeout holds it."""
        path = state_folder / f"{environment}.lock"
        try:
            state_folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(
                "the state of the environment cannot be kept",
                expected="a folder that may be written",
                seen=error.strerror or str(error),
                where=str(path),
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise UsageError(
                f"another shakeout (process {holder or 'unknown'}) works on the environment {environment!r}",
                where=str(path),
                hint="wait until it ends, or stop it",
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return cls(descriptor)

    def release(self) -> None:
        """Can be called twice."""
        if self._descriptor >= 0:
            # A child that is just being started holds a copy of the descriptor: closing alone is not enough.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = -1


def make_folder(folder: Path, release: str) -> None:
    """Make a release's temporary folder, with its mark; nobody else may look into it."""
    folder.mkdir(mode=0o700)
    (folder / MARK).write_text(release + "\n", encoding="utf-8")


def folder_name(environment: str) -> Path:
    """The name of a new temporary folder, which is not made yet."""
    return Path(tempfile.gettempdir()).resolve() / f"shakeout-{environment}-{os.urandom(6).hex()}"


def remove_folder(name: str, release: str) -> None:
    """Remove a release's temporary folder, if it is one: marked as this release's own, and no link."""
    folder = Path(name)
    mark = folder / MARK
    if folder.is_symlink() or not folder.is_dir() or not re.fullmatch(r"shakeout-[\w.-]+", folder.name):
        return
    if not any(folder.iterdir()):
        folder.rmdir()  # the crash came between the folder and its mark
    elif mark.is_file() and mark.read_text(encoding="utf-8").strip() == release:
        _remove_tree(folder)


def down(state_folder: Path, progress: Callable[[str], None], environment: str | None = None) -> list[str]:
    """
    Stop what earlier runs left or kept, in every environment or in one, and remove its temporary folders.

    Returns the environments in which something was there. Raises UsageError where a living shakeout still works on the
    environment, ShakeoutError where a state file cannot be read or a process does not end.
    """
    names = [environment] if environment else sorted(path.stem for path in state_folder.glob("*.json"))
    found = []
    for name in names:
        if not path_of(state_folder, name).exists():
            continue
        lock = EnvironmentLock.take(state_folder, name)
        try:
            if clear(state_folder, name, progress):
                found.append(name)
        finally:
            lock.release()
    return found


def clear(state_folder: Path, environment: str, progress: Callable[[str], None]) -> bool:
    """As `down`, for one environment whose lock the caller holds; False where nothing was there."""
    path = path_of(state_folder, environment)
    state = load(path)
    if state is None:
        return False
    if state.boot == boot_id():
        _stop_processes(state, progress)
    if state.engine:
        _clear_engine(state, progress)
    for folder, release in state.folders.items():
        remove_folder(folder, release)
    path.unlink(missing_ok=True)
    return True


def _clear_engine(state: State, progress: Callable[[str], None]) -> None:
    from shakeout.targets.container import cleaning

    for build in state.builds if state.boot == boot_id() else ():
        cleaning.end_build(build)
    cleaning.remove_release(state.engine or "auto", state.release, progress, images=state.images == "remove")


def _stop_processes(state: State, progress: Callable[[str], None]) -> None:
    supervisors = {
        name: service.supervisor for name, service in state.services.items() if not ended(service.supervisor)
    }
    for name, supervisor in supervisors.items():
        progress(f"{name}: stopping what an earlier run left (process {supervisor.pid})")
        send(supervisor, signal.SIGTERM)
    _wait(lambda: all(ended(supervisor) for supervisor in supervisors.values()), _STOP_SECONDS)
    # What is left had a supervisor that was killed, or does not end.
    until = time.monotonic() + _KILL_SECONDS
    while left := _leftovers(state):
        for process in left:
            send(process, signal.SIGKILL)
        if time.monotonic() > until:
            raise ShakeoutError(
                f"processes of the environment {state.environment!r} do not end",
                seen=", ".join(str(process.pid) for process in left),
                hint="end them by hand, then run shakeout down again",
            )
        time.sleep(0.01)


def _leftovers(state: State) -> list[Process]:
    """
    Living processes of the release: those written down, those in a service's process group within its supervisor's
    session, and those that were started with the release's own TMPDIR.
    """
    found: set[Process] = set()
    groups = {}
    for service in state.services.values():
        known = (service.supervisor, service.process)
        found |= {process for process in known if process and not ended(process)}
        if service.process:
            groups[(service.process.pid, service.supervisor.pid)] = service.process.start
    for entry in all_stats():
        if entry.state not in "ZX" and entry.start >= groups.get((entry.group, entry.session), 1 << 62):
            found.add(Process(entry.pid, entry.start))
    for folder in state.folders:
        found |= {Process(entry.pid, entry.start) for entry in with_variable("TMPDIR", f"{folder}/")}
    return sorted(found)


def _wait(done: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        time.sleep(0.01)


def _service(values: dict[str, Any]) -> ServiceState:
    process = values.pop("process")
    supervisor = Process(*values.pop("supervisor"))
    return ServiceState(supervisor=supervisor, process=Process(*process) if process else None, **values)


def _unreadable(path: Path, seen: str) -> ShakeoutError:
    return ShakeoutError(
        "the state of an earlier run cannot be read",
        where=str(path),
        seen=seen,
        hint="look for processes that it may name, then delete the file",
    )


def _remove_tree(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except PermissionError:
        # A service may have taken the write permission from a folder of its own.
        for place, _, _ in os.walk(folder):
            Path(place).chmod(0o700)
        shutil.rmtree(folder)
