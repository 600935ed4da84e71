"""
A queue on disk that survives `kill -9`, a full disk and a torn write.

Records lie in segment files, each named for the number of its first record. One record is

    4 bytes magic · 8 bytes number · 4 bytes length · 4 bytes CRC-32 of number and payload · payload

all big-endian. `append` returns only when the data is on disk. Numbers grow by one and never repeat; a new spool starts
at the time in milliseconds, so that they grow even when the disk was lost. `acknowledged` holds the number up to which
records are delivered; segments below it are deleted.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from shakeout.history.errors import SpoolError

MAGIC = b"\xf5SPL"
HEADER = struct.Struct(">4sQII")
SUFFIX = ".spool"
LARGEST_RECORD = 64 * 2**20

_log = logging.getLogger(__name__)


class Spool:
    """
    Opens `folder` (made when missing) for one process; another one gets `SpoolError`.

    Safe to share between threads. Every method may block on the disk: call them off the event loop.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = 4 * 2**20) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._cursor: tuple[int, Path, int] | None = None
        self._ends: dict[Path, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._owner: int | None = _owned(folder)
            self._segments = sorted(folder.glob(f"*{SUFFIX}"))
            self._acknowledged = self._read_acknowledged()
            self._next, self._pending = self._recover()
        except OSError as error:
            raise SpoolError(f"the spool {folder} cannot be opened: {error}") from error

    @property
    def acknowledged(self) -> int:
        """The number up to which every record is delivered."""
        return self._acknowledged

    @property
    def last(self) -> int:
        """The number of the newest record, delivered or not."""
        return self._next - 1

    @property
    def pending(self) -> int:
        """How many records are not delivered yet."""
        return self._pending

    def append(self, payloads: Sequence[bytes]) -> list[int]:
        """Write records, all or none, and return their numbers once they are on disk. Raises `SpoolError`."""
        with self._lock:
            first = self._next
            data = b"".join(_encoded(first + place, payload) for place, payload in enumerate(payloads))
            try:
                self._write(first, data)
            except OSError as error:
                self._next += len(payloads)  # never used again: remains of the failed write may be found at a restart
                raise SpoolError(f"the spool {self.folder} cannot be written: {error}") from error
            self._next += len(payloads)
            self._pending += len(payloads)
            return list(range(first, self._next))

    def read(self, *, limit: int = 500, limit_bytes: int = 4 * 2**20) -> list[tuple[int, bytes]]:
        """The oldest records that are not acknowledged, in order: up to `limit` of them and about `limit_bytes`."""
        with self._lock:
            if not self._pending:
                return []
            found: list[tuple[int, bytes]] = []
            size = 0
            after, start, skip = self._acknowledged, None, 0
            if self._cursor is not None and self._cursor[0] == after:
                _, start, skip = self._cursor
            for segment in self._segments[self._segments.index(start) if start in self._segments else 0 :]:
                data = segment.read_bytes()[: self._ends.get(segment)]
                offset = skip if segment == start else 0
                for number, payload, end in _records(data, offset):
                    if after < number < self._next:
                        found.append((number, payload))
                        size += len(payload)
                        self._cursor = (number, segment, end)
                    if len(found) >= limit or size >= limit_bytes:
                        return found
            return found

    def acknowledge(self, number: int, count: int) -> None:
        """Note that all records up to `number` are delivered, `count` more than before; their segments are deleted."""
        with self._lock:
            try:
                self._write_acknowledged(number)
                self._pending -= count
                keep: list[Path] = []
                for place, segment in enumerate(self._segments):
                    last = self._first(place + 1) - 1
                    open_still = place + 1 == len(self._segments) and not self._rotate_when_done(number)
                    if last > number or open_still:
                        keep.append(segment)
                    else:
                        segment.unlink(missing_ok=True)
                self._segments = keep
            except OSError as error:
                raise SpoolError(f"the spool {self.folder} cannot be written: {error}") from error

    def set_aside(self, number: int, payload: bytes) -> Path:
        """Keep a record that can never be delivered in a file of its own, `refused/<number>.json`; its path."""
        path = self.folder / "refused" / f"{number}.json"
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(payload)
        except OSError as error:
            raise SpoolError(f"the spool {self.folder} cannot be written: {error}") from error
        return path

    def close(self) -> None:
        """Close the files and let another process have the folder."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
            if self._owner is not None:
                os.close(self._owner)
                self._owner = None

    def _first(self, place: int) -> int:
        return int(self._segments[place].stem) if place < len(self._segments) else self._next

    def _rotate_when_done(self, number: int) -> bool:
        if self._file is None or number < self._next - 1 or self._file.tell() < self._segment_bytes // 4:
            return self._file is None
        self._file.close()
        self._file = None
        return True

    def _write(self, first: int, data: bytes) -> None:
        if self._file is not None and self._file.tell() + len(data) > self._segment_bytes and self._file.tell():
            self._file.close()
            self._file = None
        if self._file is None:
            path = self.folder / f"{first:020d}{SUFFIX}"
            self._file = path.open("wb", buffering=0)
            _sync_folder(self.folder)
            if path not in self._segments:
                self._segments.append(path)
        offset = self._file.tell()
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._abandon(offset)
            raise

    def _abandon(self, offset: int) -> None:
        """Take a failed write back; the next one goes to a new file, because this one's state is not known."""
        assert self._file is not None
        file, self._file = self._file, None
        self._ends[self._segments[-1]] = offset
        try:
            file.truncate(offset)
            os.fsync(file.fileno())
        except OSError as error:
            _log.error("spool %s: a failed write could not be taken back: %s", self.folder, error)
        finally:
            file.close()

    def _recover(self) -> tuple[int, int]:
        highest, pending = self._acknowledged, 0
        for place, segment in enumerate(self._segments):
            data = segment.read_bytes()
            good = damaged = 0
            for number, payload, end in _records(data, 0):
                damaged += end - len(payload) - HEADER.size - good
                good = end
                if number > highest:
                    highest, pending = number, pending + 1
            if damaged:
                _log.error("spool %s: %d bytes of %s are damaged and skipped", self.folder, damaged, segment.name)
            if good < len(data):
                what = "a write that was cut off" if place + 1 == len(self._segments) else "damaged"
                _log.warning(
                    "spool %s: the last %d bytes of %s are not a whole record: %s",
                    self.folder,
                    len(data) - good,
                    segment.name,
                    what,
                )
        start = highest + 1 if highest else int(time.time() * 1000)
        if not highest:
            self._acknowledged = start - 1
        return start, pending

    def _read_acknowledged(self) -> int:
        path = self.folder / "acknowledged"
        text = path.read_text() if path.exists() else ""
        return int(text) if text.strip().isdigit() else 0

    def _write_acknowledged(self, number: int) -> None:
        temporary = self.folder / "acknowledged.new"
        with temporary.open("w") as file:
            file.write(f"{number}\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / "acknowledged")
        _sync_folder(self.folder)
        self._acknowledged = number


def _encoded(number: int, payload: bytes) -> bytes:
    if len(payload) > LARGEST_RECORD:
        raise SpoolError(f"a record of {len(payload)} bytes is over the limit of {LARGEST_RECORD}")
    return HEADER.pack(MAGIC, number, len(payload), _checksum(number, payload)) + payload


def _checksum(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(number.to_bytes(8, "big")))


def _records(data: bytes, offset: int) -> Iterator[tuple[int, bytes, int]]:
    """Number, payload and end of every whole record from `offset` on; damaged bytes between records are skipped."""
    while (offset := data.find(MAGIC, offset)) >= 0:
        if offset + HEADER.size > len(data):
            return
        _, number, length, checksum = HEADER.unpack_from(data, offset)
        start = offset + HEADER.size
        payload = data[start : start + length]
        if length <= LARGEST_RECORD and len(payload) == length and _checksum(number, payload) == checksum:
            offset = start + length
            yield number, payload, offset
        else:
            offset += 1


def _owned(folder: Path) -> int:
    owner = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(owner)
        raise SpoolError(f"the spool {folder} is in use by another process") from error
    return owner


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
