"""Files, directories and archives as a flat list of sources: bounded, and nothing outside of them is touched."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from shakeout.errors import InputError
from shakeout.logs.limits import MEBIBYTE, Limits, Notes
from shakeout.logs.sources import Source

_PASSED_OVER = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv"})


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Unpacker:
    """
    Opens inputs into sources. What is compressed is unpacked into numbered files of `folder`, never under its own name.
    """

    def __init__(self, folder: Path, limits: Limits, notes: Notes) -> None:
        self.folder = folder
        self.limits = limits
        self.notes = notes
        self._unpacked = 0
        self._files = 0
        self._numbers = 0

    def target(self) -> Path:
        """A new file of our own."""
        self._numbers += 1
        return self.folder / str(self._numbers)

    def path(self, path: Path, label: str | None = None) -> Iterator[Source]:
        """The sources of a file or a directory that the user names. Raises InputError where it cannot be read."""
        name = label or path.as_posix()
        try:
            if path.is_dir():
                yield from self._directory(path, name)
            elif path.is_file():
                yield from self._file(path, name, path.stat().st_size, 0)
            elif path.exists():
                with path.open("rb") as file:  # a pipe
                    yield from self.stream(file, name)
            else:
                raise InputError("there is no such file", where=name, expected="a log file, a directory or -")
        except OSError as error:
            raise InputError("the file cannot be read", where=name, seen=error.strerror or str(error)) from error

    def stream(self, file: BinaryIO, name: str, depth: int = 0) -> Iterator[Source]:
        """The sources of a stream that can be read once: it is kept on disk first."""
        target = self.target()
        size = self._copy(file, target, name, None)
        yield from self._file(target, name, size, depth)

    def _directory(self, root: Path, name: str) -> Iterator[Source]:
        inside = root.resolve()
        for path in sorted(self._walk(root)):
            label = f"{name.rstrip('/')}/{path.relative_to(root).as_posix()}"
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                self.notes.add("skipped", label, "a link that leads out of the directory")
                continue
            try:
                if path.is_file():
                    yield from self._file(path, label, path.stat().st_size, 0)
                else:
                    self.notes.add("skipped", label, "not a regular file")
            except OSError as error:
                self.notes.add("skipped", label, f"cannot be read: {error.strerror or error}")

    def _walk(self, root: Path) -> Iterator[Path]:
        pending = [root]
        count = 0
        while pending:
            folder = pending.pop()
            try:
                children = list(folder.iterdir())
            except OSError as error:
                self.notes.add("skipped", folder.as_posix(), f"cannot be read: {error.strerror or error}")
                continue
            for child in children:
                count += 1
                if count > 20 * self.limits.files:
                    self.notes.add(
                        "truncated", root.as_posix(), "the directory holds too many files; the rest is left out"
                    )
                    return
                if child.is_dir() and not child.is_symlink():
                    if child.name not in _PASSED_OVER:
                        pending.append(child)
                else:
                    yield child

    def _file(self, path: Path, name: str, size: int, depth: int) -> Iterator[Source]:
        """A file as sources: itself, or what it holds."""
        with path.open("rb") as file:
            head = file.read(512)
        kind = _kind(path, head)
        if kind is None:
            self._files += 1
            if self._files > self.limits.files:
                self.notes.add("skipped", name, f"more than {self.limits.files} files")
                return
            yield Source(path=name, file=path, size=size)
            return
        if depth >= self.limits.depth:
            self.notes.add("skipped", name, f"an archive within {self.limits.depth} others")
            return
        try:
            if kind == "zip":
                yield from self._zip(path, name, depth)
            elif kind == "tar":
                yield from self._tar(path, name, depth)
            else:
                yield from self._gzip(path, name, size, depth)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            self.notes.add("truncated", name, f"the archive is damaged: {error}")

    def _gzip(self, path: Path, name: str, size: int, depth: int) -> Iterator[Source]:
        target = self.target()
        with gzip.open(path, "rb") as file:
            length = self._copy(file, target, name, size)
        inner = name
        yield from self._file(target, inner, length, depth + 1)

    def _zip(self, path: Path, name: str, depth: int) -> Iterator[Source]:
        with zipfile.ZipFile(path) as archive:
            for count, info in enumerate(sorted(archive.infolist(), key=lambda info: info.filename)):
                if count >= self.limits.files:
                    self.notes.add("skipped", name, f"more than {self.limits.files} members")
                    return
                label = self._label(name, info.filename)
                if info.is_dir() or label is None:
                    continue
                if info.external_attr >> 28 == 0xA:
                    self.notes.add("skipped", label, "a link within an archive")
                    continue
                if info.flag_bits & 1:
                    self.notes.add("skipped", label, "encrypted")
                    continue
                target = self.target()
                with archive.open(info) as member:
                    length = self._copy(member, target, label, info.compress_size)
                yield from self._file(target, label, length, depth + 1)

    def _tar(self, path: Path, name: str, depth: int) -> Iterator[Source]:
        packed = path.stat().st_size
        with tarfile.open(path, "r:*") as archive:
            for count, info in enumerate(archive):
                if count >= self.limits.files:
                    self.notes.add("skipped", name, f"more than {self.limits.files} members")
                    return
                label = self._label(name, info.name)
                if info.isdir() or label is None:
                    continue
                member = archive.extractfile(info) if info.isfile() else None
                if member is None:
                    self.notes.add("skipped", label, "a link or a device within an archive")
                    continue
                target = self.target()
                length = self._copy(member, target, label, packed)
                yield from self._file(target, label, length, depth + 1)

    def _label(self, archive: str, member: str) -> str | None:
        """`archive!member`; a member that would lie outside of the archive is left out, and said."""
        parts = PurePosixPath(member.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            self.notes.add("skipped", archive, f"a member whose name leads out of the archive: {member[:200]}")
            return None
        if _PASSED_OVER.intersection(parts.parts):
            return None
        return f"{archive}!{parts.as_posix()}"

    def _copy(self, file: _Readable, target: Path, name: str, packed: int | None) -> int:
        """Write a stream to `target` within the limits; returns how many bytes."""
        limits = self.limits
        length = 0
        with target.open("wb") as out:
            try:
                # `read1` gives what there is before a damaged place, where `read` would give nothing.
                read = getattr(file, "read1", file.read)
                while data := read(MEBIBYTE):
                    length += len(data)
                    self._unpacked += len(data)
                    out.write(data)
                    if packed is not None and length > limits.ratio_from and length > packed * limits.ratio:
                        self.notes.add("truncated", name, f"unpacks to more than {limits.ratio} times its size")
                        break
                    if length > limits.member or self._unpacked > limits.unpacked:
                        self.notes.add("truncated", name, "unpacks to more than is read; the rest is left out")
                        break
            except (zlib.error, EOFError, zipfile.BadZipFile, gzip.BadGzipFile, OSError) as error:
                self.notes.add("truncated", name, f"cannot be unpacked to its end: {error}")
        return length


def _kind(path: Path, head: bytes) -> str | None:
    """What an archive is, by content and never by name."""
    if head.startswith(b"\x1f\x8b"):
        return "tar" if _is_tar_gz(path) else "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    return None


def _is_tar_gz(path: Path) -> bool:
    try:
        with gzip.open(path, "rb") as file:
            return file.read(512)[257:262] == b"ustar"
    except (OSError, EOFError, zlib.error):
        return False
