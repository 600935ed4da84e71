"""Python's tracebacks: chains, groups, syntax errors, repeated frames, carets, missing beginnings and ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from shakeout.logs.tracebacks.model import Frame, Raised, Relation, Traceback

HEADER = "Traceback (most recent call last):"
DIRECT = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"
FRAME = re.compile(r'\s*File "(?P<path>[^"\n]{1,4096})", line (?P<line>\d{1,9})(?:, in (?P<function>.{1,400}))?\s*\Z')
_CARETS = re.compile(r"\s*[\^~][\^~ ]*\Z")
_REPEATED = re.compile(r"\s*\[Previous line repeated (\d{1,9}) more times?\]\s*\Z")
RAISED = re.compile(
    r"(?P<type>[A-Za-z_][\w]{0,100}(?:\.(?:<locals>|[A-Za-z_]\w{0,100})){0,12})(?::(?: (?P<message>.*))?)?\s*\Z", re.S
)
_SYNTAX = ("SyntaxError", "IndentationError", "TabError")


@dataclass(slots=True)
class Section:
    """One exception while it is read; `members` are those of a group, with their own chains."""

    frames: list[Frame] = field(default_factory=list)
    type: str = ""
    lines: list[str] = field(default_factory=list)
    headed: bool = False
    relation: Relation = ""
    members: list[list[Section]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether neither its beginning nor its end is missing."""
        if not self.type or not all(members and all(one.whole for one in members) for members in self.members):
            return False
        return self.headed or self.type in _SYNTAX or not self.frames

    def raised(self) -> Raised:
        lines = list(self.lines)
        while lines and not lines[-1].strip():
            lines.pop()
        return Raised(
            type=self.type, message="\n".join(lines), frames=tuple(self.frames), notes=tuple(lines[1:]),
            relation=self.relation,
        )  # fmt: skip


def parse(lines: Sequence[str]) -> Traceback | None:
    """The first traceback within `lines`, with everything that it is chained to; None where there is none."""
    from shakeout.logs.tracebacks.groups import grouped

    found = grouped(lines) or sections(lines, [])
    kept = [section for section in found if section.type or section is found[-1]]
    if not any(section.frames or section.members for section in kept):
        return None
    return Traceback(
        exceptions=tuple(_flat(kept)), language="python", truncated=not all(section.whole for section in found)
    )


def _flat(found: Sequence[Section]) -> Iterator[Raised]:
    """The members of a group with their own causes first, then the group."""
    for section in found:
        for members in section.members:
            *causes, member = _flat(members) if members else [None]
            yield from (cause for cause in causes if cause is not None)
            if member is not None:
                yield replace(member, relation="member")
        yield section.raised()


def sections(lines: Sequence[str], found: list[Section], *, bare: bool = False) -> list[Section]:
    """
    Read exceptions from lines, going on from those already `found`.

    `bare` accepts an exception without frames, as members of a group have that were never raised.
    """
    for line in lines:
        section = found[-1] if found else None
        text = line.strip()
        if HEADER in line:
            if section is not None and section.type and not section.relation:
                break  # another traceback that is not chained to this one
            found.append(Section(headed=True))
        elif text in {DIRECT, CONTEXT}:
            if section is not None:
                section.relation = "direct cause" if text == DIRECT else "context"
        elif section is None or section.relation:
            match = FRAME.match(line)
            if match:  # the header is missing, or it is a syntax error's own block
                found.append(Section(frames=[_frame(match)]))
            elif bare and (match := RAISED.match(text)):
                found.append(Section(type=match["type"], lines=[match["message"] or ""]))
        elif not section.type:
            _in_frames(section, line)
        else:
            section.lines.append(line)
    return found


def _in_frames(section: Section, line: str) -> None:
    match = FRAME.match(line)
    if match:
        section.frames.append(_frame(match))
        return
    if not line.strip() or _CARETS.match(line):
        return
    match = _REPEATED.match(line)
    if match and section.frames:
        section.frames[-1] = replace(section.frames[-1], repeated=int(match[1]))
        return
    match = RAISED.match(line.lstrip() if not section.frames else line)
    if match:
        section.type = match["type"]
        section.lines.append(match["message"] or "")
    elif section.frames and line[:1] in " \t":
        frame = section.frames[-1]
        code = f"{frame.code}\n{line.strip()}" if frame.code else line.strip()
        section.frames[-1] = replace(frame, code=code[:2000])


def _frame(match: re.Match[str]) -> Frame:
    return Frame(path=match["path"], line=int(match["line"]), function=(match["function"] or "").strip())


_ANYWHERE = re.compile(r'Traceback \(most recent call last\):|\A\s*File "[^"\n]{1,4096}", line \d')
_BETWEEN = ("The above exception", "During handling")
_GOES_ON = re.compile(
    r"[ \t]|\Z|[a-z_][\w.\[\]]{0,100}\Z|(?:DETAIL|HINT|LINE \d+|CONTEXT|QUERY):|\(Background on|\[SQL|\[parameters|\^"
    r"|DB::Exception: |Code: \d{1,4}\. |\d{1,3}\. (?:\?|DB::|[\w:~<>]{1,200}[(@ ])"
)


class Python:
    """How Python's tracebacks are found in lines that arrive one after another."""

    name = "python"

    def begins(self, line: str) -> bool:
        return ("File " in line or "Traceback" in line) and _ANYWHERE.search(line) is not None

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        """Whether `line`, which comes as an entry of its own, belongs to what `lines` began."""
        if line[:1] in " \t|+" or line.startswith(_BETWEEN):
            return True
        last = next((one for one in reversed(lines) if one.strip()), "")
        if last.startswith(_BETWEEN):
            return not line.strip() or HEADER in line
        if HEADER in line:
            return False
        if last[:1] in " \t" or HEADER in last:
            if RAISED.match(line) is not None and not self._ended(lines):
                return True
        elif _SYNTAX[0] in last:
            return False
        return self._ended(lines) and _GOES_ON.match(line) is not None

    @staticmethod
    def _ended(lines: Sequence[str]) -> bool:
        """Whether the exception itself was seen since the last header."""
        for line in reversed(lines):
            if HEADER in line or FRAME.match(line):
                return False
            if line[:1] not in " \t|+" and RAISED.match(line):
                return True
        return False

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        return parse(lines)


LANGUAGE = Python()
