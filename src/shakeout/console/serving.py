"""The three services as children of one foreground process, for daily use: one ends, all end."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from shakeout.errors import DependencyMissingError, ShakeoutError, UsageError
from shakeout.targets.base import Progress
from shakeout.targets.launch import die_with_parent
from shakeout.targets.ports import HOST, HeldPort, PortTakenError, hold_fixed, hold_free
from shakeout.targets.state import EnvironmentLock

START_SECONDS = 60.0
"""How long a service may take until it is ready."""

_STOP_SECONDS = 5.0
_ORDER = ("auth", "backend", "frontend")


class Serving:
    """
    The console in `folder`: accounts, history, spool, logs, and the key that signs tokens (mode 600).

    `ports` has one for each service, 0 for a free one. `history` is a history URL; by default chDB in the folder, or
    `disabled` where chDB is not installed. `database` is the accounts'; by default SQLite in the folder.
    """

    def __init__(
        self, *, folder: Path, ports: Mapping[str, int], history: str | None, database: str | None, progress: Progress
    ) -> None:
        self._folder = folder.absolute()
        self._ports = ports
        self._history = history
        self._database = {"DATABASE_URL": database} if database else {}
        self._progress = progress
        self._asked_to_stop = False
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, ready: Callable[[str], None]) -> int:
        """
        Start all three, call `ready` with the console's address, and serve until a signal asks to stop.

        Returns 0; raises UsageError where the folder or a port cannot be had, ShakeoutError where a service ends.
        """
        if find_spec("uvicorn") is None or find_spec("fastapi") is None:
            raise DependencyMissingError(
                "the console's services are not installed",
                expected="shakeout with the extra `console`",
                seen="shakeout without it",
                hint="pip install 'shakeout[console,embedded-clickhouse]'",
            )
        with ExitStack() as stack:
            lock = self._prepare()
            stack.callback(lock.release)
            held = {name: stack.enter_context(_Held(name, self._ports[name])) for name in _ORDER}
            addresses = {name: f"http://{HOST}:{port.number}" for name, port in held.items()}
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                previous = signal.signal(number, self._stop)
                stack.callback(signal.signal, number, previous)
            stack.callback(self._stop_children)
            for name in _ORDER:
                held[name].release()
                self._start(name, held[name].number, addresses)
            for name in _ORDER:
                self._wait(name, addresses[name])
            if not self._asked_to_stop:
                ready(addresses["frontend"])
            while not self._asked_to_stop:
                self._look()
                time.sleep(0.1)
        return 0

    def _prepare(self) -> EnvironmentLock:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / ".gitignore").write_text("*\n", encoding="utf-8")
            (self._folder / "logs").mkdir(exist_ok=True)
            lock = EnvironmentLock.take(self._folder, "console")
            self._key = _key(self._folder / "token-key")
        except OSError as error:
            raise UsageError(
                "the console's folder cannot be used",
                expected="a folder that may be written",
                seen=error.strerror or str(error),
                where=str(self._folder),
                hint="name another: --data DIR",
            ) from error
        return lock

    def _start(self, name: str, port: int, addresses: Mapping[str, str]) -> None:
        history = self._history or (f"chdb://{self._folder}/history" if find_spec("chdb") else "disabled")
        if name == "backend" and self._history is None and history == "disabled":
            self._progress("history is kept in memory only: chDB is not installed (extra `embedded-clickhouse`)")
        local = addresses["frontend"].replace(HOST, "localhost")
        environment = {
            **{key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "PYTHONPATH"}},
            **self._database,
            "HOST": HOST,
            "PORT": str(port),
            "DATA_DIR": str(self._folder),
            "TOKEN_KEY": self._key,
            "HISTORY_URL": history,
            "SPOOL_DIR": str(self._folder / "spool"),
            "AUTH_URL": addresses["auth"],
            "BACKEND_URL": addresses["backend"],
            "ALLOWED_ORIGINS": f"{addresses['frontend']},{local}",
        }
        with self._log(name).open("wb") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", f"shakeout.console.{name}"],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C in a terminal is for the parent, which stops them in order
                preexec_fn=die_with_parent,  # noqa: PLW1509 (this process has one thread)
            )

    def _wait(self, name: str, address: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._asked_to_stop:
            self._look()
            try:
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(f"{address}/health", timeout=2):
                    self._progress(f"{name}: ready at {address}")
                    return
            except urllib.error.HTTPError as error:
                why = f"/health answers {error.code}"
                error.close()
            except OSError:
                why = "nothing listens there"
            if time.monotonic() > deadline:
                raise self._failed(name, f"is not ready after {START_SECONDS:.0f} s: {why}")
            time.sleep(0.05)

    def _look(self) -> None:
        for name, child in self._children.items():
            status = child.poll()
            if status is not None and not self._asked_to_stop:
                raise self._failed(name, f"ended with status {status}")

    def _failed(self, name: str, what: str) -> ShakeoutError:
        lines = self._log(name).read_text("utf-8", "replace").strip().splitlines()
        return ShakeoutError(
            f"the console's {name} {what}", seen=lines[-1][:300] if lines else "no output", where=str(self._log(name))
        )

    def _log(self, name: str) -> Path:
        return self._folder / "logs" / f"{name}.log"

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._asked_to_stop = True

    def _stop_children(self) -> None:
        for child in self._children.values():
            child.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._progress("stopped")


class _Held:
    """A port that is held until its service starts."""

    def __init__(self, service: str, number: int) -> None:
        self._service, self._number = service, number

    def __enter__(self) -> HeldPort:
        try:
            self._port = hold_fixed(self._number) if self._number else hold_free()
        except (PortTakenError, OSError) as error:
            option = "--port" if self._service == "frontend" else f"--{self._service}-port"
            raise UsageError(
                f"the port {self._number} of {self._service} cannot be had",
                expected="a free port",
                seen="another program listens on it" if isinstance(error, PortTakenError) else str(error),
                hint=f"name another: {option} NUMBER, or 0 for any free one",
            ) from error
        return self._port

    def __exit__(self, *_: object) -> None:
        self._port.release()


def _key(place: Path) -> str:
    """The key in the file; made at the first start, for its owner only."""
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        place.chmod(0o600)
    else:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
    return place.read_text(encoding="ascii").strip()
