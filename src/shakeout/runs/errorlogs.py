"""Turns logged errors into occurrences with evidence, as rules read them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from shakeout.evidence.model import QUOTE_LIMIT, Evidence, Locator
from shakeout.evidence.redaction import redact
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.errorlog import Occurrence, Origin
from shakeout.logs.errors import LoggedError, detail, errors
from shakeout.logs.inner import interpret
from shakeout.logs.interpreter import told
from shakeout.logs.suspects import suspect
from shakeout.logs.tracebacks.model import Traceback
from shakeout.manifest.plan import Plan
from shakeout.targets.script.fetching import Fetched

Resolve = Callable[[Locator], str]
"""Gives the decoded text at a locator."""

RESOLVED = 200
"""How many tracebacks that span several entries are looked up again for their best line."""


def occurrences(
    found: Iterable[LoggedError],
    resolve: Resolve | None = None,
    *,
    origin: Origin = "service",
    owner: str | None = None,
) -> Iterator[Occurrence]:
    """Each logged error as an occurrence; `owner` is who wrote it where the entries do not say."""
    left = RESOLVED
    for error in found:
        looked_up = resolve if left > 0 and _elsewhere(error) else None
        left -= looked_up is not None
        yield _occurrence(error, looked_up, origin, owner)


def _elsewhere(error: LoggedError) -> bool:
    """Whether the entry that announces an error does not itself have the words of its first exception."""
    if error.traceback is None:
        return bool(detail(error.entry))
    return str(error.traceback.first).split("\n", 1)[0] not in (error.entry.quote or error.entry.message)


def of_entries(
    entries: Iterable[LogEntry], origin: Origin, owner: str, checkouts: Path | None = None
) -> Iterator[Occurrence]:
    """
    The occurrences in what one service or one check wrote; warnings are kept, marked as no error.

    `checkouts` is the temporary folder below which each commit's files were laid out: paths of traceback frames and of
    messages are given relative to those files, so that they do not depend on the machine.
    """
    kept = {entry.locator: entry for entry in entries}
    found = occurrences(
        errors((understood(entry) for entry in kept.values()), threshold=Severity.WARNING),
        lambda at: kept[at].message if at in kept else "",
        origin=origin,
        owner=owner,
    )
    for occurrence in found:
        if occurrence.traceback is None or checkouts is None:
            yield occurrence
        else:
            yield replace(occurrence, traceback=_relative(occurrence.traceback, checkouts))


def of_fetched(run_folder: Path, plan: Plan) -> tuple[Occurrence, ...]:
    """The occurrences in the logs that the manifest's own commands fetched; warnings are kept, marked as no error."""
    with Fetched(run_folder, plan) as fetched:
        logged = list(errors(fetched.entries(Severity.WARNING), threshold=Severity.WARNING))
        return tuple(occurrences(logged, fetched.resolve, origin="service"))


def understood(entry: LogEntry) -> LogEntry:
    """
    A line of output with what its own logger says in it: the severity, and the message without its head.

    A line that cannot be an error, or part of one, is left as it is.
    """
    if entry.severity is not Severity.DEFAULT or not suspect(entry.message):
        return entry
    inner = interpret(entry.message)
    return replace(
        entry,
        message=inner.message,
        severity=inner.severity or Severity.DEFAULT,
        unsure=inner.severity is None,
        headed=inner.headed,
        fields=inner.fields or entry.fields,
        quote=entry.quote or entry.message,
    )


def _relative(traceback: Traceback, checkouts: Path) -> Traceback:
    below = re.compile(rf"(?:file://)?{re.escape(str(checkouts))}/[^/\s'\"]+/")

    def path_of(text: str) -> str:
        return below.sub("", text)

    raised = tuple(
        replace(
            item,
            message=path_of(item.message),
            frames=tuple(replace(frame, path=path_of(frame.path)) for frame in item.frames),
        )
        for item in traceback.exceptions
    )
    return replace(traceback, exceptions=raised)


def check_output(run_folder: Path, check: str) -> Iterator[LogEntry]:
    """What a check's script wrote (`checks/NAME.log` in the run's folder), line by line."""
    place = run_folder / "checks" / f"{check}.log"
    if not place.is_file():
        return
    with place.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, row in enumerate(file, 1):
            yield LogEntry(
                message=row.rstrip("\n"),
                locator=Locator(source="log", path=f"checks/{check}.log", line=number),
                stream="output",
                sequence=number,
                unsure=True,
            )


def _occurrence(error: LoggedError, resolve: Resolve | None, origin: Origin, owner: str | None) -> Occurrence:
    service = error.service or owner
    text = redact(error.text)
    seed = f"{origin}\0{service}\0{error.type}\0{text}\0{error.entry.locator}"
    return Occurrence(
        key=hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:16],
        origin=origin,
        owner=service,
        type=error.type or None,
        text=text,
        evidence=tuple(_evidence(error, resolve)),
        traceback=_clean(error.traceback),
        count=error.count,
        error=error.severity >= Severity.ERROR or (error.entry.unsure and told(text) is not None),
        worded=not error.certain,
        system=error.entry.system,
        first=error.first,
        last=error.last,
    )


def _clean(traceback: Traceback | None) -> Traceback | None:
    """The traceback without secrets in its messages."""
    if traceback is None:
        return None
    raised = tuple(replace(item, message=redact(item.message)) for item in traceback.exceptions)
    return replace(traceback, exceptions=raised)


def _evidence(error: LoggedError, resolve: Resolve | None) -> Iterator[Evidence]:
    seen = f"seen {error.count} times" if error.count > 1 else ""
    traceback = error.traceback
    if traceback is not None and resolve is not None:
        # The line that names the first exception says more than the one that announces the traceback.
        wanted = str(traceback.first).split("\n", 1)[0]
        for at in traceback.locators:
            line = _line_with(resolve(at), wanted, traceback.first.message.split("\n", 1)[0])
            if line:
                yield Evidence(kind="log", locator=at, quote=line[:QUOTE_LIMIT], note=seen)
                break
    own = error.entry.quote or error.entry.message
    beside = detail(error.entry) if traceback is None and resolve is not None else ""
    if beside and resolve is not None and beside not in own and beside in resolve(error.entry.locator):
        yield Evidence(kind="log", locator=error.entry.locator, quote=beside[:QUOTE_LIMIT], note=seen)
    yield Evidence(kind="log", locator=error.entry.locator, quote=_telling(own, error), note=seen)


def _line_with(text: str, wanted: str, message: str) -> str:
    """The exception as a text has it; Node.js puts a code between its type and its message: then their whole line."""
    if wanted and wanted in text:
        return wanted
    if len(message) < 8:
        return ""
    return next((row.strip() for row in text.split("\n") if row.rstrip().endswith(message)), "")


def _telling(text: str, error: LoggedError) -> str:
    """The part of an entry's text that names the error: verbatim, bounded."""
    if len(text) <= 400 and error.traceback is None:
        return text
    wanted = []
    if error.traceback is not None:
        wanted.append(str(error.traceback.first).split("\n", 1)[0])
        wanted.append(error.traceback.first.message.split("\n", 1)[0])
    wanted += [error.type, error.text.split("\n", 1)[0][:100]]
    for part in wanted:
        place = text.find(part) if part else -1
        if place >= 0:
            start = text.rfind("\n", 0, place) + 1
            end = text.find("\n", place)
            return text[start : end if end >= 0 else len(text)][:QUOTE_LIMIT]
    return text[:400]
