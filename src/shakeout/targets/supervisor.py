"""
`python -m shakeout.targets.supervisor`: one small process per service, which lives and dies with shakeout.

It reads its order, one JSON object, from the first line of standard input; the keys are those of `Order`. It starts
the service, writes its output to the log file, starts it again as often as the order allows, and ends the service's
whole process tree when it is told to (`stop` on standard input, SIGTERM), or when shakeout ends: end of standard
input, or the end of the process that the order names as owner. After `keep` the end of shakeout means nothing.

What happens is appended to the events file, one JSON object per line with the time `at` and one of these as `event`:

    started      pid, start (clock ticks since boot), attempt (from 0), command
    not-started  problem, message (see `launch.LaunchError`)
    exited       pid, exit_status or signal, seconds, left (processes that it left behind, ended by us)
    restarting   restart (from 1), after (seconds)
    kept         shakeout's end means nothing from here on
    ended        reason: `stopped`, `not-started`, `gave-up`

An exit is recorded after the last output is in the log.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from shakeout.evidence.redaction import Redactor
from shakeout.targets.launch import LaunchError, adopt_orphans, start
from shakeout.targets.lines import LineSplitter, format_line
from shakeout.targets.processes import Process, descendants, send, stat

LOG_LIMIT = 256 * 1024 * 1024
"""Bytes that one service's log may have; the rest of its output is dropped, and a last line says so."""

_KILL_SECONDS = 5.0
_LEFTOVER_SECONDS = 1.0


class Order(NamedTuple):
    """
    What to run. Paths are absolute; `shown` is the command without secrets; `grace` is how many seconds the service has
    between SIGTERM and SIGKILL.
    """

    command: tuple[str, ...]
    shown: tuple[str, ...]
    folder: str
    environment: dict[str, str]
    log: str
    events: str
    restarts: int
    secrets: tuple[str, ...]
    grace: float
    owner: Process


def backoff(restart: int) -> float:
    """Seconds before the restart with this number, from 1: 0.1, 0.2, 0.4, … at most 2."""
    return float(min(2.0, 0.1 * 2 ** (restart - 1)))


class Supervisor:
    def __init__(self, order: Order, told: bytes = b"") -> None:
        self.order = order
        self.redact = Redactor(order.secrets)
        self.longest = max((len(value) for value in order.secrets), default=0)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.log = os.open(order.log, flags, 0o644)
        self.events = os.open(order.events, flags, 0o644)
        self.written = os.fstat(self.log).st_size
        self.selector = selectors.DefaultSelector()
        self.streams = 0
        self.stopping = False
        self.kept = False
        self.main: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.status = 0
        self.rest = b""
        self._obey(told)

    def run(self) -> None:
        self._watch_signals()
        self._watch_owner()
        reason = "gave-up"
        for attempt in range(self.order.restarts + 1):
            if attempt:
                pause = backoff(attempt)
                self.event("restarting", restart=attempt, after=pause)
                self._pump(pause, lambda: self.stopping)
            if self.stopping:
                break
            if not self._start(attempt):
                reason = "not-started"
                break
            began = time.monotonic()
            self._pump(None, lambda: self.main is None or self.stopping)
            left = self._end()
            outcome = {"signal": signal_name(-self.status)} if self.status < 0 else {"exit_status": self.status}
            pid = self.process.pid if self.process else None
            self.event("exited", pid=pid, **outcome, seconds=round(time.monotonic() - began, 3), left=left)
        self.event("ended", reason="stopped" if self.stopping else reason)

    def event(self, name: str, **details: Any) -> None:
        line = json.dumps({"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z", "event": name, **details})
        _write(self.events, (line + "\n").encode())

    # -- the service

    def _start(self, attempt: int) -> bool:
        try:
            pid, out, err, self.process = start(self.order.command, self.order.folder, self.order.environment)
        except LaunchError as error:
            self.event("not-started", problem=error.problem, message=self.redact(error.message))
            return False
        self.main = pid
        entry = stat(pid)
        self.event("started", pid=pid, start=entry.start if entry else 0, attempt=attempt, command=self.order.shown)
        for name, pipe in (("stdout", out), ("stderr", err)):
            splitter = LineSplitter(self.redact, self.longest)
            self.selector.register(pipe, selectors.EVENT_READ, self._reader(name, pipe, splitter))
            self.streams += 1
        return True

    def _reader(self, name: str, pipe: Any, splitter: LineSplitter) -> Callable[[], None]:
        def read() -> None:
            data = os.read(pipe.fileno(), 65_536)
            now = datetime.now(UTC)
            lines = splitter.feed(data) if data else splitter.close()
            self._record("".join(format_line(now, name, line) for line in lines).encode())
            if not data:
                self.selector.unregister(pipe)
                pipe.close()
                self.streams -= 1

        return read

    def _record(self, data: bytes) -> None:
        if not data or self.written >= LOG_LIMIT:
            return
        self.written += len(data)
        if self.written >= LOG_LIMIT:
            note = f"shakeout keeps {LOG_LIMIT} bytes of a log; what follows is dropped"
            data += format_line(datetime.now(UTC), "stderr", note).encode()
        _write(self.log, data)

    def _end(self) -> int:
        """End the whole tree, take in the last output; returns how many processes the main one left behind."""
        if self.main is not None:
            self._signal_main(signal.SIGTERM)
            self._pump(self.order.grace, lambda: self.main is None)
        left = len(descendants(os.getpid())) if self.main is None and self._has_children() else 0
        if self.stopping and left:
            self._signal_all(signal.SIGTERM)
            self._pump(_LEFTOVER_SECONDS, lambda: not self._has_children())
        until = time.monotonic() + _KILL_SECONDS
        while self._has_children() and time.monotonic() < until:
            # Again and again: what is forked between the look and the signal is met in the next round.
            self._signal_all(signal.SIGKILL)
            self._pump(0.02, lambda: not self._has_children())
        self._pump(_LEFTOVER_SECONDS, lambda: self.streams == 0)
        return left

    def _signal_main(self, number: int) -> None:
        entry = stat(self.main) if self.main is not None else None
        if entry:
            send(Process(entry.pid, entry.start), number)

    def _signal_all(self, number: int) -> None:
        for entry in descendants(os.getpid()):
            send(Process(entry.pid, entry.start), number)

    def _has_children(self) -> bool:
        """Every descendant becomes our child when its parent ends, so no child at all means that nothing is left."""
        self._reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.main:
                self.main = None
                self.status = os.waitstatus_to_exitcode(status)
                if self.process:
                    self.process.returncode = self.status

    # -- what is waited for

    def _pump(self, seconds: float | None, done: Callable[[], bool]) -> None:
        """Handle whatever comes until `done`, at most for so many seconds."""
        until = None if seconds is None else time.monotonic() + seconds
        while not done():
            remaining = None if until is None else until - time.monotonic()
            if remaining is not None and remaining <= 0:
                return
            for key, _ in self.selector.select(remaining):
                key.data()

    def _watch_signals(self) -> None:
        readable, writable = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)

        def woken() -> None:
            os.read(readable, 4096)
            self._reap()

        self.selector.register(readable, selectors.EVENT_READ, woken)

    def _told_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _watch_owner(self) -> None:
        self.selector.register(0, selectors.EVENT_READ, self._told)
        try:
            descriptor = os.pidfd_open(self.order.owner.pid)
        except OSError:
            self.stopping = True
            return
        entry = stat(self.order.owner.pid)
        if entry is None or entry.start != self.order.owner.start:
            self.stopping = True

        def owner_ended() -> None:
            self.selector.unregister(descriptor)
            os.close(descriptor)
            self.stopping = self.stopping or not self.kept

        self.selector.register(descriptor, selectors.EVENT_READ, owner_ended)

    def _told(self) -> None:
        data = os.read(0, 4096)
        self._obey(data)
        if not data:
            self.selector.unregister(0)
            self.stopping = self.stopping or not self.kept

    def _obey(self, data: bytes) -> None:
        *words, self.rest = (self.rest + data).split(b"\n")
        for word in words:
            if word == b"stop":
                self.stopping = True
            elif word == b"keep" and not self.kept:
                self.kept = True
                self.event("kept")


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _write(descriptor: int, data: bytes) -> None:
    """A full disk must not end the service: what cannot be written is lost, and the reader sees a gap in the file."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except OSError:
            return


def _first_line() -> tuple[bytes, bytes]:
    """The order, and what was written behind it already; two empty values where shakeout ended first."""
    data = b""
    while b"\n" not in data:
        part = os.read(0, 65_536)
        if not part:
            return b"", b""
        data += part
    line, _, rest = data.partition(b"\n")
    return line, rest


def main(kind: type[Supervisor] = Supervisor) -> None:
    os.chdir("/")
    # What shakeout itself was given besides (a pipe of a shell or of CI) may end with shakeout; this process goes on.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    line, rest = _first_line()
    if not line:
        return
    values = json.loads(line)
    order = Order(
        **{
            **values,
            "command": tuple(values["command"]),
            "secrets": tuple(values["secrets"]),
            "owner": Process(*values["owner"]),
        }
    )
    adopt_orphans()
    kind(order, rest).run()


if __name__ == "__main__":
    main()
