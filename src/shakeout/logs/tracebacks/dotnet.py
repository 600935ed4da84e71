"""The stack traces of .NET: exceptions with their inner ones (`--->`), the first cause first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shakeout.logs.tracebacks.model import LINE, Frame, Raised, Traceback

_TYPE = r"(?:[A-Z]\w{0,100}[.+]){1,12}[A-Z][\w`]{0,100}"
# Not `at com.acme.Shop.total(Shop.java:12)`, which is Java's, nor `at total (/app/shop.js:1:2)`, which is Node.js's.
FRAME = re.compile(
    r"\s*at (?P<function>[\w.<>`+$|\[\],&*~]{1,400}"
    r"\((?![^()\n]*(?::\d|\.java|\.kt|\.scala|Native Method|Unknown Source)"
    r"[^()\n]*\))[^\n]{0,800}?\))"
    r"(?: in (?P<path>[^\n]{1,600}?):line (?P<line>\d{1,7}))?\s*\Z"
)
_HEAD = re.compile(
    rf"\s*(?P<lead>Unhandled exception[.:] |--->\s|System\.AggregateException: .{{0,300}}?\s--->\s)?"
    rf"(?:\(Inner Exception #\d{{1,4}}\) )?(?P<type>{_TYPE})(?: \((?P<code>0x[0-9A-Fa-f]{{8}}|\d{{1,6}})\))?"
    r"(?:: (?P<message>.*))?\s*\Z"
)
_INNER = re.compile(r"\s--->\s(?=[A-Za-z_])")
_DIVIDED = re.compile(
    r"\s*--- End of (?P<what>inner exception stack trace|stack trace from previous location)[^\n]* ---\s*\Z"
)
_NAMES = ("Exception", "Error")


@dataclass(slots=True)
class _Open:
    type: str
    message: list[str]
    frames: list[Frame] = field(default_factory=list)

    def raised(self, *, last: bool) -> Raised:
        text = "\n".join(self.message).rstrip()
        return Raised(
            type=self.type, message=text, frames=tuple(reversed(self.frames)), notes=tuple(self.message[1:]),
            relation="" if last else "direct cause",
        )  # fmt: skip


def _heads(line: str) -> list[_Open]:
    """The exceptions that a line names: `A: one ---> B: two` are two of them."""
    found: list[_Open] = []
    for part in _INNER.split(line.strip().removeprefix("---> ")):
        match = _HEAD.match(part)
        if match is None or not match["type"].rpartition(".")[2].rstrip("`0123456789").endswith(_NAMES):
            return found
        found.append(_Open(match["type"], [(match["message"] or "").strip()]))
    return found


def parse(lines: Sequence[str]) -> Traceback | None:
    """The first exception within `lines` with its inner ones, the innermost first; None where there is none."""
    found: list[_Open] = []
    depth: list[_Open] = []
    for line in (one[:LINE].rstrip() for one in lines):
        frame = FRAME.match(line)
        divided = _DIVIDED.match(line)
        if divided is not None:
            if divided["what"].startswith("inner") and len(depth) > 1:
                depth.pop()
        elif frame is not None and depth:
            number = int(frame["line"]) if frame["line"] else None
            function = frame["function"].partition("(")[0].strip()
            depth[-1].frames.append(Frame(path=frame["path"] or "", line=number, function=function))
        elif (heads := _heads(line)) and (not depth or line.lstrip().startswith("--->")):
            found += heads
            depth += heads
        elif depth and not depth[-1].frames and line.strip():
            depth[-1].message.append(line.strip())
        elif depth and depth[-1].frames and line.strip() and line[:1] not in " \t":
            break
    if not any(one.frames for one in found):
        return None
    ordered = list(reversed(found))
    exceptions = tuple(one.raised(last=one is found[0]) for one in ordered)
    return Traceback(exceptions=exceptions, language="dotnet")


class DotNet:
    """How stack traces are found in lines that arrive one after another."""

    name = "dotnet"

    def begins(self, line: str) -> bool:
        line = line[:LINE].rstrip()
        if line[:1] in " \t" and " at " in line[:20]:
            return FRAME.match(line) is not None and (".cs:line " in line or line.rstrip().endswith(")"))
        return ("xception" in line or "rror" in line) and bool(_heads(line))

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        line = line[:LINE].rstrip()
        return FRAME.match(line) is not None or line[:1] in " \t" or line.startswith(("--->", "   at ", "--- End of"))

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        return parse(lines)


LANGUAGE = DotNet()
