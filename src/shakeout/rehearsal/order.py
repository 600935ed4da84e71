"""A rehearsal in a process of its own: what it is told, what it answers, and starting one."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from shakeout.errors import ShakeoutError
from shakeout.rehearsal.settings import Settings

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """
    What to rehearse: `ports` has the port that a service of this full name is to answer on, once it is there; `folder`
    holds the files of the commands, and is removed at the end, also where whoever gave the order is not there any more.
    """

    settings: Settings
    folder: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """Where a started double answers: `run` and `logging` as `HOST:PORT`, `rest` as a URL."""

    run: str
    logging: str
    rest: str


def encode(value: Order | Ready) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(value, enc_hook=str) + b"\n"


def decode_order(line: bytes) -> Order:
    return msgspec.json.decode(line, type=Order, dec_hook=_read)


def decode_ready(line: bytes) -> Ready:
    return msgspec.json.decode(line, type=Ready)


@contextlib.contextmanager
def started(order: Order) -> Iterator[Ready]:
    """
    A double in a process of its own, which ends with the context, and with this process whatever ends that.

    What it is told, secrets too, goes over its standard input. Raises ShakeoutError where it does not start.
    """
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "shakeout.rehearsal"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,  # Ctrl-C in a terminal is for shakeout, which ends things in order
            env={**os.environ, "GRPC_VERBOSITY": "NONE"},
        )
        try:
            yield _begin(process, order, complaints)
        finally:
            assert process.stdin is not None and process.stdout is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def _begin(process: subprocess.Popen[bytes], order: Order, complaints: IO[bytes]) -> Ready:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(encode(order))
        process.stdin.flush()
        waiting, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
        line = process.stdout.readline() if waiting else b""
    except OSError:
        line = b""
    if not line:
        complaints.seek(0)
        told = complaints.read().decode("utf-8", "replace").strip().splitlines()
        raise ShakeoutError(
            "the double of Cloud Run does not start",
            seen=told[-1] if told else f"no answer within {_START_SECONDS:.0f} s",
            hint="pip install 'shakeout[cloud-run]'",
        )
    return decode_ready(line)


def _read(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(kind)
