"""What an instance is made from, and the protocol that everything keeps which runs one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

Output = Callable[[str, str, datetime], None]
"""Takes a stream's name (`stdout` or `stderr`), one line and its time (aware UTC)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """
    One container as a revision has it, ready to run: `environment` and `secret_environment` are complete together but
    for `PORT`, `files` maps paths in the container to what secrets put there, `memory` is in bytes.
    """

    name: str
    image: str
    port: int
    command: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    working_folder: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    memory: int = 512 * 2**20
    cpus: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Exit:
    """How an instance ended: an exit status or a signal's number; `out_of_memory` where the kernel ended it."""

    status: int | None = None
    signal: int | None = None
    out_of_memory: bool = False


class NotStartedError(Exception):
    """Nothing was started; `message` is what the container runtime would say, `missing` whether there is no image."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.missing = missing


class Running(Protocol):
    """One thing that runs."""

    async def ended(self) -> Exit:
        """Wait until it has ended."""
        ...

    def endpoint(self) -> tuple[str, int] | None:
        """Where its port can be reached from outside it, as a host and a port; None while it cannot be."""
        ...

    def listening(self) -> Sequence[str]:
        """The addresses on which it listens, as far as that can be seen."""
        ...

    def on_loopback_only(self) -> bool:
        """Whether its port is taken on loopback, where nobody outside of it arrives; False where that is not seen."""
        ...

    def memory(self) -> int:
        """Bytes that it uses; 0 where that cannot be seen, or where the limit is kept by others."""
        ...

    async def stop(self, grace: float) -> None:
        """End it: SIGTERM, and SIGKILL after so many seconds. Can be called twice."""
        ...


class Runner(Protocol):
    """Runs workloads."""

    async def start(self, workload: Workload, instance: str, output: Output) -> Running:
        """Start one; `instance` is its id. Raises NotStartedError."""
        ...

    async def close(self) -> None:
        """Leave nothing behind."""
        ...
