"""Shakeout's side of a supervisor: starting one, reading what it records, telling it what to do."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shakeout
from shakeout.targets.processes import Process, ended, stat
from shakeout.targets.supervisor import Order

EVENTS_FOLDER = "platform"
"""The folder of a run that holds one events file per service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One line of an events file: 1-based `line`, the event's name, and its details."""

    line: int
    name: str
    details: Mapping[str, Any]


class EventLog:
    """Reads an events file as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._offset = 0

    def new(self) -> list[Event]:
        """The events that were written since the last call."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        found = []
        for line in complete.splitlines():
            details = json.loads(line)
            found.append(Event(line=len(self.events) + 1, name=details.pop("event"), details=details))
            self.events.append(found[-1])
        return found

    def add(self, name: str, **details: Any) -> Event:
        """Append what shakeout itself saw, `ready` or `failed`; returns it with its line."""
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        line = json.dumps({"at": at, "event": name, **details}) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
        return next(event for event in reversed(self.new()) if event.name == name)

    def last(self, name: str) -> Event | None:
        """The newest event with this name, among those read so far."""
        return next((event for event in reversed(self.events) if event.name == name), None)

    @property
    def process(self) -> Process | None:
        """The service's main process, where the newest word is that it runs."""
        for event in reversed(self.events):
            if event.name == "started":
                return Process(event.details["pid"], event.details["start"])
            if event.name in {"exited", "ended", "not-started"}:
                return None
        return None

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return sum(event.name == "restarting" for event in self.events)


@dataclass(kw_only=True, slots=True)
class Supervised:
    """A running supervisor."""

    process: Process
    events: EventLog
    complaints: Path
    """Where the supervisor's own standard error goes: empty, unless something is wrong with shakeout."""
    _input: int = field(default=-1)

    @classmethod
    def start(cls, order: Order, complaints: Path, module: str = "shakeout.targets.supervisor") -> Supervised:
        """Start a supervisor, which `module` is, with this order; it ends when this process does. Raises OSError."""
        readable, writable = os.pipe2(os.O_CLOEXEC)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # Without site-packages: half of the start-up time, and no .pth file of an environment has a say.
        arguments = [sys.executable, "-S", "-P", "-m", module]
        environment = {"PYTHONPATH": str(Path(shakeout.__file__).parent.parent), "LANG": "C.UTF-8"}
        try:
            pid = os.posix_spawn(
                sys.executable,
                arguments,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, readable, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, str(complaints), flags, 0o600),
                ],
                setsid=True,
                setsigmask=[],
                setsigdef=[2, 13, 15],
            )
        except BaseException:
            os.close(writable)
            raise
        finally:
            os.close(readable)
        entry = stat(pid)
        assert entry is not None, "nobody but us takes its exit status"
        supervised = cls(
            process=Process(pid, entry.start),
            events=EventLog(Path(order.events)),
            complaints=complaints,
            _input=writable,
        )
        supervised._tell(json.dumps(order._asdict()).encode())
        return supervised

    def stop(self) -> None:
        """Tell it to end the service and itself; returns at once."""
        self._tell(b"stop")
        self.close()

    def keep(self) -> None:
        """Tell it to go on when shakeout ends."""
        self._tell(b"keep")

    def close(self) -> None:
        """Give up the line to it: without `keep` before, that ends it."""
        if self._input >= 0:
            os.close(self._input)
            self._input = -1

    @property
    def ended(self) -> bool:
        return ended(self.process)

    def complaint(self) -> str:
        """What it wrote on standard error, if anything."""
        with contextlib.suppress(OSError):
            return self.complaints.read_text(encoding="utf-8", errors="replace").strip()
        return ""

    def _tell(self, word: bytes) -> None:
        view = memoryview(word + b"\n")
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[os.write(self._input, view) :]
