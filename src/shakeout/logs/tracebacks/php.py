"""PHP's fatal errors and uncaught exceptions, as PHP, Monolog and Symfony write them, the first cause first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shakeout.logs.tracebacks.model import LINE, Frame, Raised, Relation, Traceback

_TYPE = r"(?:[A-Za-z_]\w{0,100}\\{1,4}){0,12}[A-Z]\w{0,100}"
_PATH = r"(?P<path>(?:/|[A-Za-z]:\\|phar://)[^\s:()\n\"]{1,600}|Command line code)"
_UNCAUGHT = re.compile(
    rf"(?:PHP )?Fatal error:\s{{1,3}}Uncaught (?P<type>{_TYPE}): (?P<message>.*?)"
    rf"(?: in {_PATH}:(?P<line>\d{{1,7}}))?\s*\Z"
)
_NEXT = re.compile(rf"Next (?P<type>{_TYPE}): (?P<message>.*?)(?: in {_PATH}:(?P<line>\d{{1,7}}))?\s*\Z")
_FATAL = re.compile(
    r"(?:PHP )?(?P<type>(?:Fatal|Parse|Recoverable fatal|Compile|Core) error):\s{1,3}(?!Uncaught )(?P<message>.*?)"
    rf" in {_PATH}(?: on line |:)(?P<line>\d{{1,7}})"
)
_OBJECT = re.compile(
    rf"\[(?:object|previous exception)\] (?:\[object\] )?\((?P<type>{_TYPE})\(code: [^)]{{0,40}}\): (?P<message>.*?)"
    rf" at {_PATH}:(?P<line>\d{{1,7}})\)"
)
_SAID = re.compile(
    rf"Uncaught PHP Exception (?P<type>{_TYPE}): \"(?P<message>.*?)\" at {_PATH} line (?P<line>\d{{1,7}})"
)
_END = re.compile(rf"(?P<message>.*?) in {_PATH}:(?P<line>\d{{1,7}})\s*\Z")
_FRAME = re.compile(
    r"#\d{1,5} (?:(?P<path>[^\s(][^\n(]{0,600})\((?P<line>\d{1,7})\)|\[internal function\]|\{main\})"
    r"(?:: (?P<function>[^\n(]{1,300}))?"
)


@dataclass(slots=True)
class _Open:
    type: str
    message: list[str]
    place: Frame | None = None
    relation: Relation = ""
    frames: list[Frame] = field(default_factory=list)

    def raised(self) -> Raised:
        frames = (*reversed(self.frames), *((self.place,) if self.place is not None else ()))
        text = "\n".join(self.message).rstrip()
        return Raised(
            type=self.type, message=text, frames=frames, notes=tuple(self.message[1:]), relation=self.relation
        )


def _type(match: re.Match[str]) -> str:
    """The type with one backslash between its parts, also where JSON has doubled them."""
    return re.sub(r"\\+", r"\\", match["type"])


def _placed(match: re.Match[str]) -> Frame | None:
    return Frame(path=match["path"], line=int(match["line"])) if match["path"] else None


def parse(lines: Sequence[str]) -> Traceback | None:
    """The first error within `lines` with those that it led to; None where there is none that has a place."""
    found: list[_Open] = []
    outwards: list[_Open] = []
    for line in (one[:LINE].rstrip() for one in lines):
        said = _UNCAUGHT.search(line) or _FATAL.search(line)
        if said is not None and found:
            break  # PHP prints a fatal error twice where it shows and logs it
        if said is not None or (found and (said := _NEXT.match(line.strip())) is not None):
            if found:
                found[-1].relation = "direct cause"
            found.append(_Open(said["type"], [said["message"]], _placed(said)))
            continue
        objects = list(_OBJECT.finditer(line)) if "(code: " in line else []
        if objects:
            # Monolog prints the exception and below it, or beside it, what it came from.
            outwards += [_Open(_type(one), [one["message"]], _placed(one)) for one in objects]
            continue
        if not found and not outwards:
            spoken = _SAID.search(line)
            if spoken is not None:
                outwards.append(_Open(_type(spoken), [spoken["message"]], _placed(spoken)))
            continue
        current = found[-1] if found else outwards[-1]
        frame = _FRAME.match(line.strip())
        if frame is not None:
            if frame["path"]:
                function = (frame["function"] or "").strip()
                current.frames.append(Frame(path=frame["path"], line=int(frame["line"]), function=function))
        elif current.place is None and not current.frames:
            end = _END.match(line)
            current.message.append(end["message"] if end else line)
            current.place = _placed(end) if end else None
    if outwards and not found:
        for one in outwards[1:]:
            one.relation = "direct cause"
        found = list(reversed(outwards))
    if not any(one.place is not None or one.frames for one in found):
        return None
    return Traceback(exceptions=tuple(one.raised() for one in found), language="php")


class Php:
    """How errors are found in lines that arrive one after another."""

    name = "php"

    def begins(self, line: str) -> bool:
        line = line[:LINE].rstrip()
        if "error:" in line:
            return _UNCAUGHT.search(line) is not None or _FATAL.search(line) is not None
        if "[object] (" in line:
            return _OBJECT.search(line) is not None
        return "Uncaught PHP Exception" in line and _SAID.search(line) is not None

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        text = line[:LINE].strip()
        if _FRAME.match(text) or text.startswith(
            ("Stack trace:", "thrown in ", "[stacktrace]", "[previous exception]")
        ):
            return True
        if not text or text in {'"}', '"} []', '"} {}'} or _NEXT.match(text):
            return not lines[-1].strip().startswith("thrown in ")
        # The message of an exception may have several lines before `in /app/x.php:3`.
        return (
            _UNCAUGHT.search(lines[0][:LINE].rstrip()) is not None
            and len(lines) < 12
            and all(not _END.match(one[:LINE].rstrip()) and "Stack trace:" not in one for one in lines)
        )

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        return parse(lines)


LANGUAGE = Php()
