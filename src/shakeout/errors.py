"""
The tree of errors; imports nothing of ours.

    ShakeoutError                   exit status 3: shakeout itself could not go on
    ├── UsageError                  exit status 2: the command, the manifest or the input is wrong
    │   ├── ManifestError           every fault of a manifest at once
    │   └── InputError              evidence that cannot be read
    ├── DeploymentError             a target could not do its part (the release failed, shakeout did not)
    └── DependencyMissingError      an extra or a program of this machine is not there

Every error says what was expected, what was seen, where, and what to do.
Nobody branches on an error's text: branch on its class or its fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ShakeoutError(Exception):
    """
    Anything that shakeout raises on purpose.

    `summary` is one sentence; `expected`, `seen`, `where` and `hint` are optional and printed below it.
    """

    exit_status = 3

    def __init__(
        self,
        summary: str,
        *,
        expected: str | None = None,
        seen: str | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.expected = expected
        self.seen = seen
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.summary}" if self.where else self.summary]
        lines += [
            f"  {label}: {value}"
            for label, value in (("expected", self.expected), ("seen", self.seen), ("what to do", self.hint))
            if value
        ]
        return "\n".join(lines)


class UsageError(ShakeoutError):
    """The command line, the manifest or the input is wrong."""

    exit_status = 2


class InputError(UsageError):
    """Evidence that was handed in cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestFault:
    """One thing that is wrong in a manifest: file, 1-based line, dotted path, what was expected, what is there."""

    file: str
    line: int
    path: str
    expected: str
    seen: str
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}:{self.line} {self.path}: expected {self.expected}, got {self.seen}"
        return f"{text} ({self.hint})" if self.hint else text


class ManifestError(UsageError):
    """A manifest with one fault or more; all of them are reported at once, in the order of the file."""

    def __init__(self, faults: Sequence[ManifestFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class DeploymentError(ShakeoutError):
    """A target could not deploy a service; `service` names it."""

    exit_status = 1

    def __init__(self, summary: str, *, service: str | None = None, **details: str | None) -> None:
        super().__init__(summary, **details)
        self.service = service


class DependencyMissingError(ShakeoutError):
    """An optional package or a program that this operation needs is not installed."""

    exit_status = 3
