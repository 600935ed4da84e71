"""One file to read, wherever it came from: its name as given, and a way to open it as often as needed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shakeout.logs.limits import MEBIBYTE, Limits, Notes


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """`path` is the file as the user names it (`archive.zip!inner/path` within an archive); `file` is where it lies."""

    path: str
    file: Path
    size: int

    def open(self) -> BinaryIO:
        return self.file.open("rb")


_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding(head: bytes) -> str | None:
    """The encoding that a file's beginning gives away, where it is not UTF-8; None where nothing needs converting."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    sample = head[:4096]
    if len(sample) >= 64 and sample.count(0) > len(sample) // 3:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if odd > 9 * even + 8:
            return "utf-16-le"
        if even > 9 * odd + 8:
            return "utf-16-be"
    return None


_TEXT = bytes(code for code in range(256) if code >= 32 or code in b"\t\n\r\x0c\x1b\x08")


def binary(head: bytes) -> bool:
    """Whether a file's beginning is no text in any encoding that logs have."""
    sample = head[:8192]
    if not sample:
        return False
    strange = len(sample.translate(None, _TEXT))
    if strange > len(sample) // 10:
        return True
    if sample.count(0) == 0:
        return False
    return sample.startswith((b"\x7fELF", b"SQLite format", b"PK\x03\x04", b"\x89PNG"))


def converted(source: Source, name: str, target: Path) -> Source:
    """The source as UTF-8, in `target`."""
    with source.open() as file, target.open("wb") as out:
        decoder = codecs.getincrementaldecoder(name)(errors="replace")
        while data := file.read(MEBIBYTE):
            out.write(decoder.decode(data).encode("utf-8", "replace"))
        out.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
    return Source(path=source.path, file=target, size=target.stat().st_size)


_RECORD_START = re.compile(rb'\s{0,64}(?:\{|\[\s{0,64}[{"])')


def lines(file: BinaryIO, limits: Limits, notes: Notes, path: str) -> Iterator[tuple[int, int, bytes]]:
    """
    (1-based number, offset, content without its end) of every line, in bounded memory.

    A text line longer than `limits.line` is cut, one that begins like JSON at `limits.record`.
    """
    number, offset = 1, 0
    rest = b""
    while True:
        data = file.read(MEBIBYTE)
        if not data:
            break
        parts = (rest + data).split(b"\n")
        rest = parts.pop()
        for part in parts:
            yield number, offset, _cut(part, limits, notes, path)
            number += 1
            offset += len(part) + 1
        if len(rest) > limits.line and not (len(rest) <= limits.record and _RECORD_START.match(rest)):
            skipped = len(rest)
            notes.add("truncated", path, f"line {number} is longer than {limits.line} bytes; its rest is left out")
            yield number, offset, rest[: limits.line]
            rest, length = _next_line(file)
            offset += skipped + length
            number += 1
    if rest:
        yield number, offset, _cut(rest, limits, notes, path)


def lines_backwards(file: BinaryIO, limits: Limits, notes: Notes, path: str) -> Iterator[tuple[int, int, bytes]]:
    """The same as `lines`, the last line first."""
    number = 0
    while data := file.read(MEBIBYTE):
        number += data.count(b"\n")
    position = file.tell()
    rest = b""
    while position > 0:
        size = min(MEBIBYTE, position)
        position -= size
        file.seek(position)
        parts = (file.read(size) + rest).split(b"\n")
        rest = parts[0]
        end = position + sum(map(len, parts)) + len(parts) - 1
        for part in reversed(parts[1:]):
            end -= len(part) + 1
            yield number + 1, end + 1, _cut(part, limits, notes, path)
            number -= 1
        if len(rest) > limits.record:
            notes.add("skipped", path, f"a line longer than {limits.record} bytes")
            rest = b""
    if rest:
        yield 1, 0, _cut(rest, limits, notes, path)


def _cut(line: bytes, limits: Limits, notes: Notes, path: str) -> bytes:
    if len(line) > limits.line and not (len(line) <= limits.record and _RECORD_START.match(line)):
        notes.add("truncated", path, f"a line is longer than {limits.line} bytes; its rest is left out")
        return line[: limits.line]
    return line[:-1] if line.endswith(b"\r") else line


def _next_line(file: BinaryIO) -> tuple[bytes, int]:
    """Skip to the next line: what was read of it, and how many bytes were skipped up to and with the line end."""
    skipped = 0
    while data := file.read(MEBIBYTE):
        found = data.find(b"\n")
        if found >= 0:
            return data[found + 1 :], skipped + found + 1
        skipped += len(data)
    return b"", skipped


def text(line: bytes) -> str:
    """A line as text. What is not UTF-8 is replaced by U+FFFD, as it is when a quote is looked up again."""
    return line.decode("utf-8", "replace")
