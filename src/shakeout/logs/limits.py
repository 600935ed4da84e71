"""How much of an input is read: every bound in one place, and the notes that say where one was hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MEBIBYTE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """
    Bounds of reading. Sizes are in bytes.

    `line` cuts a text line, `record` one JSON record, `document` a platform document (it is decoded as a whole).
    `member` and `unpacked` bound what one compressed file and all of them together may unpack to; past `ratio_from`
    bytes a file may be at most `ratio` times its packed size. `files` bounds files and archive members, `depth`
    archives within archives, `open_streams` the streams in which a traceback may be open at once.
    """

    line: int = MEBIBYTE
    record: int = 32 * MEBIBYTE
    document: int = 64 * MEBIBYTE
    member: int = 4096 * MEBIBYTE
    unpacked: int = 8192 * MEBIBYTE
    ratio: int = 250
    ratio_from: int = 64 * MEBIBYTE
    files: int = 20_000
    depth: int = 3
    open_streams: int = 2_000


NoteKind = Literal["skipped", "truncated", "duplicate", "doubt", "unrecognised"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One remark about the reading itself: what was skipped, cut, dropped or doubted, where, and how often."""

    kind: NoteKind
    path: str
    message: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" + (f" ({self.count} times)" if self.count > 1 else "")


class Notes:
    """Collects notes; equal ones are counted, and past a bound only counted."""

    def __init__(self, bound: int = 500) -> None:
        self._counts: dict[tuple[NoteKind, str, str], int] = {}
        self._bound = bound
        self._beyond = 0

    def add(self, kind: NoteKind, path: str, message: str, count: int = 1) -> None:
        key = (kind, path, message)
        if key in self._counts or len(self._counts) < self._bound:
            self._counts[key] = self._counts.get(key, 0) + count
        else:
            self._beyond += count

    def all(self) -> tuple[Note, ...]:
        notes = [
            Note(kind=kind, path=path, message=message, count=count)
            for (kind, path, message), count in self._counts.items()
        ]
        if self._beyond:
            notes.append(Note(kind="skipped", path="", message="further remarks not kept", count=self._beyond))
        return tuple(notes)
