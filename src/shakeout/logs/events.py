"""Entries as events: a traceback is one of them, by the exception that it came to, however many lines it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shakeout.logs.entry import LogEntry
from shakeout.logs.suspects import suspect
from shakeout.logs.tracebacks.assembly import LINES, Spoken, languages


@dataclass(slots=True)
class _Open:
    """A traceback that may go on with the next line; `before` is what its entry says above it."""

    language: Spoken
    entry: LogEntry
    before: str
    lines: list[str]

    def goes_on(self, entry: LogEntry) -> bool:
        return not entry.headed and self.language.goes_on(self.lines, entry.message.partition("\n")[0])

    def add(self, entry: LogEntry) -> None:
        self.lines.extend(entry.message.split("\n")[: LINES - len(self.lines)])

    def event(self) -> LogEntry:
        traceback = self.language.parse(self.lines)
        raised = str(traceback.last).partition("\n")[0] if traceback is not None else "\n".join(self.lines)
        return replace(self.entry, message=f"{self.before}\n{raised}" if self.before else raised)


def events(entries: Iterable[LogEntry]) -> Iterator[LogEntry]:
    """
    The entries, each traceback as one entry that says what was raised, without frames and carets.

    Streams may be interleaved. Memory is bounded by one traceback for each open stream.
    """
    open_: dict[tuple[str, str], _Open] = {}
    for entry in entries:
        key = (entry.locator.path, entry.stream)
        going = open_.get(key)
        if going is not None:
            if going.goes_on(entry):
                going.add(entry)
                continue
            yield open_.pop(key).event()
        begun = _begun(entry) if suspect(entry.message) else None
        if begun is not None:
            open_[key] = begun
        else:
            yield entry
    for left in open_.values():
        yield left.event()


def _begun(entry: LogEntry) -> _Open | None:
    lines = entry.message.split("\n")[:LINES]
    for number, line in enumerate(lines):
        language = next((one for one in languages() if one.begins(line)), None)
        if language is not None:
            return _Open(language, entry, "\n".join(lines[:number]).strip(), lines[number:])
    return None
