"""
Runs releases that kill themselves: `driver.py MANIFEST HOME`, then one line on standard input for each run.

A line is `N` or `N alone`: the run is killed (SIGKILL) after the N-th step of its own release, or after the first of a
name where N is one; a step is a line of the journal or a change asked of the platform. `alone` kills its guardian with
it. `0` is a run that ends by itself. The answer is one JSON object: `step` is the last step before the end, `signal` or
`status` how it ended, `told` its progress. What runs is forked from a process that has loaded everything and made no
connection yet.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from shakeout.cli.execute import execute
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request
from shakeout.targets.cloud_run import guardian
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.journal import Journal
from shakeout.targets.cloud_run.target import CloudRunTarget


class Killer:
    """Ends its own process after so many steps."""

    def __init__(self, after: str, alone: bool, record: Path) -> None:
        self.after, self.alone, self.record = after, alone, record
        self.count = 0
        self.guardian: int | None = None

    def step(self, name: str) -> None:
        self.count = 1 if name == "begin" else self.count + 1
        self.record.write_text(json.dumps({"step": name, "count": self.count}), encoding="utf-8")
        if self.after in {name, str(self.count)}:
            if self.alone and self.guardian is not None:
                os.kill(self.guardian, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        add, create, update = Journal.add, Api.create, Api.update
        start = guardian.Guardian.start.__func__

        def added(journal: Journal, step: str, **details: Any) -> None:
            add(journal, step, **details)
            self.step(step)

        async def created(api: Api, *arguments: Any) -> None:
            await create(api, *arguments)
            self.step("created")

        async def updated(api: Api, *arguments: Any) -> None:
            await update(api, *arguments)
            self.step("updated")

        def started(cls: Any, *arguments: Any) -> guardian.Guardian:
            made = start(cls, *arguments)
            self.guardian = made.pid
            return made

        Journal.add, Api.create, Api.update = added, created, updated
        guardian.Guardian.start = classmethod(started)


def run(manifest: Path, home: Path, told: Path) -> int:
    request = make_request(
        manifest=manifest, environment="staging", revision="HEAD", dirty=False, caller=dict(os.environ), home=home
    )
    with told.open("w", encoding="utf-8") as file:

        def progress(line: str) -> None:
            file.write(line + "\n")
            file.flush()

        finished = execute(Run(request=request, target=CloudRunTarget(home / "state"), progress=progress))
    return {"SUCCESSFUL": 0}.get(str(finished.report.status), 1)


def main() -> None:
    manifest, home = Path(sys.argv[1]), Path(sys.argv[2])
    home.mkdir(exist_ok=True)
    for line in sys.stdin:
        number, _, alone = line.strip().partition(" ")
        record, told = home / "step.json", home / "told.txt"
        record.write_text("{}", encoding="utf-8")
        child = os.fork()
        if child == 0:
            status = 70
            try:
                Killer(number, alone == "alone", record).watch()
                status = run(manifest, home, told)
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(ended)
        answer = json.loads(record.read_text(encoding="utf-8"))
        answer |= {"signal": -code} if code < 0 else {"status": code}
        answer["told"] = told.read_text(encoding="utf-8") if told.exists() else ""
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
