"""The family, and the small questions that its rules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shakeout.catalogue.symptoms import DEPLOYMENT
from shakeout.evidence.declarations import Declarations, Declared
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import unified, with_line
from shakeout.logs.errorlog import ErrorLog, Occurrence, Origin
from shakeout.why import Family, GuardSpec, Remedy

process = Family(
    "process",
    "A service's process does not start, ends, or is not where it is expected",
    guard=GuardSpec(
        name="start of every service before release",
        kind="command",
        arguments=(
            r"\bshakeout\s+(?:up|verify|demo)\b",
            r"\bdocker[ -]compose\b.*\bup\b",
            r"\bdocker\s+run\b",
            r"\bcurl\b.*/(?:health|ready|live|status)",
        ),
        missing="nothing in the repository's checks starts the services as they are deployed",
        add="shakeout up  # in CI: starts every service from the commit and asks its health",
    ),
)


def own(log: ErrorLog, service: str) -> list[Occurrence]:
    """What a service itself logged, or the deploy command wrote, the last first."""
    origin: Origin = "deployment" if service == DEPLOYMENT else "service"
    return [found for found in reversed(log.of(origin, service)) if not found.system]


def has_traceback(log: ErrorLog, service: str) -> bool:
    """Whether the service's log tells of an exception with its traceback: then the exception is the cause."""
    return any(found.traceback is not None for found in own(log, service))


def declared_at(declared: Declared | None, *names: str) -> Locator | None:
    """The line of the first of these settings that the manifest has, else of the service itself."""
    if declared is None:
        return None
    for name in names:
        setting = declared.settings.get(name)
        if setting is not None and setting.at is not None:
            return setting.at
    return declared.at


def quoted(declarations: Declarations, at: Locator | None, note: str = "") -> Iterator[Evidence]:
    """The manifest's line, where it has one."""
    found = declarations.quote(at, note)
    if found is not None:
        yield found


def manifest_patch(
    declarations: Declarations, at: Locator, old: str, new: str, summary: str, also: Mapping[str, str] | None = None
) -> Remedy | None:
    """
    A patch of the manifest that replaces a text on one line; None where the line does not have it just once.

    `also` are texts that are replaced on the same line, where it has them just once.
    """
    lines = declarations.lines
    row = lines[at.line - 1] if at.line is not None and at.line <= len(lines) else ""
    if row.count(old) != 1:
        return None
    changed = row.replace(old, new)
    for more, instead in (also or {}).items():
        changed = changed.replace(more, instead) if row.count(more) == 1 else changed
    text = "".join(f"{line}\n" for line in lines)
    patch = unified(at.path, text, with_line(text, at.line or 1, changed))
    return Remedy("manifest", summary, patch=patch)
