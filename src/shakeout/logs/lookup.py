"""The text at a locator, decoded as far as it was when the entry was read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from shakeout.evidence.model import Locator
from shakeout.logs.inner import interpret
from shakeout.logs.limits import Limits, Notes
from shakeout.logs.regions import spans
from shakeout.logs.sources import Source, lines
from shakeout.logs.sources import text as decoded
from shakeout.logs.text import going_on, wrapper_of
from shakeout.logs.values import plain
from shakeout.logs.yaml_documents import scalars

_PARTS = re.compile(r'"log"\s{0,4}:\s{0,4}("(?:[^"\\\n]|\\.)*")')
# From every quotation mark to the next, overlapping: a stray one before it must not hide a string.
_STRING = re.compile(r'(?=("(?:[^"\\\n]|\\.)*+"))')


def look_up(source: Source, locator: Locator, limits: Limits, mark: tuple[int, int] = (1, 0)) -> str:
    """
    The lines of a locator (or the record at its offset), and every string within them without its escapes.

    `mark` is a line at or before the first one, and the byte at which it begins.
    """
    if locator.offset is not None:
        raw = _record(source, locator.offset, limits)
    else:
        raw = _lines(source, locator, limits, mark)
    text = plain(raw)
    strings = list(_unescaped(raw, 0, every="\r" in raw))
    found = [text, *strings]
    if locator.offset is None:
        found.extend(_bare(text))
    if locator.end_line is not None and text.startswith("{"):
        found.append("".join(_unescape(part) for part in _PARTS.findall(text)))  # a line split into records
    if locator.end_line is not None and locator.offset is None and len(text) < limits.line:
        found.extend(plain(scalar) for scalar in scalars(raw))
    return "\n".join(found)


def _bare(text: str) -> Iterator[str]:
    """The lines as one message: without what their transport and their logger put in front."""
    lines = text.split("\n")
    rests = [line for line in lines if line.strip()]
    wrapper = wrapper_of(rests[:1])
    if wrapper is not None:
        parts = [wrapped for line in rests if (wrapped := wrapper.unwrap(line))]
        rests = [part.rest for part in parts if part.stream == parts[0].stream]
    if not rests:
        return
    first = interpret(rests[0]).message
    yield "\n".join((first, *(going_on(rest) or rest for rest in rests[1:])))
    if wrapper is not None:
        yield "".join(rests)


def _record(source: Source, offset: int, limits: Limits) -> str:
    size = 1 << 16
    while True:
        with source.open() as file:
            file.seek(offset)
            data = file.read(size)
        found, _, _ = spans(data, most=1)
        if found or len(data) < size or size > limits.record:
            return decoded(data[: found[0][1]] if found else data)
        size *= 8


def _lines(source: Source, locator: Locator, limits: Limits, mark: tuple[int, int]) -> str:
    first = locator.line or 1
    last = locator.end_line or first
    kept: list[str] = []
    with source.open() as file:
        file.seek(mark[1])
        for count, _, line in lines(file, limits, Notes(), source.path):
            number = count + mark[0] - 1
            if number > last:
                break
            if number >= first:
                kept.append(decoded(line))
    return "\n".join(kept)


def _unescaped(text: str, depth: int, *, every: bool = False) -> Iterator[str]:
    if depth > 6:
        return
    for match in _STRING.finditer(text):
        if "\\" not in match[1] and not every:
            continue  # it stands in the text as it is
        try:
            value = _unescape(match[1])
        except (msgspec.DecodeError, UnicodeError):
            continue
        yield value
        if "\\" in value and '"' in value:
            yield from _unescaped(value, depth + 1)


def _unescape(string: str) -> str:
    return plain(msgspec.json.decode(string.encode("utf-8", "surrogatepass"), type=str))
