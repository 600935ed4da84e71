"""
What an earlier release by the team's own script left on this machine.

Services that a script started are deployed: a new release ends none of them, as little as the script itself would. Only
a script that a crash left running is ended. A release's temporary folder stays as long as something runs from it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from pathlib import Path

from shakeout.targets import state
from shakeout.targets.base import Progress
from shakeout.targets.processes import Process, all_stats, boot_id, ended, send, with_variable

_SECONDS = 15.0


def adopt(state_folder: Path, environment: str, progress: Progress) -> dict[str, str]:
    """
    Make ready for a new release of an environment whose lock the caller holds.

    Returns the temporary folders from which something still runs, each with its release; the others are removed.
    """
    earlier = state.load(state.path_of(state_folder, environment))
    if earlier is None:
        return {}
    if earlier.target != "command":
        state.clear(state_folder, environment, progress)
        return {}
    if earlier.boot == boot_id() and earlier.deploying:
        _end_script(earlier, progress)
    return sweep(earlier.folders if earlier.boot == boot_id() else {}, earlier.folders)


def sweep(folders: Mapping[str, str], every: Mapping[str, str] | None = None) -> dict[str, str]:
    """The folders from which something runs; the others of them, and of `every`, are removed."""
    used = {folder: release for folder, release in folders.items() if in_use(folder)}
    for folder, release in (every or folders).items():
        if folder not in used:
            state.remove_folder(folder, release)
    return used


def in_use(folder: str) -> list[int]:
    """The processes that were started with a release's own TMPDIR, or run within its folder."""
    found = {entry.pid for entry in with_variable("TMPDIR", f"{folder}/")}
    for entry in all_stats():
        try:
            place = Path(f"/proc/{entry.pid}/cwd").readlink()
        except OSError:
            continue
        if entry.state not in "ZX" and place.is_relative_to(folder):
            found.add(entry.pid)
    return sorted(found)


def _end_script(earlier: state.State, progress: Progress) -> None:
    """End the script of a run that crashed, with its session, as its runner would have."""
    for service in earlier.services.values():
        runner = service.supervisor
        if not ended(runner):
            progress(f"ending the deploy command that an earlier run left (process {runner.pid})")
            send(runner, signal.SIGTERM)
        until = time.monotonic() + _SECONDS
        while not ended(runner) and time.monotonic() < until:
            time.sleep(0.02)
        while (left := _session(runner, earlier.folder)) and time.monotonic() < until + 5:
            for process in left:
                send(process, signal.SIGKILL)
            time.sleep(0.02)


def _session(runner: Process, folder: str) -> list[Process]:
    """The living processes of a runner's session that were started with the release's own TMPDIR."""
    return [
        Process(entry.pid, entry.start)
        for entry in with_variable("TMPDIR", f"{folder}/")
        if entry.session == runner.pid and entry.start >= runner.start
    ]
