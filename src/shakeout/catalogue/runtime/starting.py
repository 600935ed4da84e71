"""Programs that the platform may not start."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import evidence_of
from shakeout.catalogue.process.claims import NotExecutable, ProcessEnded
from shakeout.catalogue.runtime.family import runtime
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy

_REFUSED = (
    re.compile(r"\bexec: \\?\"(?P<path>[^\"\\\n]{1,300})\\?\": permission denied\b", re.I),
    re.compile(r"\bFailed (?:at step EXEC spawning|to execute) (?P<path>/\S{1,300}): Permission denied\b", re.I),
    re.compile(r"\bexec (?P<path>/\S{1,300}): permission denied\b", re.I),
    re.compile(r"\b(?:ba|da|a)?sh: (?:\d{1,5}: |line \d{1,5}: )?(?P<path>[\w./-]{1,300}): Permission denied\b", re.I),
)


@runtime.rule
def start_not_permitted(error: ErrorLogged | ProcessEnded, paths: SourcePaths, log: ErrorLog) -> Iterator[Because]:
    """
    The script that starts the service may not be executed.

    ## What you see
    `exec: "/srv/entrypoint.sh": permission denied` from a container engine, `Failed at step EXEC spawning …: Permission
    denied` from systemd, and a service that never starts.

    ## Why it happens
    A script was committed without the executable bit, and is copied with the mode that it has.

    ## How we know
    The platform names the program, its path leads to exactly one file of the repository, and git's own mode of that
    file at the deployed commit is 100644, where a program has 100755.

    ## What to change
    `git update-index --chmod=+x`, or start the script by its interpreter.
    """
    told = log.of("service", error.service) if isinstance(error, ProcessEnded) else (log.get(error.key),)
    seen = [(item, found) for item in told for one in _REFUSED if item and (found := one.search(item.text[:4000]))]
    occurrence, match = seen[0] if seen else (None, None)
    path = paths.find(match["path"]) if match is not None else None
    repository = paths.repository
    mode = repository.modes.get(path) if path is not None else None
    if occurrence is None or path is None or mode != "100644":
        return
    at = Locator(source="file", path=path, line=1, commit=repository.commit)
    first = repository.quote(path, 1, note=f"git's mode of this file is {mode}")
    patch = f"diff --git a/{path} b/{path}\nold mode {mode}\nnew mode 100755\n"
    yield Because(
        NotExecutable(error.service or "the service", at),
        [*evidence_of(occurrence)[:1], *([first] if first is not None else [])],
        fix=Remedy("patch", f"give {path} the executable bit", patch=patch),
    )
