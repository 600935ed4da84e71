"""Values that cannot be written as JSON."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.websocket.claims import NotSerialisable
from shakeout.catalogue.websocket.family import websocket
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Remedy
from shakeout.why.links import Unknown

_WORDS = re.compile(
    r"Object of type (?P<a>\w{1,60}) is not JSON serializable|Type is not JSON serializable: (?:\w+\.)*(?P<b>\w{1,60})"
    r"|Encoding objects of type (?:\w+\.)*(?P<c>\w{1,60}) is unsupported|can not serialize '(?:\w+\.)*(?P<d>\w{1,60})'"
)
_MADE_BY = {
    "datetime": r"\bdatetime(?:\.\w+)*\(|\butcnow\(",
    "date": r"\bdate(?:\.\w+)*\(|\.date\(",
    "UUID": r"\bUUID\(|\buuid[1-8]\(",
    "bytes": r"\bbytes\(|\.encode\(|\.digest\(|\btoken_bytes\(|\bb[\"']",
    "set": r"\bset\(|(?<![\w\"'])\{[^:{}]+\}",
    "PosixPath": r"\bPath\(",
    "timedelta": r"\btimedelta\(",
}

_FORMS = {
    "datetime": "by `.isoformat()`",
    "date": "by `.isoformat()`",
    "bytes": "by `.hex()`",
    "set": "by `sorted(...)`",
    "timedelta": "by `.total_seconds()`",
}


@websocket.rule
def value_is_not_serialisable(
    raised: ExceptionRaised, log: ErrorLog, paths: SourcePaths, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    A message holds a value that JSON has no form for.

    ## What you see
    A TypeError that names the type, out of the code that writes a message; those that wait for it get nothing.

    ## Why it happens
    A field was added with a value as the program has it: a moment, a set, bytes. It has to be made text first.

    ## How we know
    The exception names the type, and exactly one line of the functions in its traceback makes a value of it.
    Where a line that writes the message was changed after that one, it is the line at fault.

    ## What to change
    Write the value as text or number on that line, for example `.isoformat()` for a moment.
    """
    match = _WORDS.search(raised.message[:500])
    occurrence = log.get(raised.key)
    if match is None or occurrence is None or occurrence.traceback is None:
        return
    name = next(group for group in match.groups() if group)
    made = re.compile(_MADE_BY.get(name, rf"\b{re.escape(name)}(?:\.\w+)*\("))
    found: dict[tuple[str, int], None] = {}
    for frame in occurrence.traceback.first.frames:
        path = paths.find(frame.path)
        if path is None or frame.line is None:
            continue
        for number, row in _function(repository, path, frame.line):
            if made.search(row):
                found.setdefault((path, number))
    if len(found) != 1:
        yield Unknown(f"where the {name} comes from")
        return
    ((path, number),) = found
    path, number = _newest(repository, [(path, number), *_senders(repository, paths, occurrence, path)])
    quoted = repository.quote(path, number)
    if quoted is not None:
        summary = f"write the {name} at {path}:{number} as text or number, for example {_FORMS.get(name, 'with str()')}"
        yield Because(
            NotSerialisable(name, quoted.locator),
            [quoted, *occurrence.evidence[:1]],
            fix=Remedy("words", summary),
        )


def _senders(repository: Repository, paths: SourcePaths, occurrence: Occurrence, path: str) -> list[tuple[str, int]]:
    """The lines of one file on the way to the exception, the innermost first."""
    frames = occurrence.traceback.first.frames if occurrence.traceback is not None else ()
    return [(path, frame.line) for frame in reversed(frames) if frame.line and paths.find(frame.path) == path]


def _newest(repository: Repository, places: list[tuple[str, int]]) -> tuple[str, int]:
    """The first of the places, or the one that was written after it: that is when value and writing came together."""
    chosen = places[0]
    first = repository.origin(*chosen)
    if first is None:
        return chosen
    for place in places[1:]:
        origin = repository.origin(*place)
        if origin is not None and origin.commit.hash != first.commit.hash and origin.commit.date > first.commit.date:
            return place
    return chosen


def _function(repository: Repository, path: str, line: int) -> list[tuple[int, str]]:
    """The lines of the function around a line, with their numbers; that line alone where it is in none."""
    rows = repository.lines(path)
    around: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    try:
        tree = ast.parse(repository.text(path) or "")
    except (SyntaxError, ValueError, RecursionError):
        tree = ast.Module([], [])
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= line <= (node.end_lineno or 0):
            around.append(node)
    inner = max(around, key=lambda node: node.lineno, default=None)
    first, last = (inner.lineno + 1, inner.end_lineno or inner.lineno) if inner is not None else (line, line)
    return [(number, rows[number - 1]) for number in range(first, min(last, len(rows)) + 1)]
