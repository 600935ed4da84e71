"""Go's panics and fatal errors with the calls of the goroutine that failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shakeout.logs.tracebacks.model import Frame, Raised, Traceback

_PANIC = re.compile(r"\s*(?P<kind>panic|fatal error): (?P<message>.*?)(?P<again> \[recovered(?:, repanicked)?\])?\s*\Z")
_SIGNAL = re.compile(r"\[signal (?P<name>SIG\w+)")
_GOROUTINE = re.compile(r"goroutine \d{1,12}(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[[^\]\n]{1,80}\]:\s*\Z")
_CALL = re.compile(
    r"(?P<function>(?:created by )?[\w./*()\-{}\[\]·$]{1,300}?)"
    r"(?:\((?:[^()\n]|\([^()\n]*\)){0,400}\))?(?: in goroutine \d+)?\s*\Z"
)
_PLACE = re.compile(r"\s+(?P<path>[^\s:][^:\n]{0,600}\.(?:go|s)):(?P<line>\d{1,9})(?: \+0x[0-9a-f]+)?\s*\Z")


def parse(lines: Sequence[str]) -> Traceback | None:
    """The panic within `lines` with the calls of the first goroutine; None where there is none."""
    raised: list[tuple[str, str]] = []
    frames: list[Frame] = []
    started = False
    call = ""
    truncated = True
    for line in lines:
        panic = _PANIC.match(line)
        if panic and not started:
            raised.append((panic["kind"], panic["message"]))
        elif _GOROUTINE.match(line):
            if started:
                break
            started, truncated = True, False
        elif started:
            place = _PLACE.match(line)
            if place:
                frames.append(Frame(path=place["path"], line=int(place["line"]), function=call))
                call = ""
            elif not line.strip() and frames:
                break
            else:
                match = _CALL.match(line)
                call = match["function"].removeprefix("created by ") if match else ""
        elif raised and line.startswith(("\t", "[signal")):
            kind, text = raised[-1]
            raised[-1] = (kind, f"{text}\n{line.strip()}")
    if not raised and not frames:
        return None
    ended = raised or [("", "")]
    exceptions = [Raised(type=kind, message=text, relation="context") for kind, text in ended[:-1]]
    kind, text = ended[-1]
    exceptions.append(
        Raised(type=kind, message=text, frames=tuple(reversed(frames)), notes=tuple(text.split("\n")[1:]))
    )
    return Traceback(exceptions=tuple(exceptions), language="go", truncated=truncated or not raised)


class Go:
    """How panics are found in lines that arrive one after another."""

    name = "go"

    def begins(self, line: str) -> bool:
        return line.startswith(("panic: ", "fatal error: ")) or _GOROUTINE.match(line) is not None

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        if not line.strip() or line[:1] in " \t" or _GOROUTINE.match(line) or line.startswith("[signal"):
            return True
        if line.startswith(("panic: ", "goroutine ", "created by ", "exit status ")):
            return True
        started = any(_GOROUTINE.match(one) for one in lines)
        return started and _CALL.match(line) is not None and ("(" in line or "created by" in line)

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        return parse(lines)


LANGUAGE = Go()
