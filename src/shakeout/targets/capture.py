"""
Reading back what a service wrote: `logs/SERVICE.log` in the run's folder, in the form that `lines.py` describes.

Every entry's locator has source `log`, the path relative to the run's folder, and the 1-based line.
"""

from __future__ import annotations

import asyncio
import heapq
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.targets.quiet import until_quiet

FOLDER = "logs"
"""The folder of a run that holds one log file per service."""

SYSTEM = "system"
"""The stream of what the platform itself says about a service, beside `stdout` and `stderr`."""

_QUIET = 0.2
_MOST = 1.0
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (stdout|stderr|system) (.*)", re.DOTALL)


def log_path(run_folder: Path, service: str) -> Path:
    """Where the service's output is kept."""
    return run_folder / FOLDER / f"{service}.log"


def parse_line(line: str, *, service: str, number: int, labels: Mapping[str, str] | None = None) -> LogEntry:
    """One line of a log file; a line that has not the form (a file cut by a full disk) is kept without a time."""
    locator = Locator(source="log", path=f"{FOLDER}/{service}.log", line=number)
    match = _LINE.fullmatch(line)
    return LogEntry(
        message=match.group(3) if match else line,
        locator=locator,
        time=datetime.fromisoformat(match.group(1)) if match else None,
        time_doubt=None if match else "the line carries no time",
        service=service,
        stream=match.group(2) if match else "",
        sequence=number,
        system=match is not None and match.group(2) == SYSTEM,
        labels=labels or {},
    )


def entries(run_folder: Path, service: str, labels: Mapping[str, str] | None = None) -> Iterator[LogEntry]:
    """Everything that the service wrote, in order; nothing where it never started."""
    for number, line in _lines(run_folder, service):
        yield parse_line(line, service=service, number=number, labels=labels)


def last_lines(run_folder: Path, service: str, n: int = 20) -> tuple[LogEntry, ...]:
    """The last `n` lines that the service wrote, oldest first."""
    newest = deque(_lines(run_folder, service), maxlen=n)
    return tuple(parse_line(line, service=service, number=number) for number, line in newest)


async def until_written(run_folder: Path) -> None:
    """Wait until the services' output no longer grows: what they wrote last has then come through its pipe."""
    before = _sizes(run_folder)

    async def news() -> bool:
        nonlocal before
        seen, before = before, await asyncio.to_thread(_sizes, run_folder)
        return before != seen

    await until_quiet(news, quiet=_QUIET, most=_MOST, pause=_QUIET / 4)


def _sizes(run_folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (run_folder / FOLDER).glob("*.log")}


def merged(logs: Iterable[Iterable[LogEntry]]) -> Iterator[LogEntry]:
    """Several services' entries by time; the order within one service stays, whatever its times say."""
    return heapq.merge(*logs, key=_time)


def _time(entry: LogEntry) -> float:
    return entry.time.timestamp() if entry.time else 0.0


def _lines(run_folder: Path, service: str) -> Iterator[tuple[int, str]]:
    try:
        file = log_path(run_folder, service).open(encoding="utf-8", errors="replace", newline="\n")
    except FileNotFoundError:
        return
    with file:
        for number, line in enumerate(file, start=1):
            yield number, line.removesuffix("\n")
