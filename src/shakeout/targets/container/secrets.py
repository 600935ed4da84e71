"""
How secrets reach a container without being seen: not on a command line, not in what the engine shows of a container.

A file that only this account may reach is mounted, and the image's shell reads it before it becomes the service. The
engines' own ways do not do: Docker has secrets only in a swarm, and Podman's `inspect` shows those that are variables.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shakeout.errors import DeploymentError

PLACE = "/run/shakeout/environment"
"""The file with the secrets in a container."""
SHELL = "/bin/sh"
NAME = "shakeout"
"""What the shell calls itself, where it has to say that it cannot start the service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What `create` needs so that a container gets its secrets."""

    mounts: tuple[tuple[Path, str, bool], ...] = ()
    entrypoint: str | None = None
    words: tuple[str, ...] = ()


def deliver(service: str, values: Mapping[str, str], folder: Path, words: tuple[str, ...]) -> Delivery:
    """
    Prepare the secrets of one service; `words` is its whole command, the entry point too, `folder` the release's own.

    Raises DeploymentError where the command is not known.
    """
    if not values:
        return Delivery()
    if not words:
        raise DeploymentError(
            "the secrets cannot be given to the container",
            expected="a command that a shell can start: the image's own, or 'run'",
            seen="none",
            service=service,
        )
    place = folder / "secrets" / f"{service}.sh"
    place.parent.mkdir(mode=0o700, exist_ok=True)
    # The release's folder is closed to others; in the container, whatever user it has must be able to read it.
    place.unlink(missing_ok=True)
    rows = (f"export {name}={shlex.quote(value)}\n" for name, value in values.items() if re.fullmatch(r"\w+", name))
    place.write_text("".join(rows), encoding="utf-8")
    place.chmod(0o444)
    script = f'. {PLACE} && exec "$@"'
    return Delivery(mounts=((place, PLACE, False),), entrypoint=SHELL, words=("-c", script, NAME, *words))
