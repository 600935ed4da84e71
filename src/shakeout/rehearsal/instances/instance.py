"""One instance from its start to its end: probes, memory limit, exit, and what the platform's log says of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shakeout.rehearsal import messages
from shakeout.rehearsal.instances.probes import Endpoint, Probing
from shakeout.rehearsal.instances.runner import Exit, NotStartedError, Runner, Running, Workload
from shakeout.rehearsal.logs.logbook import OWN, Logbook, Origin

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL (Cloud Run's container runtime contract)."""

_LOOK = 0.1
_ENDED = "ended"
_HOPELESS_SECONDS = 3.0
_END_SECONDS = 2.0


class NotReadyError(Exception):
    """
    The instance did not come up.

    `reason` is `missing` (no such image), `not-executable`, `exited`, `killed`, `memory` or `probe`; `detail` is what
    the container runtime said.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(kw_only=True, slots=True, eq=False)
class Instance:
    """`requests` counts those that it answers now; `idle_since` is on the monotonic clock; `over` is set at its end."""

    workload: Workload
    origin: Origin
    logbook: Logbook
    runner: Runner
    startup: Probing | None
    liveness: Probing | None = None
    requests: int = 0
    idle_since: float = field(default_factory=time.monotonic)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False
    _running: Running | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _exit: Exit = field(default_factory=Exit)
    _used: int = 0
    _endpoint: Endpoint | None = None
    _hopeless: bool = False
    _lost: bool = False

    async def start(self, reason: str) -> None:
        """Start it and wait for its startup probe; NotReadyError where it does not come up. It is ended then."""
        self._say(messages.STARTING[reason])
        try:
            self._running = await self.runner.start(self.workload, self.origin.instance, self._output)
        except NotStartedError as error:
            self.over.set()
            if not error.missing:
                self._say(messages.not_executable(error.message), "ERROR")
            raise NotReadyError("missing" if error.missing else "not-executable", error.message) from error
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._until_end(self._running)), loop.create_task(self._memory(self._running))]
        try:
            await self._until_started(self.startup)
        except BaseException:
            await self.stop(0.0)
            raise
        if self.liveness:
            self._tasks.append(loop.create_task(self._stay_alive(self.liveness)))

    @property
    def well(self) -> bool:
        """Whether it may be given requests."""
        return not self.stopping and not self._lost and not self.over.is_set()

    def endpoint(self) -> Endpoint | None:
        """Where it can be reached now, if it can be."""
        return self._running.endpoint() if self._running else None

    def known_endpoint(self) -> Endpoint | None:
        """The same, looked up once."""
        self._endpoint = self._endpoint or self.endpoint()
        return self._endpoint

    def lost(self) -> None:
        """It could not be reached any more: it gets no requests, whether its end was noticed already or not."""
        self._lost = True

    async def hung_up(self) -> None:
        """It closed a connection in the middle of an answer: wait for its end, as long as that may be the reason."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await self.over.wait()

    async def stop(self, grace: float = GRACE) -> None:
        """End it, and wait until it has ended. Can be called twice."""
        self.stopping = True
        if self._running:
            await self._running.stop(grace)
        await asyncio.gather(*(task for task in self._tasks if task is not asyncio.current_task()))
        self.over.set()

    # -- starting

    async def _until_started(self, probe: Probing | None) -> None:
        if probe is None:
            return
        failures = 0
        wrong = await self._unless_over(asyncio.sleep(probe.probe.initial_delay_seconds, ""))
        while wrong != _ENDED:
            began = time.monotonic()
            wrong = await self._unless_over(self._ask(probe))
            if not wrong:
                self._say(messages.probe_succeeded(probe.title, probe.about, failures + 1))
                return
            failures += 1
            if self._hopeless:
                failures = max(failures, probe.threshold)
            if wrong != _ENDED and failures >= probe.threshold:
                self._tell_where_it_listens()
                self._say(messages.startup_failed(probe.title, probe.about, failures, wrong), "ERROR")
                raise NotReadyError("probe", wrong)
            if wrong != _ENDED:
                pause = max(0.0, probe.period - (time.monotonic() - began))
                wrong = await self._unless_over(asyncio.sleep(pause, wrong))
        self._say(messages.startup_failed(probe.title, probe.about, max(failures, 1), "CANCELLED"), "ERROR")
        raise NotReadyError(self._why_ended())

    async def _ask(self, probe: Probing) -> str:
        """
        One try of the startup probe, cut short where it cannot come to anything.

        A container whose port is taken on loopback will not open it to others any more: Cloud Run waits for the
        probe's whole time all the same, and nobody has to here.
        """
        asking = asyncio.ensure_future(probe.ask(self.endpoint))
        try:
            seen = 0.0
            while not asking.done() and seen < _HOPELESS_SECONDS:
                await asyncio.wait([asking], timeout=_LOOK * 5)
                seen = seen + _LOOK * 5 if self._running and self._running.on_loopback_only() else 0.0
            self._hopeless = not asking.done()
            return "DEADLINE_EXCEEDED" if self._hopeless else asking.result()
        finally:
            asking.cancel()

    async def _unless_over(self, work: Coroutine[Any, Any, str]) -> str:
        """The work's answer, or that the container ended before."""
        doing = asyncio.ensure_future(work)
        ending = asyncio.ensure_future(self.over.wait())
        try:
            await asyncio.wait([doing, ending], return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() and not self.over.is_set() else _ENDED
        finally:
            doing.cancel()
            ending.cancel()

    def _why_ended(self) -> str:
        if self._used or self._exit.out_of_memory:
            return "memory"
        return "killed" if self._exit.signal is not None else "exited"

    def _tell_where_it_listens(self) -> None:
        """What Cloud Run cannot tell, and the double can: in a log of its own."""
        found = self._running.listening() if self._running else ()
        where = f"listens on {', '.join(found)}" if found else "listens nowhere"
        text = f"the container {where}; expected 0.0.0.0:{self.workload.port} or [::]:{self.workload.port}"
        self._say(text, "NOTICE", log=OWN)

    # -- living

    async def _until_end(self, running: Running) -> None:
        """Tell how it ended, unless we ended it."""
        self._exit = await running.ended()
        if self._exit.out_of_memory and not self._used:
            self._say(messages.over_memory(self.workload.memory, self.workload.memory), "ERROR")
        if not self.stopping and not self._used:
            if self._exit.signal is not None:
                self._say(messages.killed(self._exit.signal), "ERROR")
            else:
                self._say(messages.exited(self._exit.status or 0), "WARNING")
        self.over.set()

    async def _memory(self, running: Running) -> None:
        """Keep the memory limit where nobody else does."""
        while not self.over.is_set():
            used = running.memory()
            if used > self.workload.memory:
                self._used = used
                self._say(messages.over_memory(self.workload.memory, used), "ERROR")
                await running.stop(0.0)
                return
            await self._unless_over(asyncio.sleep(_LOOK, ""))

    async def _stay_alive(self, probe: Probing) -> None:
        """End it when its liveness probe fails."""
        await self._unless_over(asyncio.sleep(probe.probe.initial_delay_seconds, ""))
        failures = 0
        while not self.over.is_set():
            wrong = await self._unless_over(probe.ask(self.endpoint))
            failures = failures + 1 if wrong and wrong != _ENDED else 0
            if failures >= probe.threshold and self._running:
                self._say(messages.liveness_failed(probe.title, probe.about, failures), "ERROR")
                self.stopping = True
                await self._running.stop(GRACE)
                return
            await self._unless_over(asyncio.sleep(probe.period, ""))

    # -- telling

    def _say(self, text: str, severity: str = "INFO", **more: str) -> None:
        self.logbook.system(self.origin, text, severity, **more)

    def _output(self, stream: str, line: str, time: datetime) -> None:
        self.logbook.output(self.origin, stream, line, time)
