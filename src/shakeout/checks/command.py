"""
`command`: the team's own script, run against the release.

It runs in the checkout of the deployed commit with nothing of the caller's environment but `PATH` and what
`pass_environment` names; the services' addresses are there as `<SERVICE>_URL` (`auth` is `AUTH_URL`), the commit and
the environment as `SHAKEOUT_COMMIT` and `SHAKEOUT_ENVIRONMENT`. Arguments may hold `${services.NAME.url}`.
Both streams are kept whole, without secrets, in `checks/<entry>.log` of the run's folder. Past its deadline the whole
process group is ended.

Facts: `kind`: `exit-status`, `command-not-found`, `permission-denied`, `deadline`, `signal`, `output`, or `exception`
where a Python traceback was written; `command`, `exit_status`, `signal`, `seconds`, `log`; `exception`: `{type, text,
frames: [{path, line, function}]}`, the last traceback of the output, with paths inside the checkout relative to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from shakeout.checks.answers import passed
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.deadline import remaining
from shakeout.checks.interpolation import SecretReference, resolve
from shakeout.checks.kinds import Configured, Kind, Options
from shakeout.checks.records import redactor
from shakeout.manifest.interpolation import template, words
from shakeout.manifest.plan import Plan

OUTPUT_LIMIT = 16 * 1024 * 1024
"""Bytes of output that are kept; what comes after them is read and thrown away."""

_EXCERPT = 1800
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'^\s+File "([^"]{1,1000})", line (\d{1,9})(?:, in (\S{1,200}))?')
_RAISED = re.compile(r"^([A-Za-z_][\w.]{0,200})(?:: (.*))?$")


class CommandOptions(Options):
    """What to run and what to expect of it."""

    run: str | tuple[str, ...]
    path: str = "."
    """The folder it runs in, relative to the checkout."""
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, SecretReference] = Field(default_factory=dict)
    pass_environment: tuple[str, ...] = ()
    """Variables of the caller that it may see."""
    status: int = 0
    contains: str | None = None
    """Text that its output must hold."""


@dataclass(kw_only=True, slots=True)
class Finished:
    """What came of a command. `status` is negative for a signal, as in `subprocess`; None when it was ended by us."""

    status: int | None
    seconds: float
    output: bytearray = field(repr=False)


def expand(entry: Configured[CommandOptions], plan: Plan) -> Iterator[Check]:
    """One question."""

    async def ask(context: Context) -> Answer:
        return await ask_command(entry, context)

    run = entry.options.run
    yield Check(
        name=entry.name,
        kind=KIND.name,
        question=f"Does `{run if isinstance(run, str) else shlex.join(run)}` succeed?",
        ask=ask,
        service=entry.spec.service,
        services=tuple(service.name for service in plan.services if entry.spec.service in {None, service.name}),
        required=entry.spec.required,
        deadline=entry.spec.deadline,
    )


async def ask_command(entry: Configured[CommandOptions], context: Context) -> Answer:
    """Run it and judge its exit status and its output."""
    options = entry.options
    run = options.run
    given = [template(word) for word in words(run)] if isinstance(run, str) else list(run)
    arguments = [resolve(word, context) for word in given]
    folder = context.checkout / options.path
    shown = shlex.join(arguments)
    again = f"{_set(options, context)}{shown}"
    again = f"cd {shlex.quote(options.path)} && {again}" if options.path != "." else again
    log = Path("checks") / f"{entry.name}.log"
    facts: dict[str, Any] = {"command": arguments, "log": log.as_posix()}
    try:
        finished = await _run(arguments, folder, _environment(options, context))
    except OSError as error:
        kind = "permission-denied" if isinstance(error, PermissionError) else "command-not-found"
        said = f"`{arguments[0]}` cannot be run: {error.strerror}"
        if not isinstance(error, (PermissionError, FileNotFoundError)):
            kind = "cannot-be-run"
        return _failed(said, f"`{shown}` runs", said, str(error), again, {**facts, "kind": kind})
    text = redactor(context)(finished.output.decode("utf-8", "replace"))
    await asyncio.to_thread(_keep, context.run_folder / log, text)
    facts |= {"exit_status": finished.status, "seconds": round(finished.seconds, 3)}
    expected = f"exit status {options.status}"
    exception = read_exception(text, context.checkout)
    if exception is not None:
        facts["exception"] = exception
    if finished.status is None:
        said = f"not finished within {finished.seconds:.1f} s, and stopped"
        return _failed(
            said, f"{expected} within {entry.spec.deadline:g} s", said, text, again, facts | {"kind": "deadline"}
        )
    if finished.status != options.status:
        name = _signal_name(finished.status)
        kind = "exception" if exception else "signal" if name else "exit-status"
        ended = f"ended by {name}" if name else f"exit status {finished.status}"
        said = f"{exception['type']}: {exception['text']}".rstrip(": ") if exception else ended
        last = text.rstrip().rpartition("\n")[2]
        detail = f"{said} ({ended})" if exception else f"{ended}: {last}" if last else ended
        return _failed(
            detail, expected, ended, text, again, facts | {"kind": kind} | ({"signal": name} if name else {})
        )
    if options.contains is not None and options.contains not in text:
        detail = f"exit status {finished.status}, but its output does not hold {options.contains!r}"
        return _failed(detail, repr(options.contains), "output without it", text, again, facts | {"kind": "output"})
    return passed(f"exit status {finished.status}", **facts)


def read_exception(text: str, checkout: Path) -> dict[str, Any] | None:
    """The last Python traceback of a text: type, text and frames; None where there is none that is whole."""
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if line.strip().endswith(_TRACEBACK)]
    if not starts:
        return None
    frames = []
    for line in lines[starts[-1] + 1 :]:
        if match := _FRAME.match(line):
            frames.append({"path": _relative(match[1], checkout), "line": int(match[2]), "function": match[3]})
        elif line and not line[0].isspace() and (raised := _RAISED.match(line.rstrip())):
            return {"type": raised[1], "text": raised[2] or "", "frames": frames[-50:]}
    return None


async def _run(arguments: list[str], folder: Path, environment: dict[str, str]) -> Finished:
    """Run until it ends or the deadline is near; whatever happens, no process of its group is left."""
    began = time.monotonic()
    read_end, write_end = os.pipe()
    output = bytearray()
    status: int | None = None
    with os.fdopen(read_end, "rb") as stream:
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
            )
        finally:
            os.close(write_end)
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), stream
        )
        reading = asyncio.create_task(_read(reader, output))
        try:
            async with asyncio.timeout(remaining()):
                status = await process.wait()
        except TimeoutError:
            status = None
        finally:
            _end_group(process.pid)
            await process.wait()
            # What it wrote is in the pipe; a process that left its group may hold the pipe open for ever.
            await asyncio.wait({reading}, timeout=0.5)
            reading.cancel()
            transport.close()
    return Finished(status=status, seconds=time.monotonic() - began, output=output)


async def _read(stream: asyncio.StreamReader, output: bytearray) -> None:
    while chunk := await stream.read(65_536):
        if len(output) < OUTPUT_LIMIT:
            output += chunk


def _end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _addresses(context: Context) -> dict[str, str]:
    return {
        f"{revision.service.upper().replace('-', '_')}_URL": revision.url
        for revision in context.release.revisions
        if revision.url
    }


def _set(options: CommandOptions, context: Context) -> str:
    """What a shell is given in front of the command, so that it asks the same services: `SITE_URL=http://… `."""
    given = _addresses(context) | {name: resolve(value, context) for name, value in options.environment.items()}
    redacted = redactor(context)
    return "".join(f"{name}={shlex.quote(redacted(value))} " for name, value in given.items())


def _environment(options: CommandOptions, context: Context) -> dict[str, str]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    environment |= {name: os.environ[name] for name in options.pass_environment if name in os.environ}
    environment |= _addresses(context)
    environment |= {"SHAKEOUT_COMMIT": context.plan.commit, "SHAKEOUT_ENVIRONMENT": context.plan.environment}
    environment |= {name: resolve(value, context) for name, value in options.environment.items()}
    return environment | {name: reference.read(context) for name, reference in options.secrets.items()}


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _failed(detail: str, expected: str, actual: str, text: str, again: str, facts: dict[str, Any]) -> Answer:
    """The end of the output is the excerpt: there the reason stands."""
    excerpt = text.rstrip()[-_EXCERPT:]
    return Answer(
        outcome=Outcome.FAILED,
        detail=detail,
        expected=expected,
        actual=actual,
        excerpt=excerpt or None,
        reproduce=again,
        facts=facts,
    )


def _relative(path: str, checkout: Path) -> str:
    try:
        return Path(path).resolve().relative_to(checkout.resolve()).as_posix()
    except ValueError:
        return path


def _signal_name(status: int) -> str | None:
    if status >= 0:
        return None
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


KIND = Kind(name="command", options=CommandOptions, expand=expand, order=70)
