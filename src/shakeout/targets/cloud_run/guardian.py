"""
`python -m shakeout.targets.cloud_run.guardian JOURNAL`: one small process that outlives shakeout, where it is killed.

It waits for the end of its standard input, which is shakeout's end. Where the journal then has no end of its release,
it gives the traffic back to what had it before. It has the caller's environment and so the caller's credentials.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from shakeout.errors import ShakeoutError, UsageError
from shakeout.targets.cloud_run.journal import Journal

LOCK_SECONDS = 30.0
"""How long it waits for the environment's lock."""


class Guardian:
    """A guardian that was started; `close` lets it see that shakeout is through."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    def start(cls, journal: Path, record: Path, variables: Mapping[str, str]) -> Guardian:
        """Start one for a journal; what it says goes to the file `record`, `variables` are added to our own."""
        with record.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "shakeout.targets.cloud_run.guardian", str(journal)],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
                cwd="/",
                env={**os.environ, **variables},
            )
        return cls(process)

    def close(self, seconds: float = 10.0) -> None:
        """End its standard input and wait until it has ended; can be called twice."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)


async def finish(journal: Journal) -> None:
    """Give the traffic back, where the journal's release was not finished."""
    told = journal.read()
    if told is None or not told.open:
        return
    # Only now: until here nothing heavy is loaded.
    from shakeout.targets.cloud_run.api import Api
    from shakeout.targets.cloud_run.endpoints import Endpoints
    from shakeout.targets.cloud_run.options import EnvironmentOptions
    from shakeout.targets.cloud_run.rolling_back import recover

    def say(line: str) -> None:
        print(line, flush=True)

    api = Api(EnvironmentOptions.model_validate(told.options), Endpoints.of(), say)
    try:
        await recover(api, journal, told, by="guardian", why="shakeout was ended", progress=say)
    finally:
        await api.close()


def main() -> int:
    journal = Journal(Path(sys.argv[1]))
    while os.read(0, 4096):
        pass
    told = journal.read()
    if told is None or not told.open:
        return 0
    from shakeout.targets.state import EnvironmentLock

    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            lock = EnvironmentLock.take(journal.path.parent, journal.path.name.removesuffix(".steps.jsonl"))
            break
        except UsageError:
            if time.monotonic() > until:
                return 1  # the next run has it, and finishes what is open
            time.sleep(0.05)
    try:
        asyncio.run(finish(journal))
    except ShakeoutError as error:
        print(error, flush=True)
        return error.exit_status
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
