"""
Runs a command of this machine for an image: each instance is a process tree below a supervisor of its own, which ends
when the double does, whatever ended that.

A container has a network of its own, in which a server that listens on loopback cannot be reached. Here the listening
sockets of the tree tell that: what listens on loopback only counts as not listening.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from shakeout.evidence.redaction import Redactor
from shakeout.rehearsal.instances.runner import Exit, NotStartedError, Output, Workload
from shakeout.rehearsal.settings import Command
from shakeout.targets import ports
from shakeout.targets.capture import parse_line
from shakeout.targets.processes import Process, descendants, identify, send
from shakeout.targets.sockets import Listener, listeners_of
from shakeout.targets.supervised import Event, Supervised
from shakeout.targets.supervisor import Order

_EVERYWHERE = frozenset({"0.0.0.0", "::"})
_LOOK = 0.02
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ProcessRunner:
    """`folder` is the double's own; `commands` maps images to commands; `secrets` never reach a log."""

    def __init__(self, folder: Path, commands: Mapping[str, Command], secrets: Sequence[str]) -> None:
        self._folder = folder
        self._commands = commands
        self._secrets = tuple(secrets)
        self._running: list[RunningProcess] = []

    def knows(self, image: str) -> bool:
        """Whether a command stands for the image."""
        return self._command(image) is not None

    async def start(self, workload: Workload, instance: str, output: Output) -> RunningProcess:
        """See `Runner`."""
        command = self._command(workload.image)
        if command is None:
            raise NotStartedError(f"Image '{workload.image}' not found.", missing=True)
        held = ports.hold_free()
        folder = self._folder / instance
        home = folder / "home"
        home.mkdir(parents=True)
        (folder / "tmp").mkdir()
        environment = {
            "PATH": _PATH,
            "HOME": str(home),
            "TMPDIR": str(folder / "tmp"),
            **command.environment,
            **workload.environment,
            **workload.secret_environment,
            "PORT": str(held.number),
        }
        words = [string.Template(word).safe_substitute(PORT=held.number) for word in command.words]
        owner = identify(os.getpid())
        assert owner is not None
        redact = Redactor(self._secrets)
        order = Order(
            command=tuple(words),
            shown=tuple(redact(word) for word in words),
            folder=str(command.folder),
            environment=environment,
            log=str(folder / "log"),
            events=str(folder / "events"),
            restarts=0,
            secrets=self._secrets,
            grace=10.0,
            owner=owner,
        )
        held.release()
        supervised = Supervised.start(order, folder / "complaints")
        running = RunningProcess(supervised, folder, (held.number, workload.port), output)
        self._running.append(running)
        await running.begun()
        return running

    async def close(self) -> None:
        """See `Runner`."""
        await asyncio.gather(*(one.stop(0.0) for one in self._running))

    def _command(self, image: str) -> Command | None:
        return self._commands.get(image) or self._commands.get(untagged(image))


class RunningProcess:
    """One supervised process tree. `ports` are those on which it may listen: the one it was given, its revision's."""

    def __init__(self, supervised: Supervised, folder: Path, ports: tuple[int, int], output: Output) -> None:
        self._supervised = supervised
        self._folder = folder
        self._ports = ports
        self._output = output
        self._read = 0
        self._offset = 0
        self._follow = asyncio.get_running_loop().create_task(self._follow_until_end())
        self._started = asyncio.Event()
        self._problem = ""
        self._stopped = False

    async def begun(self) -> None:
        """Wait until the command runs; NotStartedError where it does not."""
        waiting = asyncio.ensure_future(self._started.wait())
        await asyncio.wait([waiting, self._follow], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._problem:
            raise NotStartedError(self._problem)

    async def ended(self) -> Exit:
        """See `Running`."""
        return await asyncio.shield(self._follow)

    def endpoint(self) -> tuple[str, int] | None:
        """See `Running`."""
        found = [one for one in self._listeners() if one.port in self._ports and one.host in _EVERYWHERE]
        return (ports.HOST, found[0].port) if found else None

    def listening(self) -> Sequence[str]:
        """See `Running`; the port that it was given here stands for its revision's."""
        given, asked = self._ports
        return [str(replace(one, port=asked) if one.port == given else one) for one in self._listeners()]

    def on_loopback_only(self) -> bool:
        """See `Running`."""
        hosts = {one.host for one in self._listeners() if one.port in self._ports}
        return bool(hosts) and not hosts & _EVERYWHERE

    def memory(self) -> int:
        """See `Running`: what the tree has in memory, shared pages counted once in each process."""
        return sum(_resident(entry.pid) for entry in descendants(self._supervised.process.pid))

    async def stop(self, grace: float) -> None:
        """See `Running`."""
        if not self._stopped:
            self._stopped = True
            self._supervised.stop()
        await asyncio.wait([self._follow], timeout=grace)
        while not self._follow.done():
            for entry in descendants(self._supervised.process.pid):
                send(Process(entry.pid, entry.start), signal.SIGKILL)
            await asyncio.wait([self._follow], timeout=_LOOK)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    def _listeners(self) -> list[Listener]:
        return listeners_of([entry.pid for entry in descendants(self._supervised.process.pid)])

    async def _follow_until_end(self) -> Exit:
        exit = Exit()
        while True:
            over = self._supervised.ended
            for event in self._supervised.events.new():
                exit = self._take(event) or exit
            self._take_output()
            if over:
                return exit
            await asyncio.sleep(_LOOK)

    def _take(self, event: Event) -> Exit | None:
        if event.name == "started":
            self._started.set()
        elif event.name == "not-started":
            self._problem = event.details["message"]
        elif event.name == "exited":
            name = event.details.get("signal")
            number = getattr(signal, name, 0) if isinstance(name, str) else None
            return Exit(status=event.details.get("exit_status"), signal=int(number) if number is not None else None)
        return None

    def _take_output(self) -> None:
        try:
            with (self._folder / "log").open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.decode("utf-8", "replace").split("\n")[:-1]:
            entry = parse_line(line, service="", number=0)
            if entry.time is not None:
                self._output(entry.stream, entry.message, entry.time)


def untagged(image: str) -> str:
    """An image's name without its tag and digest."""
    name = image.partition("@")[0]
    head, separator, last = name.rpartition("/")
    return f"{head}{separator}{last.partition(':')[0]}"


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError, ValueError):
        return 0
