"""Ruby's backtraces: as the interpreter prints them, as its Logger does, and as Rails does, with their causes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shakeout.logs.tracebacks.model import LINE, Frame, Raised, Relation, Traceback

_TAG = r"(?:\[[\w.:@-]{1,80}\] ){0,4}"
FRAME = re.compile(
    rf"(?P<lead>{_TAG}(?:\s*from |\s*))(?P<path>(?:<internal:[^>\n]{{1,300}}>|[^\s:`'\"(\[][^:\n`'\"]{{0,600}}|-e))"
    r":(?P<line>\d{1,7}):in [`'](?P<function>[^'\n]{1,300})'(?P<rest>: .*)?\s*\Z"
)
_TYPE = r"(?:[A-Z]\w{0,100}::){0,8}[A-Z]\w{0,100}"
_LAST = re.compile(rf": (?P<message>.*?)(?: \((?P<type>{_TYPE})\))?\s*\Z")
# As Rails prints it: `NoMethodError (undefined method 'total' for nil):`
_RAILS = re.compile(rf"{_TAG}(?P<type>{_TYPE}) \((?P<message>.*?)(?P<end>\):?)?\s*\Z")
_CLOSED = re.compile(rf"{_TAG}[^\n]*\):?\s*\Z")
_CAUSED = re.compile(rf"{_TAG}(?:Caused by|Causes):?\s*\Z")
# As a Logger prints an exception that it is given, or a program both of its parts; the calls come below.
_LOGGED = re.compile(rf"(?P<message>.*) \((?P<type>{_TYPE})\)\s*\Z")
_NAMED = re.compile(rf"(?:.*?[:\s])?(?P<type>{_TYPE}): (?P<message>.*)\Z")
_FAILS = re.compile(r"Error|Exception|Errno::|Invalid|Missing|NotFound|Failure|Timeout|Refused|Denied|Exit|Interrupt")


@dataclass(slots=True)
class _Open:
    type: str
    message: list[str]
    relation: Relation = ""
    frames: list[Frame] = field(default_factory=list)

    def raised(self) -> Raised:
        text = "\n".join(self.message).rstrip()
        return Raised(
            type=self.type, message=text, frames=tuple(reversed(self.frames)), notes=tuple(self.message[1:]),
            relation=self.relation,
        )  # fmt: skip


def parse(lines: Sequence[str]) -> Traceback | None:
    """The first backtrace within `lines` with its causes, the first cause first; None where no exception is named."""
    found: list[_Open] = []
    causing = False
    for line in (one[:LINE].rstrip() for one in lines):
        frame = FRAME.match(line)
        if frame is not None:
            head = _LAST.match(frame["rest"]) if frame["rest"] else None
            if head is not None and (not found or found[-1].frames):
                # What is printed below is the cause of what is above it.
                found.append(_Open(head["type"] or "", [head["message"]], "direct cause" if found else ""))
            if not found:
                return None
            found[-1].frames.append(
                Frame(path=frame["path"], line=int(frame["line"]), function=frame["function"].strip())
            )
            continue
        rails = _RAILS.match(line)
        if _CAUSED.match(line):
            causing = True
        elif rails is not None and (not found or causing):
            found.append(_Open(rails["type"], [rails["message"]], "direct cause" if found else ""))
            causing = False
        elif not found:
            said = _LOGGED.match(line) or _NAMED.match(line)
            if said is not None:
                found.append(_Open(said["type"], [said["message"].strip()]))
        elif not found[-1].frames and line.strip():
            found[-1].message.append(line)
    exceptions = [one for one in found if one.frames]
    if not exceptions or not any(one.type for one in exceptions):
        return None
    for one in exceptions:
        one.type = one.type or "RuntimeError"
    exceptions[0].relation = ""
    return Traceback(exceptions=tuple(one.raised() for one in reversed(exceptions)), language="ruby")


class Ruby:
    """How backtraces are found in lines that arrive one after another."""

    name = "ruby"

    def begins(self, line: str) -> bool:
        line = line[:LINE].rstrip()
        if ":in " in line:
            return FRAME.match(line) is not None
        match = _RAILS.match(line) if " (" in line else None
        named = match is not None and _FAILS.search(match["type"]) is not None
        return named and (line.rstrip().endswith("):") or ")" not in line)

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        line = line[:LINE].rstrip()
        if FRAME.match(line) is not None or _CAUSED.match(line) is not None or self._open(lines):
            return True
        if _CAUSED.match(lines[-1][:LINE].rstrip()) is not None:
            return _RAILS.match(line) is not None
        # Code and a marker below the first line (error_highlight), source of a template: indented, or nothing.
        return (
            not line.strip()
            or line[:1] in " \t"
            or re.fullmatch(rf"{_TAG}\s*(?:\d{{1,6}}: .*)?", f"{line} ") is not None
        )

    @staticmethod
    def _open(lines: Sequence[str]) -> bool:
        """Whether the text in brackets that Rails prints an error with has not ended yet."""
        for count, line in enumerate(one[:LINE].rstrip() for one in reversed(lines[-12:])):
            if _RAILS.match(line) is not None:
                return count < 11 and not any(
                    _CLOSED.match(one[:LINE].rstrip()) for one in lines[len(lines) - count - 1 :]
                )
            if FRAME.match(line) is not None:
                return False
        return False

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        return parse(lines)


LANGUAGE = Ruby()
