"""
The container engine of this machine, Docker or Podman: which one is there, and the one place that runs its commands.

A command is a value (`commands.py` makes them); what is secret is never one of its words: it goes over standard input
or in the variables of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shakeout.errors import DependencyMissingError, DeploymentError

EngineName = Literal["docker", "podman"]

DEADLINE = 60.0
"""Seconds that one command may take, where it does not say otherwise."""

_ASK_SECONDS = 20.0
_TERM_SECONDS = 10.0
_ERROR_LIMIT = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """A container engine that answers: `program` is its command line, `version` the engine's own."""

    name: EngineName
    program: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """
    One command of the engine: `words` follow the program's name and hold no secret.

    `variables` are added to the environment of the command line (for `--env NAME`), `input` is its standard input.
    """

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    input: bytes = field(default=b"", repr=False)
    deadline: float = DEADLINE
    folder: Path | None = None
    """Where the command works; Podman's monitor leaves a file there when memory ran out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What came of a command; `status` is negative where a signal ended it."""

    status: int
    output: bytes
    error: str

    @property
    def text(self) -> str:
        """Standard output without the spaces around it."""
        return self.output.decode("utf-8", "replace").strip()


class EngineError(DeploymentError):
    """A command of the engine failed; `seen` is what it wrote on standard error, `status` its exit status."""

    def __init__(self, summary: str, *, seen: str, status: int) -> None:
        super().__init__(summary, seen=seen)
        self.status = status


def find_engine(wanted: str = "auto") -> Engine:
    """
    The engine that answers: `wanted`, or for `auto` Docker before Podman.

    A Docker command line without a running Docker is not one that answers. Raises DependencyMissingError, which says of
    each what is wrong with it.
    """
    names: tuple[EngineName, ...] = ("docker", "podman")
    problems = []
    for name in names:
        if wanted not in ("auto", name):
            continue
        program = shutil.which(name)
        if program is None:
            problems.append(f"{name} is not installed")
            continue
        version, problem = _ask(name, program)
        if version:
            return Engine(name=name, program=program, version=version)
        problems.append(f"{name} does not answer: {problem}")
    raise DependencyMissingError(
        "no container engine answers on this machine",
        expected="Docker or Podman" if wanted == "auto" else wanted.capitalize(),
        seen="; ".join(problems),
        hint="install Podman or start Docker; shakeout up with an environment of target local needs neither",
    )


def _ask(name: EngineName, program: str) -> tuple[str | None, str]:
    """The engine's version, or why there is none. `podman` may be installed under Docker's name too."""
    form = "{{json .Server}}" if name == "docker" else "{{json .Client}}"
    try:
        done = subprocess.run(
            [program, "version", "--format", form],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer within {_ASK_SECONDS:.0f} s"
    except OSError as error:
        return None, error.strerror or str(error)
    told = done.stderr.decode("utf-8", "replace").strip().splitlines()
    try:
        document = json.loads(done.stdout or b"null")
    except ValueError:
        document = None
    version = document.get("Version") if isinstance(document, dict) else None
    if done.returncode == 0 and version:
        return str(version), ""
    return None, told[-1] if told else f"its command ended with status {done.returncode}"


async def run(engine: Engine, command: Command, *, check: bool = True) -> Done:
    """
    Run it to its end. Raises EngineError where it fails and `check` is set, or takes longer than its deadline; a
    cancelled call ends the command before it goes on.
    """
    process = await start(engine, command)
    try:
        async with asyncio.timeout(command.deadline):
            output, error = await process.communicate(command.input or None)
    except TimeoutError as late:
        await end(process)
        shown = f"{engine.name} {_shown(command)}"
        raise EngineError(f"{shown} took longer than {command.deadline:g} s", seen="no end", status=-1) from late
    except BaseException:
        await asyncio.shield(end(process))
        raise
    done = Done(
        status=process.returncode or 0, output=output, error=error.decode("utf-8", "replace").strip()[-_ERROR_LIMIT:]
    )
    if check and done.status:
        raise EngineError(f"{engine.name} {_shown(command)} failed", seen=done.error, status=done.status)
    return done


async def ask_json(engine: Engine, command: Command) -> Any:
    """The command's output as JSON; EngineError also where it is none."""
    done = await run(engine, command)
    try:
        return json.loads(done.output or b"null")
    except ValueError as error:
        seen = done.text[:200]
        raise EngineError(f"{engine.name} {_shown(command)} answers no JSON", seen=seen, status=0) from error


async def start(engine: Engine, command: Command) -> asyncio.subprocess.Process:
    """
    Start it in a session of its own, so that Ctrl-C in a terminal is for shakeout, which ends things in order.

    Its output and errors are pipes. The caller ends it with `end`, whatever happens.
    """
    return await asyncio.create_subprocess_exec(
        engine.program,
        *command.words,
        env={**os.environ, **command.variables},
        stdin=asyncio.subprocess.PIPE if command.input else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        cwd=command.folder,
    )


async def end(process: asyncio.subprocess.Process, number: signal.Signals = signal.SIGTERM) -> None:
    """End a command that still runs, with SIGKILL where it does not heed the first signal; waits for it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
    waiting = asyncio.ensure_future(process.wait())
    done, _ = await asyncio.wait({waiting}, timeout=_TERM_SECONDS)
    if not done:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await waiting
    _close(process)


def run_now(engine: Engine, command: Command) -> Done:
    """The same without an event loop, for cleaning up; never raises for a command that fails or takes too long."""
    try:
        done = subprocess.run(
            [engine.program, *command.words],
            env={**os.environ, **command.variables},
            input=command.input,
            capture_output=True,
            timeout=command.deadline,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Done(status=-1, output=b"", error=f"no end within {command.deadline:g} s")
    return Done(status=done.returncode, output=done.stdout, error=done.stderr.decode("utf-8", "replace").strip())


def _shown(command: Command) -> str:
    return " ".join(word for word in command.words[:2] if not word.startswith("-"))


def _close(process: asyncio.subprocess.Process) -> None:
    """Give up the pipes, also where a grandchild still holds their other ends."""
    transport: Callable[[], None] | None = getattr(getattr(process, "_transport", None), "close", None)
    if transport:
        transport()
