"""
Failures as pytest prints them, long or short: the exception stands in a line of its own, and so does its place.

    E   NameError: name 'env' is not defined

    tests/test_release.py:9: NameError
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from shakeout.logs.tracebacks.model import Frame, Raised, Traceback

_RAISED = re.compile(r"E {3,40}(?P<type>[A-Za-z_]\w{0,100}(?:\.[A-Za-z_]\w{0,100}){0,12})(?:: (?P<message>.*))?\s*\Z")
_MORE = re.compile(r"E(?: {2,40}(?P<text>.*))?\Z")
_PLACE = re.compile(r"(?P<path>[^\s:][^:\n]{0,400}\.py):(?P<line>\d{1,7}): (?P<type>[A-Za-z_][\w.]{0,200})?\s*\Z")
_WITHIN = re.compile(r"(?P<path>[^\s:][^:\n]{0,400}\.py):(?P<line>\d{1,7}): in (?P<function>[\w<>.\[\]-]{1,200})\s*\Z")
_ENDS = ("Error", "Exception", "Exit", "Interrupt", "Failed", "Timeout")


class Pytest:
    """How pytest's failures are found in lines that arrive one after another."""

    name = "pytest"

    def begins(self, line: str) -> bool:
        if line.startswith("E  "):
            match = _RAISED.match(line)
            return match is not None and match["type"].endswith(_ENDS)
        return ".py:" in line and _WITHIN.match(line) is not None

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        """Whether `line`, which comes as an entry of its own, belongs to what `lines` began."""
        if _PLACE.match(lines[-1]) is not None:
            return False
        return (
            not line.strip() or line[:1] in " >E" or _PLACE.match(line) is not None or _WITHIN.match(line) is not None
        )

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        frames: list[Frame] = []
        raised: re.Match[str] | None = None
        message: list[str] = []
        for line in lines:
            within, place = _WITHIN.match(line), _PLACE.match(line)
            if within is not None:
                frames.append(Frame(path=within["path"], line=int(within["line"]), function=within["function"]))
            elif raised is None and (match := _RAISED.match(line)):
                raised, message = match, [match["message"] or ""]
            elif raised is not None and (more := _MORE.match(line)):
                message.append(more["text"] or "")
            elif place is not None and raised is not None:
                frames.append(Frame(path=place["path"], line=int(place["line"])))
                break
        if raised is None or not frames:
            return None
        exception = Raised(
            type=raised["type"], message="\n".join(message).strip(), frames=tuple(frames), notes=tuple(message[1:])
        )
        return Traceback(exceptions=(exception,), language="python")


LANGUAGE = Pytest()
