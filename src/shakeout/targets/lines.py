"""
A service's output as lines of its log file. Standard library and redaction only: the supervisor starts with it.

One line of a log file is `2026-01-02T03:04:05.678901Z stdout text`, UTC. A line of output that is longer than
`LINE_LIMIT` characters becomes several, each but the last ending in `GOES_ON`. What is not UTF-8 becomes U+FFFD,
control characters become `\\x1b`-like text, and terminal colours are left out, so that a log line is one line for
every reader and does nothing to a terminal.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from datetime import datetime

LINE_LIMIT = 16_384
"""Characters of output that one log line has at most."""

GOES_ON = " [line goes on]"

_LOOK_AHEAD = 8_192
"""Characters behind a cut that are looked at, so that no secret is cut in two: above the longest known shape."""

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CONTROL = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
    if code != 0x09
}


def format_line(time: datetime, stream: str, text: str) -> str:
    """One line of a log file; `time` is aware UTC."""
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}Z {stream} {text}\n"


class LineSplitter:
    """
    Turns the bytes of one stream into redacted, clean lines of bounded length, in bounded memory.

    `redact` takes secrets out of text; `longest` is the length of the longest secret that it knows by value.
    """

    def __init__(self, redact: Callable[[str], str], longest: int = 0) -> None:
        self._redact = redact
        self._look_ahead = max(_LOOK_AHEAD, longest)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are complete now."""
        yield from self._take(self._decoder.decode(data))

    def close(self) -> Iterator[str]:
        """What is left when the stream ends: a last line without an end is kept."""
        yield from self._take(self._decoder.decode(b"", final=True))
        rest = "".join(self._parts)
        self._parts, self._size = [], 0
        if rest:
            yield from self._line(rest)

    def _take(self, text: str) -> Iterator[str]:
        self._parts.append(text)
        self._size += len(text)
        if "\n" not in text and self._size < LINE_LIMIT + self._look_ahead:
            return  # a line that comes byte by byte is put together once
        *complete, rest = "".join(self._parts).split("\n")
        for line in complete:
            yield from self._line(line.removesuffix("\r"))
        while len(rest) >= LINE_LIMIT + self._look_ahead:
            piece, rest = self._cut(rest)
            yield self._clean(piece) + GOES_ON
        self._parts, self._size = [rest], len(rest)

    def _line(self, line: str) -> Iterator[str]:
        while len(line) > LINE_LIMIT:
            piece, line = self._cut(line)
            yield self._clean(piece) + GOES_ON
        yield self._clean(line)

    def _cut(self, text: str) -> tuple[str, str]:
        """Cut at a place where redaction of both parts gives what redaction of the whole gives."""
        window = text[: LINE_LIMIT + self._look_ahead]
        whole = self._redact(window)
        for at in range(LINE_LIMIT, 0, -1024):
            if self._redact(window[:at]) + self._redact(window[at:]) == whole:
                return text[:at], text[at:]
        # One secret after the other without a gap: nothing of it is worth keeping.
        return self._redact("password=" + "x" * 8), text[LINE_LIMIT:]

    def _clean(self, text: str) -> str:
        return self._redact(_COLOURS.sub("", text)).translate(_CONTROL)
