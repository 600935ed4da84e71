"""
Runs each instance as a container of this machine's engine, with its own network, memory and CPU.

A container is reached at its own address, as Linux engines give it one. In its network, the addresses of the rehearsed
services are not there by themselves: see `doors.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from shakeout.errors import DeploymentError
from shakeout.evidence.redaction import Redactor
from shakeout.rehearsal.instances.runner import Exit, NotStartedError, Output, Workload
from shakeout.targets.container import commands, memory
from shakeout.targets.container.engine import Command, Engine, EngineError, ask_json, end, run, run_now, start
from shakeout.targets.container.secrets import Delivery, deliver
from shakeout.targets.lines import LineSplitter
from shakeout.targets.processes import Process, alive, identify
from shakeout.targets.sockets import Listener, listeners

LABEL = "org.shakeout.rehearsal"
_NAME = re.compile(r"shakeout-rehearsal-(\d+)-(\d+)-[0-9a-f]+")
_NEVER = "0001-01-01"
_POLL = 0.05
_DETACH_SECONDS = 10.0
_NAME_SERVER = "127.0.0.11"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Doors(Protocol):
    """Lets what runs in another network namespace reach the rehearsed services at the addresses that it was told."""

    async def open_in(self, pid: int) -> None:
        """In the namespace of this process."""
        ...

    def close_in(self, pid: int) -> None:
        """Take them away again; nothing where there are none."""
        ...

    def ports(self) -> frozenset[int]:
        """The ports of the rehearsed services."""
        ...


class ContainerRunner:
    """`folder` is the double's own; `secrets` never reach a log."""

    def __init__(self, engine: Engine, folder: Path, secrets: Sequence[str], doors: Doors) -> None:
        self._engine = engine
        self._folder = folder
        self._redact = Redactor(secrets)
        self._doors = doors
        self._owner = identify(os.getpid())
        self._running: list[RunningContainer] = []

    def sweep(self) -> None:
        """Remove the containers of doubles that were killed."""
        found = run_now(self._engine, commands.listing("container", LABEL, "{{.Names}}")).text.split()
        dead = [
            name
            for name in found
            if (match := _NAME.fullmatch(name)) and not alive(Process(int(match[1]), int(match[2])))
        ]
        if dead:
            run_now(self._engine, commands.remove(self._engine, dead))

    async def start(self, workload: Workload, instance: str, output: Output) -> RunningContainer:
        """See `Runner`."""
        configuration = await self._image(workload.image)
        folder = self._folder / instance
        (folder / "work").mkdir(parents=True)
        assert self._owner is not None
        name = f"shakeout-rehearsal-{self._owner.pid}-{self._owner.start}-{instance[:16]}"
        try:
            await run(self._engine, self._create(workload, name, folder, configuration))
        except (EngineError, DeploymentError) as error:
            raise NotStartedError(self._redact(_last(error.seen or str(error)))) from error
        running = RunningContainer(
            engine=self._engine,
            name=name,
            workload=workload,
            folder=folder,
            redact=self._redact,
            doors=self._doors,
            output=output,
        )
        self._running.append(running)
        await running.begin()
        return running

    async def close(self) -> None:
        """See `Runner`."""
        await asyncio.gather(*(one.stop(0.0) for one in self._running))

    async def _image(self, image: str) -> dict[str, Any]:
        """The image's configuration, fetched where it is not there; NotStartedError where it cannot be had."""
        try:
            with contextlib.suppress(EngineError):
                return await self._look(image)
            await run(self._engine, commands.pull(image))
            return await self._look(image)
        except EngineError as error:
            raise NotStartedError(self._redact(_last(error.seen or "")), missing=True) from error

    async def _look(self, image: str) -> dict[str, Any]:
        (document,) = await ask_json(self._engine, commands.inspect_image(image))
        return document.get("Config") or {}

    def _create(self, workload: Workload, name: str, folder: Path, configuration: dict[str, Any]) -> Command:
        entry = list(workload.command) or list(configuration.get("Entrypoint") or ())
        # As in Kubernetes: a command of its own takes the image's arguments away as well.
        own = list(workload.arguments) or ([] if workload.command else list(configuration.get("Cmd") or ()))
        words = (*entry, *own)
        delivery = deliver(workload.name, workload.secret_environment, folder, words)
        if not delivery.words:
            delivery = Delivery(entrypoint=words[0] if words else None, words=words[1:])
        plain = {**workload.environment, "PORT": str(workload.port)}
        environment = folder / "environment"
        lines = [f"{key}={value}\n" for key, value in plain.items() if "\n" not in value]
        environment.write_text("".join(lines), encoding="utf-8")
        environment.chmod(0o600)
        made = commands.create(
            commands.Create(
                name=name,
                image=workload.image,
                network="podman" if self._engine.name == "podman" else "bridge",
                aliases=(),
                labels={LABEL: name},
                environment=environment,
                variables={key: value for key, value in plain.items() if "\n" in value},
                mounts=(*delivery.mounts, *_files(workload, folder)),
                memory=workload.memory,
                cpus=workload.cpus,
                entrypoint=delivery.entrypoint,
                words=delivery.words,
            )
        )
        if not workload.working_folder:
            return made
        place = ("--workdir", workload.working_folder)
        return Command(words=(made.words[0], *place, *made.words[1:]), variables=made.variables, deadline=made.deadline)


@dataclass(kw_only=True, eq=False)
class RunningContainer:
    """One container, from its creation on."""

    engine: Engine
    name: str
    workload: Workload
    folder: Path
    redact: Redactor
    doors: Doors
    output: Output
    _state: dict[str, Any] = field(default_factory=dict)
    _address: str = ""
    _pid: int = 0
    _id: str = ""
    _held: list[str] = field(default_factory=list)
    _started: bool = False
    _attached: asyncio.subprocess.Process | None = None
    _follow: asyncio.Task[Exit] | None = None
    _stopped: bool = False

    async def begin(self) -> None:
        """Start it and wait until it runs; NotStartedError where its command cannot be executed."""
        self._attached = await start(self.engine, commands.start_attached(self.name, self.folder / "work"))
        self._follow = asyncio.ensure_future(self._until_end(self._attached))
        while not self._follow.done() and not self._started:
            await self._look()
            self._started = not str(self._state.get("StartedAt", _NEVER)).startswith(_NEVER)
            if not self._started:
                await asyncio.wait([self._follow], timeout=_POLL)
        if not self._started:
            await self._look()
        if not self._started and str(self._state.get("StartedAt", _NEVER)).startswith(_NEVER):
            said = " ".join(self._held) or str(self._state.get("Error") or "the engine does not say why")
            await self.stop(0.0)
            raise NotStartedError(self.redact(said))
        self._release()
        self._pid = int(self._state.get("Pid") or 0)
        if self._pid:
            with contextlib.suppress(OSError):
                await self.doors.open_in(self._pid)

    async def ended(self) -> Exit:
        """See `Running`."""
        assert self._follow is not None
        return await asyncio.shield(self._follow)

    def endpoint(self) -> tuple[str, int] | None:
        """See `Running`: the container's own address; whether anything listens there is found by asking."""
        return (self._address, self.workload.port) if self._address else None

    def listening(self) -> Sequence[str]:
        """See `Running`."""
        return [str(one) for one in self._listeners()]

    def on_loopback_only(self) -> bool:
        """See `Running`."""
        hosts = {one.host for one in self._listeners() if one.port == self.workload.port}
        return bool(hosts) and hosts <= _LOOPBACK

    def memory(self) -> int:
        """See `Running`: the engine keeps the limit."""
        return 0

    async def stop(self, grace: float) -> None:
        """See `Running`."""
        if self._stopped:
            await self._unfollow()
            return
        self._stopped = True
        if grace:
            with contextlib.suppress(EngineError):
                await run(self.engine, commands.stop(self.name, grace))
        if self._pid:
            self.doors.close_in(self._pid)
        with contextlib.suppress(EngineError):
            await run(self.engine, commands.remove(self.engine, [self.name]))
        await self._unfollow()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    def _listeners(self) -> list[Listener]:
        if not self._pid:
            return []
        doors = self.doors.ports()
        return [one for one in listeners(self._pid) if one.host != _NAME_SERVER and one.port not in doors]

    async def _unfollow(self) -> None:
        """Wait until its output has ended; an engine's command that outlives its container is ended."""
        if self._follow is None:
            return
        done, _ = await asyncio.wait([self._follow], timeout=_DETACH_SECONDS)
        if not done and self._attached is not None:
            await end(self._attached, signal.SIGKILL)
            await asyncio.wait([self._follow])

    async def _until_end(self, process: asyncio.subprocess.Process) -> Exit:
        assert process.stdout is not None and process.stderr is not None
        try:
            await asyncio.gather(self._pump("stdout", process.stdout), self._pump("stderr", process.stderr))
            await process.wait()
        finally:
            await asyncio.shield(end(process, signal.SIGKILL))
        await self._look()
        status = int(self._state.get("ExitCode") or 0)
        killed = memory.killed(self._id, bool(self._state.get("OOMKilled")), self.folder / "work")
        return Exit(
            status=status if status <= 128 else None,
            signal=status - 128 if status > 128 else None,
            out_of_memory=bool(killed and status),
        )

    async def _look(self) -> None:
        with contextlib.suppress(EngineError, ValueError):
            (document,) = await ask_json(self.engine, commands.inspect(self.name))
            self._id = document.get("Id") or self._id
            self._state = document.get("State") or {}
            settings = document.get("NetworkSettings") or {}
            networks = (settings.get("Networks") or {}).values()
            found = [settings.get("IPAddress"), *(network.get("IPAddress") for network in networks)]
            self._address = next((address for address in found if address), self._address)

    async def _pump(self, stream: str, pipe: asyncio.StreamReader) -> None:
        """Take in one stream; until the container runs, errors may be the engine's own."""
        splitter = LineSplitter(self.redact)
        while True:
            data = await pipe.read(65_536)
            for line in splitter.feed(data) if data else splitter.close():
                if stream == "stderr" and not self._started:
                    self._held.append(line)
                else:
                    self.output(stream, line, datetime.now(UTC))
            if not data:
                return

    def _release(self) -> None:
        for line in self._held:
            self.output("stderr", line, datetime.now(UTC))
        self._held.clear()


def _files(workload: Workload, folder: Path) -> list[tuple[Path, str, bool]]:
    """The folders that secrets are mounted at, with a file for each."""
    places: dict[str, Path] = {}
    for number, (path, value) in enumerate(workload.files.items()):
        place = PurePosixPath(path)
        own = places.setdefault(str(place.parent), folder / f"volume-{number}")
        own.mkdir(exist_ok=True)
        (own / place.name).write_text(value, encoding="utf-8")
    return [(own, place, False) for place, own in places.items()]


def _last(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "the engine does not say why"
