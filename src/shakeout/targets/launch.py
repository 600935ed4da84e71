"""
Starting one command, and saying why it could not be started. Standard library only: the supervisor starts with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


class LaunchError(Exception):
    """
    The command did not start.

    `problem` is `working-folder-absent`, `command-absent`, `not-executable`, `interpreter-absent`, `not-a-program` or
    `other`; `message` is one sentence.
    """

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, also of one that left its session."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(
    command: Sequence[str], folder: str, environment: Mapping[str, str]
) -> tuple[int, IO[bytes], IO[bytes], subprocess.Popen[bytes]]:
    """
    Start the command in its own process group, with exactly this environment and nothing on standard input.

    Returns its pid, its output and error streams, and the Popen object, which the caller keeps until it has reaped the
    process. The kernel kills the process when the caller dies. Raises LaunchError.
    """
    try:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509 (the supervisor has one thread)
        )
    except (OSError, ValueError) as error:
        raise _explained(error, command, folder, environment) from error
    assert process.stdout is not None and process.stderr is not None
    return process.pid, process.stdout, process.stderr, process


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel kills this process when its parent ends, whatever ended that."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _explained(
    error: OSError | ValueError, command: Sequence[str], folder: str, environment: Mapping[str, str]
) -> LaunchError:
    if not Path(folder).is_dir():
        return LaunchError("working-folder-absent", f"the working folder {folder} does not exist")
    if isinstance(error, ValueError):
        return LaunchError("other", f"the command cannot be started: {error}")
    name = command[0]
    path = environment.get("PATH", os.defpath)
    found = _locate(name, folder, path)
    if isinstance(error, FileNotFoundError):
        if found is None:
            where = f"in {folder}" if "/" in name else f"on PATH ({path})"
            return LaunchError("command-absent", f"there is no command {name!r} {where}")
        interpreter = _interpreter(found)
        return LaunchError("interpreter-absent", f"{name} asks for the interpreter {interpreter}, which does not exist")
    if isinstance(error, PermissionError):
        return LaunchError("not-executable", f"{name} may not be executed: {error.strerror}")
    if error.errno == 8:  # ENOEXEC
        return LaunchError("not-a-program", f"{name} is neither a program nor a script with a #! line")
    return LaunchError("other", f"{name} cannot be started: {error.strerror or error}")


def _locate(name: str, folder: str, path: str) -> Path | None:
    if "/" in name:
        candidate = Path(folder, name)
        return candidate if candidate.exists() else None
    import shutil

    found = shutil.which(name, path=path)
    return Path(found) if found else None


def _interpreter(program: Path) -> str:
    try:
        with program.open("rb") as file:
            first = file.readline(256)
    except OSError:
        return "that it names"
    if first.startswith(b"#!"):
        return first[2:].split()[0].decode("utf-8", "replace") if first[2:].split() else "of its empty #! line"
    return "of its ELF header"
