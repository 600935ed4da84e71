"""
Where the time of explaining goes, for the reference faults: reading logs, walking, git, guards, proof.

`make bench NAME=explain`. Variables: FAULTS (names, separated by commas), ROUNDS (3). Each fault is injected, deployed
and verified once; what was seen is then explained ROUNDS times with fresh sources, and the median is shown. Git is
timed within the phases that call it. The table goes to standard error, one JSON object to standard output, last.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from shakeout.evidence import git, objects
from shakeout.evidence.repository import Repository
from shakeout.runs import errorlogs, explaining, pipeline
from shakeout.runs.faults import inject, load_faults
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request
from shakeout.runs.sources import platform_of
from shakeout.runs.targets import make_target

TOP = Path(__file__).parents[1]
REFERENCE = ("clickhouse-refused", "smoke-import-removed", "websocket-protocol-skew")
PARTS = ("read", "walk", "chain", "guard", "proof", "git", "total")


class Clock:
    """Adds up the seconds that named functions take."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.calls = 0
        self._inside: set[str] = set()

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            if part in self._inside:
                return function(*arguments, **options)
            self._inside.add(part)
            self.calls += part == "git"
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self._inside.discard(part)
                self.seconds[part] += time.perf_counter() - began

        return timed


def measured(run: Run, folder: Any) -> Clock:
    """Explain once more what the run saw, with fresh sources."""
    clock = Clock()
    fresh = Repository(run.request.repository.folder, run.request.plan.commit)
    again = Run(
        request=_with(run.request, fresh),
        target=run.target,
        progress=run.progress,
        release=run.release,
        logs_folder=run.logs_folder,
    )
    again._results = list(run._results)
    results = tuple(run._results)
    assert run.release is not None
    platform = platform_of(run.request.plan, run.release, run._inventory, folder)
    with ExitStack() as stack:
        for module, name, part in (
            (explaining, "walk", "walk"),
            (explaining, "chains", "chain"),
            (explaining, "_guard", "guard"),
            (explaining, "prove", "proof"),
            (git, "run", "git"),
        ):
            stack.enter_context(mock.patch.object(module, name, clock.around(part, getattr(module, name))))
        read = clock.around("read", lambda *given, **options: list(errorlogs.of_entries(*given, **options)))
        stack.enter_context(mock.patch.object(pipeline, "of_entries", read))
        ask = objects.ObjectReader.read
        stack.enter_context(mock.patch.object(objects.ObjectReader, "read", clock.around("git", ask)))
        clock.around("total", partial(again._explain, results, platform, folder))()
    fresh.close()
    return clock


def _with(request: Any, repository: Repository) -> Any:
    from dataclasses import replace

    return replace(request, repository=repository)


class Kept(Run):
    """A run that remembers its folder and does not stop what it deployed before it was measured."""

    clocks: list[Clock]
    rounds: int

    def _explain_and_report(self, folder: Any, moment: Any) -> Any:
        report = super()._explain_and_report(folder, moment)
        self.clocks = [measured(self, folder) for _ in range(self.rounds)]
        return report


def explain(name: str, rounds: int) -> dict[str, float]:
    """Median seconds of each part for one fault."""
    fault = load_faults(TOP / "faults")[name]
    with tempfile.TemporaryDirectory(prefix="shakeout-bench-") as place:
        injected = inject(TOP, Path(place) / "application", [fault])
        request = make_request(
            manifest=injected.folder / "shakeout.yaml",
            environment=fault.environment,
            revision="HEAD",
            dirty=False,
            caller={**os.environ, **injected.variables},
            home=Path(place) / "home",
        )
        run = Kept(request=request, target=make_target(request), progress=lambda line: None)
        run.rounds = rounds
        try:
            asyncio.run(run.execute())
        finally:
            request.repository.close()
    found = {part: statistics.median(clock.seconds[part] for clock in run.clocks) for part in PARTS}
    return {**found, "git_calls": statistics.median(clock.calls for clock in run.clocks)}


def main() -> None:
    names = [name for name in os.environ.get("FAULTS", "").split(",") if name] or list(REFERENCE)
    rounds = int(os.environ.get("ROUNDS", "3"))
    print(f"{'fault':30}{''.join(f'{part:>9}' for part in PARTS)}{'git calls':>11}", file=sys.stderr)
    results = {}
    for name in names:
        found = explain(name, rounds)
        row = "".join(f"{found[part]:9.3f}" for part in PARTS)
        print(f"{name:30}{row}{found['git_calls']:11.0f}", file=sys.stderr)
        results[name] = {part: round(value, 4) for part, value in found.items()}
    print(json.dumps({"rounds": rounds, "seconds": results}))


if __name__ == "__main__":
    main()
