"""
Runs git, and nothing else of a repository: the one module that starts the git program.

Nothing that a repository's own configuration names is executed (hooks, pagers, textconv, external diffs, fsmonitor,
signature programs), nothing is fetched (missing objects of a partial clone stay missing), nothing is written.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from shakeout.errors import DependencyMissingError

TIMEOUT = 60.0
"""Seconds that one git command may take."""

_SAFE = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.pager=cat",
    "-c", "core.quotePath=false",
    "-c", "core.attributesFile=/dev/null",
    "-c", "log.showSignature=false",
    "-c", "blame.ignoreRevsFile=",
    "-c", "protocol.allow=never",
    "-c", "safe.directory=*",
    "-c", "diff.external=",
    "-c", "diff.renames=true",
    "-c", "diff.renameLimit=2000",
    "-c", "core.commitGraph=true",
    "-c", "advice.detachedHead=false",
)  # fmt: skip


class GitError(Exception):
    """A git command that ended with an error or took too long; `detail` is what it wrote to standard error."""

    def __init__(self, arguments: Sequence[str], detail: str) -> None:
        super().__init__(f"git {' '.join(arguments[:3])}: {detail}")
        self.detail = detail


def environment() -> dict[str, str]:
    """The environment of every git command: no user or system configuration, no prompts, no fetching."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return kept | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


def command(folder: Path, arguments: Sequence[str]) -> list[str]:
    """The full command line for git in that folder (a work tree or a bare repository)."""
    return ["git", *_SAFE, "-C", str(folder), *arguments]


def run(folder: Path, *arguments: str, stdin: bytes | None = None, timeout: float = TIMEOUT) -> bytes:
    """
    Run git and return what it wrote to standard output.

    Raises GitError where git fails or takes longer than `timeout` seconds, DependencyMissingError without git.
    """
    try:
        done = subprocess.run(
            command(folder, arguments),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            check=False,
            env=environment(),
        )
    except FileNotFoundError as error:
        raise DependencyMissingError(
            "git is not installed", expected="a git program on PATH", seen="none", hint="apt-get install git"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise GitError(arguments, f"took longer than {timeout:g} s") from error
    if done.returncode:
        raise GitError(arguments, done.stderr.decode("utf-8", "replace").strip())
    return done.stdout


def text(folder: Path, *arguments: str, timeout: float = TIMEOUT) -> str:
    """As `run`, decoded; bytes that are not UTF-8 are replaced."""
    return run(folder, *arguments, timeout=timeout).decode("utf-8", "replace")
