"""Java's stack traces (and those of other languages of its machine): causes, suppressed exceptions, `... 12 more`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shakeout.logs.tracebacks.model import Frame, Raised, Relation, Traceback

FRAME = re.compile(
    r"\s+at (?:[\w.@-]{1,120}/{1,2})?(?P<function>[\w$.<>/-]{1,400})"
    r"\((?P<file>[^():\n]{1,200})(?::(?P<line>\d{1,9}))?\)"
    r"(?: ~?\[[^\]\n]{1,200}\])?\s*\Z"
)
_MORE = re.compile(r"\s+\.\.\. \d+ (?:more|common frames omitted)\s*\Z")
_NAME = r"(?:[a-z_][\w$]{0,80}\.){1,12}[A-Z][\w$]{0,120}"
_HEAD = re.compile(
    rf"(?P<lead>\s*(?:Exception in thread \"[^\"\n]{{0,200}}\" |Caused by: |Wrapped by: |Suppressed: )?)"
    rf"(?P<type>{_NAME})(?:: (?P<message>.*))?\s*\Z"
)


@dataclass(slots=True)
class _Open:
    type: str
    message: list[str]
    relation: Relation
    frames: list[Frame] = field(default_factory=list)

    def raised(self) -> Raised:
        return Raised(
            type=self.type,
            message="\n".join(self.message).rstrip(),
            frames=tuple(reversed(self.frames)),
            notes=tuple(self.message[1:]),
            relation=self.relation,
        )


def parse(lines: Sequence[str]) -> Traceback | None:
    """The first stack trace within `lines`; None where there is none."""
    outer: list[_Open] = []
    suppressed: list[_Open] = []
    current: _Open | None = None
    truncated = False
    for line in lines:
        frame = FRAME.match(line)
        if frame:
            if current is None:
                current, truncated = _Open("", [], ""), True
                outer.append(current)
            current.frames.append(_frame(frame))
            continue
        if _MORE.match(line):
            continue
        head = _HEAD.match(line)
        if head and (current is None or "by: " in head["lead"] or "Suppressed" in head["lead"]):
            relation: Relation = "suppressed" if "Suppressed" in head["lead"] else "direct cause" if outer else ""
            current = _Open(head["type"], [head["message"] or ""], relation)
            (suppressed if relation == "suppressed" else outer).append(current)
        elif current is not None and not current.frames and current.type:
            current.message.append(line)
        elif current is not None and line.strip():
            break
    exceptions = [*(one.raised() for one in suppressed), *(one.raised() for one in reversed(outer))]
    if not any(raised.frames for raised in exceptions):
        return None
    return Traceback(exceptions=tuple(exceptions), language="java", truncated=truncated)


def _frame(match: re.Match[str]) -> Frame:
    """The path is the class's package and its file, as sources are laid out: `com/acme/Shop.java`."""
    function, file = match["function"], match["file"]
    package = "/".join(function.split(".")[:-2])
    named = file.endswith((".java", ".kt", ".scala", ".groovy"))
    path = f"{package}/{file}" if named and package else file
    return Frame(path=path, line=int(match["line"]) if match["line"] else None, function=function)


class Java:
    """How stack traces are found in lines that arrive one after another."""

    name = "java"

    def begins(self, line: str) -> bool:
        if line[:1] in " \t":
            return "at " in line and FRAME.match(line) is not None
        return _HEAD.match(line) is not None and ("rror" in line or "xception" in line or "hrowable" in line)

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        return line[:1] in " \t" or line.startswith(("Caused by: ", "Wrapped by: "))

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        return parse(lines)


LANGUAGE = Java()
