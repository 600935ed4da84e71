"""Evidence that the user hands in: log entries as a stream, platform state as documents, and notes on the reading."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from shakeout.errors import InputError
from shakeout.evidence.model import Locator
from shakeout.logs.archives import Unpacker
from shakeout.logs.contents import Contents
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import Pass, PlatformDocument
from shakeout.logs.limits import Limits, Note, Notes
from shakeout.logs.lookup import look_up
from shakeout.logs.sources import Source, binary, converted, encoding

__all__ = ["EvidenceInput", "Limits", "Note", "PlatformDocument", "read_evidence"]

_DEFAULTS = Limits()


class EvidenceInput:
    """
    What was handed in. Nothing is held in memory: every call of `entries` reads the files again.

    Close it, or use it in a `with` statement, to remove what was unpacked.
    """

    def __init__(self, sources: Sequence[Source], limits: Limits, notes: Notes, folder: object = None) -> None:
        self._sources = tuple(sources)
        self._limits = limits
        self._opening = notes
        self._reading = Notes()
        self._folder = folder
        self._documents: tuple[PlatformDocument, ...] | None = None
        self._marks: dict[str, dict[int, int]] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that are read, as locators name them."""
        return tuple(source.path for source in self._sources)

    @property
    def documents(self) -> tuple[PlatformDocument, ...]:
        """Platform state, in the order of the files."""
        if self._documents is None:
            reading = Pass(Notes())
            self._documents = tuple(
                document for source in self._sources for document in Contents(source, self._limits, reading).documents()
            )
        return self._documents

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was skipped, cut, dropped or doubted so far; complete after `entries` or `suspects`."""
        return (*self._opening.all(), *self._reading.all())

    def entries(self) -> Iterator[LogEntry]:
        """Every entry, one file after the other, each stream in time order."""
        return self._read(None)

    def suspects(self, threshold: Severity = Severity.ERROR) -> Iterator[LogEntry]:
        """
        The entries from which `errors` makes the same errors as from all entries, several times as fast.

        Left out are entries whose severity lies below `threshold` or whose text cannot be part of an error.
        """
        return self._read(threshold)

    def _read(self, threshold: Severity | None) -> Iterator[LogEntry]:
        self._reading = Notes()
        reading = Pass(self._reading, threshold, self._marks)
        for source in self._sources:
            with _uncollected():
                yield from Contents(source, self._limits, reading).entries()

    def resolve(self, locator: Locator) -> str:
        """
        The decoded text at a locator of this input: what a quote is found in.

        Raises InputError where the locator names no file of this input.
        """
        for source in self._sources:
            if source.path == locator.path:
                return look_up(source, locator, self._limits, self._mark(locator))
        raise InputError("the locator names no file of this input", seen=str(locator))

    def _mark(self, locator: Locator) -> tuple[int, int]:
        """The nearest line at or before the locator's of which the reading told where it begins, and that place."""
        marks = self._marks.get(locator.path, {})
        line = max((known for known in marks if known <= (locator.line or 1)), default=1)
        return line, marks.get(line, 0)

    def close(self) -> None:
        """Remove what was unpacked."""
        if isinstance(self._folder, tempfile.TemporaryDirectory):
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Decoding makes millions of objects without cycles: looking for cycles among them takes half of the time."""
    enabled = gc.isenabled()
    threshold = gc.get_threshold()
    if enabled:
        gc.set_threshold(200_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)


def read_evidence(
    paths: Sequence[Path | Literal["-"]], *, stdin: BinaryIO | None = None, limits: Limits = _DEFAULTS
) -> EvidenceInput:
    """
    Open logs and platform state: files, directories, archives (.gz, .zip, .tar.gz), `-` for standard input.

    Formats are recognised from content. Raises InputError where a path cannot be read or all inputs are empty; what
    is damaged or beyond a limit within an input is left out and noted.
    """
    if not paths:
        raise InputError("no input was named", expected="log files, directories, archives or -")
    notes = Notes()
    folder = tempfile.TemporaryDirectory(prefix="shakeout-", ignore_cleanup_errors=True)
    try:
        unpacker = Unpacker(Path(folder.name), limits, notes)
        sources: list[Source] = []
        for path in paths:
            if path == "-":
                if stdin is None:
                    raise InputError("standard input was named, but is not there", where="-")
                sources.extend(unpacker.stream(stdin, "-"))
            else:
                sources.extend(unpacker.path(Path(path)))
        sources = list(_readable(sources, unpacker, notes))
        if not sources:
            seen = "; ".join(str(note) for note in notes.all()[:5]) or "nothing"
            names = ", ".join(str(path) for path in paths[:5])
            raise InputError(
                "there is nothing to read", where=names, expected="logs or platform state as text or JSON", seen=seen
            )
    except BaseException:
        folder.cleanup()
        raise
    return EvidenceInput(sources, limits, notes, folder)


def _readable(sources: Sequence[Source], unpacker: Unpacker, notes: Notes) -> Iterator[Source]:
    """The sources that hold text, each content once, in UTF-8."""
    sizes: dict[int, list[Source]] = {}
    names: set[str] = set()
    for source in sources:
        if source.size == 0:
            notes.add("skipped", source.path, "empty")
            continue
        if source.path in names:
            continue
        names.add(source.path)
        with source.open() as file:
            head = file.read(1 << 16)
        name = encoding(head)
        if name is None and binary(head):
            notes.add("skipped", source.path, "binary, not a log")
            continue
        if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf") and source.size <= len(head):
            notes.add("skipped", source.path, "empty")
            continue
        twin = next((other for other in sizes.get(source.size, ()) if _same(source, other)), None)
        if twin is not None:
            notes.add("duplicate", source.path, f"the same content as {twin.path}; read once")
            continue
        sizes.setdefault(source.size, []).append(source)
        yield converted(source, name, unpacker.target()) if name else source


def _same(one: Source, other: Source) -> bool:
    with one.open() as first, other.open() as second:
        while data := first.read(1 << 20):
            if data != second.read(1 << 20):
                return False
    return True
