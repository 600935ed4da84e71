"""One command of the repository's checks."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SWALLOWED = re.compile(r"\|\|\s*(?:true|:|exit 0|echo\b)|;\s*(?:true|exit 0)\s*$|^-\s*(?=\w)|^set \+e\b")
"""After these a failure is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command line that the repository's checks run; `via` names the task or hook it belongs to, if any."""

    text: str
    path: str
    line: int
    where: str
    """`ci`, `hook` or `task`."""
    via: str | None = None
    idle: str = ""
    """Why its failure stops nothing (`allow_failure`, a workflow that runs by hand only); empty where it stops."""
    folder: str = ""
    """The folder that it runs in, from the top of the repository."""
    only: tuple[str, ...] = ()
    """Globs of the files whose change makes it run; empty for all."""
    files: str = ""
    """A hook's expression for the files that it gets, and in `exclude` for those that it does not."""
    exclude: str = ""
    reusable: bool = False
    """Whether another workflow has to call it."""


def swallowed(text: str) -> str:
    """Why a command line never fails, empty where it may."""
    match = _SWALLOWED.search(text)
    return f"its failure is ignored (`{match[0].strip()}`)" if match else ""
