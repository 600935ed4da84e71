"""
What a release is about to do, written down before it does it: `.shakeout/state/ENVIRONMENT.steps.jsonl`.

One JSON object a line, with the time `at` and one of these as `step`; each line is on the disk before the next call.

    begin      release, commit, application, run_folder, options (of the environment), process,
               earlier (release, commit and run_folder of the one that had the traffic then; null where none is known)
    guard      process (of the guardian)
    revise     service, name (on Cloud Run), revision, tag, created (whether it is new), before (shares of the traffic)
    revised    service
    shift      service: it is about to be given the traffic
    shifted    service
    proved     the release was verified with traffic: from here on it stays
    back       service: it is about to get its old traffic back; why
    end        outcome (`serving`, `rolled-back`), by (`shakeout`, `guardian`, `next-run`), why

A release that was begun and has no `end` was killed: `rolling_back.recover` finishes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shakeout.errors import ShakeoutError


@dataclass(frozen=True, kw_only=True, slots=True)
class Revised:
    """One service of a release as the journal has it; `before` has revision, percent and tag of each share."""

    service: str
    name: str
    revision: str
    tag: str
    created: bool
    before: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """A release that has the traffic: its id, its commit, and the folder of its run."""

    release: str
    commit: str
    run_folder: str


@dataclass(kw_only=True, slots=True)
class Told:
    """What a journal says: the release, how far it came (`last`), its services, and how it ended where it did."""

    release: str
    commit: str
    options: Mapping[str, Any]
    began: str
    run_folder: str
    earlier: Serving | None = None
    last: str = "begin"
    guardian: int | None = None
    revised: dict[str, Revised] = field(default_factory=dict)
    shifted: list[str] = field(default_factory=list)
    proved: bool = False
    end: Mapping[str, Any] | None = None

    @property
    def open(self) -> bool:
        """Whether nobody has finished it."""
        return self.end is None

    @property
    def serving(self) -> Serving | None:
        """The release that has the traffic, after this one; None where that is not known."""
        if self.end is None:
            return None
        if self.end["outcome"] == "serving":
            return Serving(release=self.release, commit=self.commit, run_folder=self.run_folder)
        return self.earlier


class Journal:
    """Appends steps to one environment's file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, state_folder: Path, environment: str) -> Journal:
        return cls(state_folder / f"{environment}.steps.jsonl")

    def begin(self, **details: Any) -> None:
        """Start anew with a new release; what was there is over."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.write_text("", encoding="utf-8")
        draft.replace(self.path)
        self.add("begin", **details)

    def add(self, step: str, **details: Any) -> None:
        """Write a step and wait until it is on the disk."""
        row = json.dumps({"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z", "step": step, **details})
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, (row + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> Told | None:
        """
        What it says, None where nothing was begun. A last line that a crash cut off counts as not written.

        Raises ShakeoutError where the file cannot be understood.
        """
        try:
            rows = self.path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return None
        told: Told | None = None
        for number, row in enumerate(rows[:-1], 1):
            try:
                told = _taken(told, json.loads(row))
            except (ValueError, KeyError, TypeError) as error:
                raise ShakeoutError(
                    "the steps of an earlier release cannot be read",
                    where=f"{self.path}:{number}",
                    seen=f"{type(error).__name__}: {error}",
                    hint="look at the traffic of the services, then delete the file",
                ) from error
        return told


def _taken(told: Told | None, row: dict[str, Any]) -> Told:
    step = row["step"]
    if step == "begin":
        return Told(
            release=row["release"],
            commit=row["commit"],
            options=row["options"],
            began=row["at"],
            run_folder=row["run_folder"],
            earlier=Serving(**row["earlier"]) if row.get("earlier") else None,
        )
    if told is None:
        raise ValueError("a step before the first one")
    told.last = step
    if step == "guard":
        told.guardian = row["process"]
    elif step == "revise":
        told.revised[row["service"]] = Revised(
            service=row["service"],
            name=row["name"],
            revision=row["revision"],
            tag=row["tag"],
            created=row["created"],
            before=tuple((share[0], share[1], share[2]) for share in row["before"]),
        )
    elif step == "shift":
        told.shifted.append(row["service"])
    elif step == "proved":
        told.proved = True
    elif step == "end":
        told.end = row
    return told
