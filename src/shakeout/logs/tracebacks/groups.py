"""Python's exception groups, as PEP 654 renders them: each level is indented by two spaces and has a margin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shakeout.logs.tracebacks.python import Section, sections

_FIRST_MEMBER = re.compile(r"( *)\+-\+-+ (?:\d+|\.\.\.) -+\s*\Z")
_MEMBER = re.compile(r"( *)\+-+ (?:\d+|\.\.\.) -+\s*\Z")
_CLOSED = re.compile(r"( *)\+-{8,}\s*\Z")
_HEADER = re.compile(r"( *)\+ Exception Group (Traceback .*)", re.S)
_MARGIN = re.compile(r"( *)\| ?(.*)", re.S)
DEEPEST = 50


@dataclass(slots=True)
class _Level:
    """The exceptions of one level: segments of lines, and after each the members of its last exception."""

    segments: list[list[str]] = field(default_factory=lambda: [[]])
    members: list[list[_Level]] = field(default_factory=lambda: [[]])

    def read(self, *, bare: bool) -> list[Section]:
        found: list[Section] = []
        for lines, members in zip(self.segments, self.members, strict=True):
            sections(lines, found, bare=bare)
            if members:
                if not found:
                    found.append(Section(type="ExceptionGroup"))
                found[-1].members.extend(member.read(bare=True) for member in members)
        return found


def margined(line: str) -> bool:
    """Whether a line is one of a group's rendering."""
    return any(form.match(line) for form in (_MARGIN, _MEMBER, _FIRST_MEMBER, _CLOSED, _HEADER))


def grouped(lines: Sequence[str]) -> list[Section] | None:
    """The exceptions of a rendering with groups; None where there is no group in it."""
    if not any(_HEADER.match(line) or _FIRST_MEMBER.match(line) for line in lines):
        return None
    root = _Level()
    levels = [root]
    for line in lines:
        _place(line, levels)
    return root.read(bare=False)


def _place(line: str, levels: list[_Level]) -> None:
    """Put a line where it belongs; `levels` are the open levels from the outside in."""
    opened = _FIRST_MEMBER.match(line)
    if opened or (match := _MEMBER.match(line)):
        depth = len(opened[1]) // 2 if opened else len(match[1]) // 2 - 1  # type: ignore[index]
        del levels[max(depth, 1) :]
        if len(levels) < DEEPEST:
            level = _Level()
            levels[-1].members[-1].append(level)
            levels.append(level)
        return
    closed = _CLOSED.match(line)
    if closed:
        del levels[max(len(closed[1]) // 2 - 1, 1) :]
        return
    found = _HEADER.match(line) or _MARGIN.match(line)
    if found is not None:
        del levels[max(len(found[1]) // 2, 1) :]
    elif len(levels) > 1 and not line.strip():
        return
    elif line.strip():
        del levels[1:]
    level = levels[-1]
    if level.members[-1]:
        level.segments.append([])
        level.members.append([])
    level.segments[-1].append(found[2] if found is not None else line)
