"""One service as containers, one after the other: started, followed, started again where it may be, given up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shakeout.manifest.plan import ServicePlan
from shakeout.targets.base import Failure
from shakeout.targets.container import commands, failures, memory, secrets
from shakeout.targets.container.engine import Engine, EngineError, ask_json, end, run, start
from shakeout.targets.health import Answer
from shakeout.targets.lines import LineSplitter, format_line
from shakeout.targets.processes import descendants, stat
from shakeout.targets.sockets import Listener, listeners
from shakeout.targets.supervised import EventLog

LOG_LIMIT = 1 << 30
_POLL = 0.05
_NEVER = "0001-01-01"
_EXEC = re.compile(
    rf"(?:exec|{secrets.NAME}: (?:line )?\d+: (?:exec: )?) ?(?P<program>\S+): "
    r"(?P<why>exec format error|no such file or directory|permission denied|(?:command )?not found)",
    re.IGNORECASE,
)
"""What the kernel, or the shell that hands over secrets, says of a program that cannot be executed."""
_GATEWAYS = frozenset({"127.0.0.11"})
"""Where an engine's own name server listens inside of a container."""


@dataclass(kw_only=True)
class Contained:
    """
    A service that was started. `port` is that of this machine, `inner_port` that of the container; `make` makes the
    next container and answers its id; `limit` is its memory in bytes. `started` is on the monotonic clock.
    """

    engine: Engine
    service: ServicePlan
    url: str
    port: int
    inner_port: int
    command: tuple[str, ...]
    facts: Mapping[str, Any]
    run_folder: Path
    log_path: Path
    log: EventLog
    redact: Callable[[str], str]
    make: Callable[[int], Awaitable[str]]
    grace: float
    folder: Path
    """A folder of the release's own for what the engine leaves lying about."""
    limit: int | None = None
    started: float = field(default_factory=time.monotonic)
    container: str | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    """What the engine said last of the container: `State` of its document."""
    _task: asyncio.Task[None] | None = None
    _attached: asyncio.subprocess.Process | None = None
    _stopping: bool = False
    _written: int = 0

    # -- as a watched service

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.started

    def pids(self) -> list[int]:
        """Its processes, as this machine numbers them; none where the engine runs elsewhere."""
        process = self.log.process
        if process is None or stat(process.pid) is None:
            return []
        return [process.pid, *(entry.pid for entry in descendants(process.pid))]

    def listening(self) -> list[Listener]:
        """Where anything in the container listens."""
        process = self.log.process
        if process is None or not self._visible():
            return []
        found = {one for one in listeners(process.pid) if one.host not in _GATEWAYS}
        return sorted(found, key=lambda one: (one.port, one.host))

    def listens(self, listening: list[Listener]) -> bool:
        """Whether one of these is reached from outside; where nobody can look inside, an answer is enough."""
        if self.log.process is None:
            return False
        if not self._visible():
            return True
        return any(one.port == self.inner_port and failures.reached(one.host) for one in listening)

    def somebody_else(self) -> str:
        """An engine may take connections for a container in which nothing listens."""
        return failures.nothing_inside(self)

    def ended(self) -> Failure | None:
        return failures.ended(self)

    def late(self, answer: Answer | None) -> Failure:
        return failures.late(self, answer)

    def keep(self) -> None:
        """Nothing: containers go on by themselves; see `let_go`."""

    def _visible(self) -> bool:
        process = self.log.process
        entry = stat(process.pid) if process is not None else None
        return entry is not None and process is not None and entry.start == process.start

    # -- its life

    def begin(self) -> None:
        """Start it in the background."""
        self._task = asyncio.ensure_future(self._supervise())

    async def stop(self) -> None:
        """Stop its container and wait for the end. Can be called twice."""
        self._stopping = True
        if self.container:
            with contextlib.suppress(EngineError):
                await run(self.engine, commands.stop(self.container, self.grace))
        await self._end_task()

    async def let_go(self) -> None:
        """Stop following; the container goes on, and nobody starts it again."""
        self._stopping = True
        if self._attached is not None and self._attached.returncode is None:
            self._attached.kill()
        await self._end_task()

    async def look(self) -> Mapping[str, Any]:
        """What the engine says of the container now; the last that it said, where there is none any more."""
        if self.container:
            with contextlib.suppress(EngineError, ValueError):
                (document,) = await ask_json(self.engine, commands.inspect(self.container))
                self.state = document.get("State") or {}
        return self.state

    async def _end_task(self) -> None:
        if self._task is None:
            return
        done, _ = await asyncio.wait({self._task}, timeout=10)
        if not done:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _supervise(self) -> None:
        reason = "gave-up"
        try:
            for attempt in range(self.service.start.restarts + 1):
                if attempt:
                    pause = min(2.0, 0.1 * 2 ** (attempt - 1))
                    self.log.add("restarting", restart=attempt, after=pause)
                    await asyncio.sleep(pause)
                if self._stopping:
                    break
                if not await self._once(attempt):
                    reason = "not-started"
                    break
        except (EngineError, OSError) as error:
            seen = getattr(error, "seen", None) or str(error)
            self.log.add("not-started", problem="rejected", message=self.redact(str(seen).splitlines()[-1]))
            reason = "not-started"
        self.log.add("ended", reason="stopped" if self._stopping else reason)

    async def _once(self, attempt: int) -> bool:
        """One container from its start to its end; False where it never ran."""
        (self.folder / memory.MARK).unlink(missing_ok=True)
        self.container = await self.make(attempt)
        process = self._attached = await start(self.engine, commands.start_attached(self.container, self.folder))
        began = time.monotonic()
        assert process.stdout is not None and process.stderr is not None
        held: list[str] = []
        pumps = asyncio.gather(self._pump("stdout", process.stdout, None), self._pump("stderr", process.stderr, held))
        waiting = asyncio.ensure_future(process.wait())
        try:
            while not await self._is_started() and process.returncode is None:
                await asyncio.wait({waiting}, timeout=_POLL)
            if await self._is_started():
                self._note_start(attempt)
                self._release(held)
            await waiting
            await pumps
            state = await self.look()
            while state.get("Running") and not self._stopping:  # the attachment was lost, not the container
                await asyncio.sleep(_POLL * 4)
                state = await self.look()
        finally:
            pumps.cancel()
            waiting.cancel()
            await asyncio.shield(end(process, signal.SIGKILL))
        if not await self._is_started():
            said = " ".join(" ".join(held).split()) or str(state.get("Error") or "the engine does not say why")
            problem, message = failures.not_started(said, self.command)
            self.log.add("not-started", problem=problem, message=self.redact(message))
            return False
        self._note_start(attempt)
        self._release(held)
        if self._stopping and state.get("Running"):
            return True  # let go
        return self._note_end(state, time.monotonic() - began)

    async def _is_started(self) -> bool:
        return not str((await self.look()).get("StartedAt", _NEVER)).startswith(_NEVER)

    def _note_start(self, attempt: int) -> None:
        if any(event.name == "started" and event.details["attempt"] == attempt for event in self.log.events):
            return
        pid = int(self.state.get("Pid") or 0)
        entry = stat(pid) if pid else None
        self.log.add(
            "started",
            pid=pid,
            start=entry.start if entry else 0,
            attempt=attempt,
            command=[self.redact(word) for word in self.command],
            container=(self.container or "")[:12],
        )

    def _note_end(self, state: Mapping[str, Any], seconds: float) -> bool:
        """Record how it ended; False where the program was never executed, which the kernel says in its log."""
        status = int(state.get("ExitCode") or 0)
        last = self._last_line()
        if status and (match := _EXEC.fullmatch(last)):
            problem = failures.EXEC_PROBLEMS[match["why"].lower()]
            self.log.add("not-started", problem=problem, message=last, program=match["program"])
            return False
        how: dict[str, Any] = {"exit_status": status}
        if status > 128 and not self._stopping and (name := _signal_name(status - 128)):
            how = {"signal": name, "exit_status": status}
        killed = memory.killed(self.container or "", bool(state.get("OOMKilled")), self.folder)
        if killed and status:
            how |= {"oom_killed": True, "kernel": killed}
        self.log.add("exited", pid=int(self.state.get("Pid") or 0), **how, seconds=round(seconds, 3), left=0)
        return True

    # -- its output

    async def _pump(self, name: str, pipe: asyncio.StreamReader, held: list[str] | None) -> None:
        """Take in one stream; while the container has not started, errors may be the engine's own and are held."""
        splitter = LineSplitter(self.redact)
        while True:
            data = await pipe.read(65_536)
            for line in splitter.feed(data) if data else splitter.close():
                if held is not None and not self._has_started(held):
                    held.append(line)
                else:
                    self._write(name, line)
            if not data:
                return

    def _has_started(self, held: list[str]) -> bool:
        return self.log.process is not None and not held

    def _release(self, held: list[str]) -> None:
        for line in held:
            self._write("stderr", line)
        held.clear()

    def _write(self, name: str, line: str) -> None:
        if self._written >= LOG_LIMIT:
            return
        data = format_line(datetime.now(UTC), name, line).encode("utf-8", "replace")
        self._written += len(data)
        with self.log_path.open("ab") as file:
            file.write(data)

    def _last_line(self) -> str:
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
                rows = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return rows[-1].split(" ", 2)[-1] if rows else ""


def _signal_name(number: int) -> str | None:
    try:
        return signal.Signals(number).name
    except ValueError:
        return None
