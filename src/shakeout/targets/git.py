"""Git as a subprocess, without surprises: no hooks, no user's configuration, no network, no prompt, a deadline."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from shakeout.errors import DependencyMissingError, DeploymentError

DEADLINE = 120.0
"""Seconds that one git command may take."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "safe.directory=*",
    "advice.detachedHead=false",
)


class GitError(DeploymentError):
    """A git command failed; `seen` is what it wrote on standard error."""


def git(
    repository: Path,
    *arguments: str,
    input: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user_configuration: bool = False,
) -> bytes:
    """
    Standard output of `git ARGUMENTS` in `repository` (or run in `folder`).

    Raises GitError where git fails or takes longer than DEADLINE, DependencyMissingError where there is no git.
    """
    settings: list[str] = []
    for setting in _SETTINGS:
        settings += ["-c", setting]
    command = ["git", "--no-pager", *settings, *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder or repository,
            env={**_environment(user_configuration), **(environment or {})},
            input=b"" if input is None else input,
            capture_output=True,
            timeout=DEADLINE,
            check=False,
        )
    except FileNotFoundError as error:
        if not (folder or repository).is_dir():
            raise GitError(f"the folder {folder or repository} does not exist") from error
        raise DependencyMissingError("git is not installed", hint="install git") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {arguments[0]} took longer than {DEADLINE:.0f} s in {repository}") from error
    if done.returncode != 0:
        raise GitError(
            f"git {_shown(arguments)} failed in {repository}",
            seen=done.stderr.decode("utf-8", "replace").strip()[:2000],
        )
    return done.stdout


def _environment(user_configuration: bool) -> dict[str, str]:
    values = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    if user_configuration:
        passed = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL")
        values |= {name: os.environ[name] for name in passed if name in os.environ}
    else:
        values |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1"}
    return values


def _shown(arguments: Sequence[str]) -> str:
    return next((argument for argument in arguments if not argument.startswith("-")), "")
