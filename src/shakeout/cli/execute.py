"""Runs a pipeline in the foreground: signals end it in order, and its outcome becomes output and an exit status."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

from shakeout.cli.present import present_report
from shakeout.report.rendering import Format
from shakeout.runs.pipeline import Finished, Run, write_report
from shakeout.runs.posting import Posting


def execute(run: Run) -> Finished:
    """Run it to its end. The first Ctrl-C, `kill` or hang-up ends it with a report, a second one at once."""

    async def main() -> Finished:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        return await run.execute()

    return asyncio.run(main())


def execute_shown(run: Run, console: str | None) -> Finished:
    """
    Run it to its end and show it in the console at that address, where there is one.

    A console that cannot show it changes nothing but a line of progress and a note in the report. Raises UsageError
    where the address is none.
    """
    if console is None:
        return execute(run)
    say = run.progress

    def failed(why: str) -> None:
        say(why)
        run.notes.append(why)

    posting = Posting(console, os.environ, failed)
    run.progress = posting.progress(say)
    run.on_begin = lambda folder: posting.begin(folder, run.request.plan)
    run.on_result = posting.result
    finished = execute(run)
    posting.end(finished.report)
    missing = tuple(note for note in run.notes if note not in finished.report.notes)
    if missing:
        finished = replace(finished, report=replace(finished.report, notes=(*finished.report.notes, *missing)))
        write_report(finished.report, finished.folder)
    return finished


def present(finished: Finished, form: Format | None, output: Path | None, *, quiet: bool) -> int:
    """Print the summary, or the report in the form that was asked for; returns the exit status."""
    return present_report(finished.report, form, output, quiet=quiet, folder=shown(finished.folder.path))


def shown(path: Path) -> Path:
    """A path as a person would type it here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
