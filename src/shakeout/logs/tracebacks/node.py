"""Node.js's stacks: the error and its calls, nested causes, the members of an AggregateError, syntax errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from shakeout.logs.tracebacks.model import Frame, Raised, Relation, Traceback

# `at f (file:1:2)`, `at async f (file:1:2)`, `at new F (…)`, `at file:1:2`, `at f [as g] (…)`, `at <anonymous>`
FRAME = re.compile(
    r"\s+at (?:async )?(?:(?P<function>[^()\n]{1,300}?(?: \[as [^\]]{1,80}\])?) \()?"
    r"(?P<path>(?:file://|node:|[A-Za-z]:[\\/])?[^():\n]{1,1000}):(?P<line>\d{1,9})(?::\d{1,9})?\)?\s*(?:\{|,)?\s*\Z"
)
_UNPLACED = re.compile(
    r"\s+at (?:async )?(?P<function>[^()\n]{1,300}) \((?P<path><anonymous>|native|index \d+)\)\s*\{?\s*\Z"
)
RAISED = re.compile(
    r"\s*(?:(?P<key>\[(?:cause|errors)\]: |(?:cause|\[cause\]): |Caused by: )"
    r"|Uncaught:? |Unhandled Rejection:? |\(node:\d+\) )?"
    r"\[?(?P<type>[A-Z][\w$]{0,80}(?:Error|Exception|Rejection)|Error|[A-Z]\w{0,60}Error \[\w+\])"
    r"(?: \[(?P<code>[A-Z][A-Z0-9_]{2,60})\])?(?:: (?P<message>[^\n]*?))?(?P<open>\]? \{|\])?\s*\Z"
)
# What console.error writes after a text of its own: `failed [AggregateError: All promises were rejected] {`
_BRACKETED = re.compile(
    r"(?P<key>)(?P<open>)\[(?P<type>[A-Z][\w$]{0,80}Error)(?: \[(?P<code>\w+)\])?"
    r"(?:: (?P<message>[^\n\]]{0,1000}))?\] \{\s*\Z"
)
# A message of the program's own before the error: `[cache] lost the server: Error: connect ECONNREFUSED 10.0.0.1:1`
_PREFIXED = re.compile(
    r"(?P<key>)(?P<open>)[^\n]{1,300}?[:>\])-] (?P<type>(?:[A-Z][\w$]{0,80})?(?:Error|Exception))"
    r"(?: \[(?P<code>[A-Z][A-Z0-9_]{2,60})\])?: (?P<message>[^\n]*?)\s*\Z"
)
_PLACE = re.compile(
    r"(?P<path>(?:file://|node:|\.{0,2}/)[^:()\n]{1,1000}|[A-Za-z]:\\[^:\n]{1,1000}):(?P<line>\d{1,9})\s*\Z"
)
_CARETS = re.compile(r"\s*\^[\^~ ]*\Z")
_PROPERTY = re.compile(r"\s+(?:\[?[\w$]+\]?|'[^'\n]{1,80}'): ")
_ASKED = re.compile(r"\b(?P<name>url|method): '(?P<value>[^'\n]{1,1000})'")
"""Of the properties of an HTTP client's error those that say what was asked; they become notes of it."""
_CLOSING = re.compile(r"\s*[\]})]+,?\s*\Z")
_VERSION = re.compile(r"Node\.js v\d")


def parse(lines: Sequence[str]) -> Traceback | None:
    """The first stack within `lines` with its causes; None where there is none."""
    found: list[tuple[int, Raised]] = []
    frames: list[Frame] = []
    head: tuple[int, str, str, Relation] | None = None
    message: list[str] = []
    place = _place(lines)
    inner: Relation = "direct cause"

    def close() -> None:
        nonlocal head
        if head is not None:
            depth, kind, first, relation = head
            text = "\n".join((first, *message)).rstrip()
            raised = Raised(
                type=kind, message=text, frames=tuple(reversed(frames)), notes=tuple(message), relation=relation
            )
            found.append((depth, raised))
        head = None
        frames.clear()
        message.clear()

    elsewhere = False
    asked: dict[str, str] = {}
    for line in lines:
        for name, value in _ASKED.findall(line) if line[:1] in " \t" and "'" in line else ():
            asked.setdefault(name, value)
        frame = FRAME.match(line) or _UNPLACED.match(line)
        if frame:
            if elsewhere:
                continue
            number = frame.groupdict().get("line")
            frames.append(
                Frame(
                    path=frame["path"], line=int(number) if number else None, function=(frame["function"] or "").strip()
                )
            )
            continue
        raised = RAISED.match(line) or _BRACKETED.search(line) or (_PREFIXED.match(line) if line is lines[0] else None)
        if raised and (head is None or frames or raised["key"] or inner == "member"):
            indent = len(line) - len(line.lstrip())
            relation: Relation = "" if not found and head is None else inner
            close()
            elsewhere = False
            head = (indent, raised["type"].split(" ")[0], raised["message"] or "", relation)
            continue
        if "[errors]:" in line or "[errors]: [" in line:
            inner = "member"
        elif _VERSION.match(line.strip()):
            break
        elif line.startswith("Emitted 'error' event"):
            elsewhere = True
        elif head is not None and not frames and line.strip() and not _PROPERTY.match(line):
            message.append(line)
    close()
    if found and asked:
        depth, first = found[0]
        notes = (*first.notes, *(f"{name}: {value}" for name, value in sorted(asked.items())))
        found[0] = (depth, replace(first, notes=notes))
    return _traceback(found, frames, place)


def _traceback(found: list[tuple[int, Raised]], frames: list[Frame], place: Frame | None) -> Traceback | None:
    if place is not None and found:
        first = found[0][1]
        if first.type == "SyntaxError" or not first.frames:
            found[0] = (found[0][0], _placed(first, place))
    members = [raised for _, raised in found[1:] if raised.relation == "member"]
    causes = [raised for _, raised in reversed(found[1:]) if raised.relation != "member"]
    exceptions = (*causes, *members, *(raised for _, raised in found[:1]))
    if not any(raised.frames for raised in exceptions):
        return None
    return Traceback(exceptions=exceptions, language="node", truncated=False)


def _placed(raised: Raised, place: Frame) -> Raised:
    return Raised(
        type=raised.type,
        message=raised.message,
        frames=(*raised.frames, place),
        notes=raised.notes,
        relation=raised.relation,
    )


def _place(lines: Sequence[str]) -> Frame | None:
    """The source that Node.js shows above an uncaught error: `/app/server.js:3`, the line, a caret."""
    for index, line in enumerate(lines[:-2]):
        match = _PLACE.match(line)
        if match and any(_CARETS.match(later) for later in lines[index + 2 : index + 4]):
            return Frame(path=match["path"], line=int(match["line"]), code=lines[index + 1].strip())
        if RAISED.match(line):
            return None
    return None


class Node:
    """How Node.js's stacks are found in lines that arrive one after another."""

    name = "node"

    def begins(self, line: str) -> bool:
        if line[:1] in " \t":
            return "at " in line and FRAME.match(line) is not None
        if _PLACE.match(line) is not None:
            return True
        return ("rror" in line or "xception" in line) and RAISED.match(line) is not None

    def goes_on(self, lines: Sequence[str], line: str) -> bool:
        if line[:1] in " \t":
            return True
        last = lines[-1]
        if not line.strip() or _CLOSING.match(line) or _VERSION.match(line) or _CARETS.match(line):
            return True
        if _PLACE.match(lines[0]) and not any(RAISED.match(one) for one in lines):
            return len(lines) < 6
        if line.startswith(("Require stack:", "- ", "Emitted 'error' event")):
            return True
        return RAISED.match(line) is not None and not last.strip() and not any(FRAME.match(one) for one in lines)

    def parse(self, lines: Sequence[str]) -> Traceback | None:
        return parse(lines)


LANGUAGE = Node()
