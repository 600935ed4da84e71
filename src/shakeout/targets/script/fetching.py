"""
Logs that the manifest's own commands fetch after the release has been verified.

What they print on standard output is kept in `fetched/` of the run's folder, without secrets, and read there as
exported logs are, in whatever format it is. A command of one service prints that one's logs; one for the whole
environment prints entries that name their service.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from shakeout.errors import InputError
from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.reading import EvidenceInput, read_evidence
from shakeout.manifest.plan import Plan
from shakeout.targets.script.options import CommandOptions
from shakeout.targets.script.results import names, options_of
from shakeout.targets.script.running import output, whole_lines

FOLDER = "fetched"


def commands(plan: Plan, options: CommandOptions) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """(service, or None for all of them, the command's words) of every command for logs."""
    if options.logs is not None:
        yield None, options.logs
    for service in plan.services:
        own = options_of(service).logs
        if own is not None:
            yield service.name, own


def keep(run_folder: Path, script: str, service: str | None) -> Path | None:
    """Keep what a command printed, to be read as logs; None where it printed nothing."""
    rows = [line for stream, line in whole_lines(tuple(output(run_folder, script))) if stream == "stdout"]
    if not any(row.strip() for row in rows):
        return None
    place = run_folder / FOLDER / (f"{service}.log" if service else "all.log")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return place


class Fetched:
    """The fetched logs of a run, to be read as often as needed; use it in a `with` statement."""

    def __init__(self, run_folder: Path, plan: Plan) -> None:
        self._services = {service.name for service in plan.services}
        self._called = {called: one.service for one in names(plan) for called in one.called}
        self._called |= {name: name for name in self._services}
        self._inputs: dict[str, EvidenceInput] = {}
        self._paths: dict[str, str] = {}
        with ExitStack() as stack:
            for place in sorted((run_folder / FOLDER).glob("*.log")):
                try:
                    found = stack.enter_context(read_evidence([place]))
                except InputError:
                    continue
                path = f"{FOLDER}/{place.name}"
                self._inputs[path] = found
                self._paths[path] = str(place)
            self._stack = stack.pop_all()

    def entries(self, threshold: Severity | None = None) -> Iterator[LogEntry]:
        """Every entry whose service is known (or, with a threshold, those that can be errors)."""
        for path, found in self._inputs.items():
            only = Path(path).stem if Path(path).stem in self._services else None
            for entry in found.entries() if threshold is None else found.suspects(threshold):
                service = only or self._service(entry.service)
                if service is not None:
                    yield replace(entry, service=service, locator=replace(entry.locator, path=path))

    def resolve(self, locator: Locator) -> str:
        """The text at a locator of one of these entries."""
        return self._inputs[locator.path].resolve(replace(locator, path=self._paths[locator.path]))

    def _service(self, name: str | None) -> str | None:
        if name is None:
            return next(iter(self._services)) if len(self._services) == 1 else None
        return self._called.get(name.lower().replace("_", "-"))

    def __enter__(self) -> Fetched:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def entries(run_folder: Path, plan: Plan, service: str | None = None) -> Iterator[LogEntry]:
    """The fetched entries of one service, or of all."""
    with Fetched(run_folder, plan) as fetched:
        yield from (entry for entry in fetched.entries() if service in {None, entry.service})
