"""Splits a long JSON array into regions of whole elements without ever holding the array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from shakeout.logs.limits import MEBIBYTE, Limits, Notes

CHUNK = 2 * MEBIBYTE
_TOKEN = re.compile(rb'[{}\[\]]|"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.S)
_LIST: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Region:
    """Whole elements, as they stand at byte `offset` and 1-based line `line` of the file."""

    data: bytes
    offset: int
    line: int


def spans(data: bytes, start: int = 0, most: int = 1 << 60) -> tuple[list[tuple[int, int]], int, int | None]:
    """
    The complete objects and arrays at the top of `data`, at most `most`, by a scan that needs no valid end.

    Returns their (start, end), where what follows them begins, and where the enclosing array closes (None: it does
    not). About 100 times slower than the decoder: for what the decoder refuses.
    """
    found: list[tuple[int, int]] = []
    depth, begin, after = 0, start, start
    for match in _TOKEN.finditer(data, start):
        token = data[match.start()]
        if token in b"{[":
            if depth == 0:
                begin = match.start()
            depth += 1
        elif token in b"}]":
            if depth == 0:
                return found, after, match.start()
            depth -= 1
            if depth == 0:
                after = match.end()
                found.append((begin, after))
                if len(found) >= most:
                    break
    return found, after, None


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """The elements of a region with their positions in it, broken ones left out."""
    try:
        raws = _LIST.decode(b"[" + data + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [(begin, data[begin:end]) for begin, end in spans(data)[0]]
    result = []
    position = 0
    for raw in raws:
        content = bytes(raw)
        position = data.find(content[:1], position)
        result.append((position, content))
        position += len(content)
    return result


def parted(data: bytes, between: bytes, count: int) -> list[tuple[int, bytes]] | None:
    """
    As `elements`, by what stands between two of them, where that holds a line end (no string does); ten times as fast.

    None where that does not give `count` elements.
    """
    cut = between.find(b"{", 1)
    if b"\n" not in between or cut < 0:
        return None
    head, tail = between[:1], between[cut:]
    pieces = data.split(between)
    if len(pieces) != count:
        return None
    result = []
    position = data.find(b"{")
    last = len(pieces) - 1
    for number, piece in enumerate(pieces):
        content = (piece[position:] if number == 0 else tail + piece) + (head if number < last else b"")
        result.append((position, content))
        position += len(content) + cut - 1
    return result


def separator(head: bytes) -> bytes | None:
    """What stands between the first two elements of an array, from `}` to the second one's first key if it repeats."""
    found, _, _ = spans(head[: 1 << 18], most=2)
    if len(found) < 2:
        return None
    (first, end), (second, _) = found[:2]
    between = head[end - 1 : second + 1]
    keys = [re.compile(rb'\{\s*"[^"\\]{1,64}"').match(head, at) for at in (first, second)]
    if keys[0] and keys[1] and keys[0][0] == keys[1][0]:
        return between + keys[1][0][1:]
    return between


def regions(file: BinaryIO, offset: int, line: int, limits: Limits, notes: Notes, path: str) -> Iterator[Region | int]:
    """
    Regions of an array whose first element begins at or after `offset`; at last the offset where the array closed.

    Memory is bounded by one element of `limits.record` and one chunk.
    """
    file.seek(offset)
    buffer = file.read(CHUNK)
    between = separator(buffer)
    ended = len(buffer) < CHUNK
    while True:
        cut = _cut(buffer, between) if not ended else 0
        if cut:
            data, buffer = buffer[:cut], buffer[cut:]
            yield Region(data.rstrip(b", \t\r\n"), offset, line)
            offset += cut
            line += data.count(b"\n")
        elif ended or len(buffer) > CHUNK:
            found, after, closed = spans(buffer)
            data = buffer[:after]
            if found:
                begin = found[0][0]
                yield Region(data[begin:], offset + begin, line + data.count(b"\n", 0, begin))
            if closed is not None:
                yield offset + closed + 1
                return
            offset += after
            line += data.count(b"\n")
            buffer = buffer[after:]
            if ended:
                if buffer.strip(b" \t\r\n,"):
                    notes.add("truncated", path, "the array is cut off; its last entry is not whole")
                return
            if len(buffer) > limits.record:
                notes.add("skipped", path, f"a record of more than {limits.record} bytes, or no JSON from there on")
                return
        size = max(CHUNK, len(buffer))  # doubling, so that a long element is not scanned again and again
        more = file.read(size)
        ended = ended or len(more) < size
        buffer += more


def _cut(buffer: bytes, between: bytes | None) -> int:
    """Where the last whole element of the buffer is over: after its comma; 0 where that is not found quickly."""
    if between is None:
        return 0
    end = len(buffer)
    for _ in range(6):
        found = buffer.rfind(between, 0, end)
        if found < 0:
            return 0
        if b"\n" in between[:4] or _whole(buffer[: found + 1]):
            return found + between.index(b"{", 1)
        end = found
    return 0


def _whole(data: bytes) -> bool:
    try:
        _LIST.decode(b"[" + data + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
