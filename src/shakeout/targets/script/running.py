"""Running one of the team's scripts to its end, with a deadline; what it writes is kept in the run's folder."""

from __future__ import annotations

import asyncio
import re
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.redaction import Redactor
from shakeout.logs.entry import LogEntry
from shakeout.targets.base import Failure, Progress
from shakeout.targets.lines import GOES_ON
from shakeout.targets.processes import Process
from shakeout.targets.supervised import Event, Supervised
from shakeout.targets.supervisor import Order

FOLDER = "deployment"
"""The folder of a run that holds the output of the team's scripts and, beside it, how each of them came out."""

DEPLOY = "output"
"""The name of the deploy command's own files there."""

GRACE = 10.0
"""Seconds that a script has between SIGTERM and SIGKILL."""

LAST_LINES = 20
_SHOWN = 400
_RUNNER_SECONDS = 0.3
_TELL_AFTER = 10.0
_MODULE = "shakeout.targets.script.runner"
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (stdout|stderr) (.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """One command: `name` is that of its files, `title` how people read of it; `owner` is the shakeout that runs it."""

    name: str
    title: str
    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    deadline: float
    run_folder: Path
    complaints: Path
    owner: Process

    @property
    def shown(self) -> str:
        """The command without secrets."""
        return Redactor(self.secrets)(shlex.join(self.words))

    @property
    def log(self) -> Path:
        return self.run_folder / FOLDER / f"{self.name}.log"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a script ended: without a failure by exit status 0. `left` counts the processes that it left running."""

    seconds: float
    failure: Failure | None = None
    left: int = 0


class Running:
    """A script that was started."""

    def __init__(self, script: Script) -> None:
        self.script = script
        script.log.parent.mkdir(parents=True, exist_ok=True)
        events = script.log.with_suffix(".jsonl")
        for old in (script.log, events):
            old.unlink(missing_ok=True)
        redact = Redactor(script.secrets)
        order = Order(
            command=script.words,
            shown=tuple(redact(word) for word in script.words),
            folder=str(script.folder),
            environment=dict(script.environment),
            log=str(script.log),
            events=str(events),
            restarts=0,
            secrets=script.secrets,
            grace=GRACE,
            owner=script.owner,
        )
        self.supervised = Supervised.start(order, script.complaints, _MODULE)
        self._began = time.monotonic()
        self._redact = redact

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    async def end(self, progress: Progress) -> Ended:
        """Wait until it ends, at most until its deadline, then end it."""
        events = self.supervised.events
        teller = _Teller(self.script, progress)
        late = False
        while True:
            events.new()
            teller.tell(self.seconds)
            if events.last("ended") or self.supervised.ended:
                break
            if self.seconds >= self.script.deadline and not late:
                late = True
                self.supervised.stop()
            await asyncio.sleep(0.02 if self.seconds < 2 else 0.1)
        events.new()
        teller.tell(self.seconds, final=True)
        return self._ended(late)

    async def goes_on(self) -> bool:
        """Whether something that the script left running still has its output, so that its runner goes on too."""
        until = time.monotonic() + _RUNNER_SECONDS
        while not self.supervised.ended and time.monotonic() < until:  # noqa: ASYNC110 (it is another process)
            await asyncio.sleep(0.01)
        return not self.supervised.ended

    async def stop(self) -> None:
        """End it, if it still runs; what it left running stays."""
        if self.supervised.events.last("ended") is None:
            self.supervised.stop()
            until = time.monotonic() + GRACE + 10
            while time.monotonic() < until and not self.supervised.ended:
                self.supervised.events.new()
                if self.supervised.events.last("ended"):
                    break
                await asyncio.sleep(0.02)

    def _ended(self, late: bool) -> Ended:
        events = self.supervised.events
        facts: dict[str, Any] = {"command": self.script.shown, "deadline": self.script.deadline}
        if problem := events.last("not-started"):
            facts["problem"] = problem.details["problem"]
            return self._failed("command-not-found", self._redact(problem.details["message"]), facts, problem)
        last = events.last("exited")
        if last is None:
            complaint = self._redact(self.supervised.complaint())[-2000:]
            return self._failed(
                "killed", f"`{self.script.shown}` was ended from outside", {**facts, "runner": complaint}
            )
        seconds = last.details["seconds"]
        facts |= {name: last.details[name] for name in ("exit_status", "signal", "seconds") if name in last.details}
        if late:
            message = f"`{self.script.shown}` had not ended after {self.script.deadline:g} s, and was ended"
            return self._failed("deadline", message, facts, last)
        if name := last.details.get("signal"):
            message = f"`{self.script.shown}` was ended by {name} after {seconds:.1f} s"
            return self._failed("killed", message, facts, last)
        if status := last.details["exit_status"]:
            message = f"`{self.script.shown}` exited with status {status} after {seconds:.1f} s"
            return self._failed("exited", message, facts, last)
        return Ended(seconds=seconds, left=last.details["left"])

    def _failed(self, reason: str, message: str, facts: Mapping[str, Any], event: Event | None = None) -> Ended:
        at = Locator(source="platform", path=f"{FOLDER}/{self.script.name}.jsonl", line=event.line if event else None)
        left = event.details.get("left", 0) if event else 0
        failure = Failure(reason=reason, message=message, facts=facts, at=at)
        return Ended(seconds=facts.get("seconds", round(self.seconds, 3)), failure=failure, left=left)


class _Teller:
    """Shows the lines of a script as they come, up to a number, and why we wait where none come."""

    def __init__(self, script: Script, progress: Progress) -> None:
        self._script, self._progress = script, progress
        self._offset = 0
        self._shown = 0
        self._told = 0.0

    def tell(self, seconds: float, *, final: bool = False) -> None:
        for line in self._new():
            self._told = seconds
            self._shown += 1
            if self._shown <= _SHOWN:
                self._progress(f"{self._script.title} | {line}")
            elif self._shown == _SHOWN + 1:
                self._progress(f"{self._script.title} | what follows is in {FOLDER}/{self._script.name}.log")
        if not final and seconds - self._told >= _TELL_AFTER:
            self._told = seconds
            why = f"`{self._script.shown}` has not ended"
            self._progress(
                f"waiting for {self._script.title} ({seconds:.0f} s of {self._script.deadline:g} s) because {why}"
            )

    def _new(self) -> Iterator[str]:
        if self._shown > _SHOWN:
            return
        try:
            with self._script.log.open("rb") as file:
                file.seek(self._offset)
                data = file.read(1 << 20)
        except FileNotFoundError:
            return
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        for row in complete.decode("utf-8", "replace").splitlines():
            match = _LINE.fullmatch(row)
            yield (match[3] if match else row)[:300]


def output(run_folder: Path, name: str = DEPLOY) -> Iterator[LogEntry]:
    """What a script wrote, line by line; nothing where it was never started."""
    place = run_folder / FOLDER / f"{name}.log"
    if not place.is_file():
        return
    with place.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, row in enumerate(file, 1):
            text = row.removesuffix("\n")
            match = _LINE.fullmatch(text)
            yield LogEntry(
                message=match[3] if match else text,
                locator=Locator(source="log", path=f"{FOLDER}/{name}.log", line=number),
                time=datetime.fromisoformat(match[1]) if match else None,
                time_doubt=None if match else "the line carries no time",
                stream=match[2] if match else "",
                sequence=number,
                unsure=True,
            )


def whole_lines(entries: Sequence[LogEntry]) -> Iterator[tuple[str, str]]:
    """(stream, line) of a script's output, with lines that were too long for one put together again."""
    parts: dict[str, str] = {}
    for entry in entries:
        text = parts.pop(entry.stream, "") + entry.message
        if text.endswith(GOES_ON):
            parts[entry.stream] = text.removesuffix(GOES_ON)
        else:
            yield entry.stream, text
    yield from parts.items()


def last_lines(entries: Sequence[LogEntry], number: int = LAST_LINES) -> tuple[Evidence, ...]:
    """The last lines that say something, the last first."""
    said = [entry for entry in entries if entry.message.strip()][-number:]
    return tuple(Evidence(kind="log", locator=entry.locator, quote=entry.message) for entry in reversed(said))
