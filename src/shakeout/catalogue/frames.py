"""The application's own frame of an exception: the innermost line of the repository, not a library's."""

from __future__ import annotations

from shakeout.catalogue.exceptions import ExceptionRaised, first_cause
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.logs.errorlog import ErrorLog


def own_frame(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Locator | None:
    """
    Where the application's code was when the exception was raised; None where no frame is its own.

    A library that raises another exception in the place of its own shows only its own calls with the first one: then it
    is the application's frame of what it raised instead.
    """
    occurrence = log.get(raised.key) if log is not None else None
    if occurrence is None or occurrence.traceback is None:
        return _innermost([(raised.path or "", raised.line, "")], paths)
    first = first_cause(occurrence.traceback)
    exceptions = occurrence.traceback.exceptions
    for one in (first, *exceptions[exceptions.index(first) + 1 :]):
        found = _innermost([(frame.path, frame.line, frame.code) for frame in one.frames], paths)
        if found is not None or one.relation not in {"", "direct cause", "context"}:
            return found
    return None


def _innermost(frames: list[tuple[str, int | None, str]], paths: SourcePaths) -> Locator | None:
    for path, line, code in reversed(frames):
        found = paths.find(path, line, code) if path and line is not None else None
        if found is not None:
            return Locator(source="file", path=found, line=line, commit=paths.repository.commit)
    return None


def quoted(paths: SourcePaths, at: Locator | None, note: str = "") -> tuple[Evidence, ...]:
    """The line at a locator, where there is such a line."""
    if at is None or at.line is None:
        return ()
    found = paths.repository.quote(at.path, at.line, note=note)
    return (found,) if found is not None else ()


def logged(raised: ExceptionRaised, log: ErrorLog | None) -> tuple[Evidence, ...]:
    """The exception as it stands in the log."""
    occurrence = log.get(raised.key) if log is not None else None
    return occurrence.evidence[:1] if occurrence is not None else ()


def owner(raised: ExceptionRaised, log: ErrorLog | None) -> str | None:
    """The service (or check) that logged it, where the log says so."""
    occurrence = log.get(raised.key) if log is not None else None
    return occurrence.owner if occurrence is not None else None
