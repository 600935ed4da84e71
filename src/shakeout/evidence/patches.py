"""Unified diffs against a file of the repository, as fixes are written down."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)\n?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]+')


def unified(path: str, before: str, after: str, *, new_file: bool = False) -> str:
    """A patch in git's form that turns `before` into `after`; empty where they are equal."""
    if before == after:
        return ""
    old = "/dev/null" if new_file else _named(f"a/{path}")
    new = _named(f"b/{path}")
    rows = list(difflib.unified_diff(lines_of(before), lines_of(after)))[2:]
    text = "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows)
    mode = "new file mode 100644\n" if new_file else ""
    # A tab ends a name with a space in it.
    tab = "\t" if " " in path else ""
    return f"diff --git {_named(f'a/{path}')} {new}\n{mode}--- {old}{'' if new_file else tab}\n+++ {new}{tab}\n{text}"


def without_lines(patch: str, hidden: Callable[[str], bool]) -> str:
    """
    The patch with less context, so that no line of it is `hidden`; as it is where that cannot be.

    Hunks are cut from their ends. git takes a hunk without a line after the change for one at the end of the file, so
    at least one line stays there.
    """
    rows = lines_of(patch)
    starts = [number for number, row in enumerate(rows) if _HUNK.match(row)]
    if not starts or not any(hidden(row[1:]) for row in rows[starts[0] :]):
        return patch
    head, parts = rows[: starts[0]], []
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        part = _narrowed(rows[start], rows[start + 1 : end], hidden)
        if part is None:
            return patch
        parts += part
    return "".join([*head, *parts])


def _narrowed(header: str, body: list[str], hidden: Callable[[str], bool]) -> list[str] | None:
    """One hunk without its hidden context; None where a hidden line is needed, or belongs to another file's head."""
    found = _HUNK.match(header)
    changes = [number for number, row in enumerate(body) if not row.startswith(" ")]
    if found is None or not changes or not all(row[:1] in " +-\\" for row in body):
        return None
    first, last = changes[0], changes[-1]
    start = max((number + 1 for number in range(first) if hidden(body[number][1:])), default=0)
    end = min((number for number in range(last + 1, len(body)) if hidden(body[number][1:])), default=len(body))
    kept = body[start:end]
    if any(hidden(row[1:]) for row in kept) or (end == last + 1 < len(body)):
        return None
    old, new = (sum(row[0] in kinds for row in kept) for kinds in (" -", " +"))
    before, after = int(found[1]) + start, int(found[2]) + start
    return [f"@@ -{before},{old} +{after},{new} @@{found[3]}\n", *kept]


def lines_of(text: str) -> list[str]:
    """A text's lines with their ends, counted as git and Python count them: only a line feed ends a line."""
    rows = text.split("\n")
    return [f"{row}\n" for row in rows[:-1]] + ([rows[-1]] if rows[-1] else [])


def with_line_after(text: str, line: int, new: str) -> str:
    """The text with lines put in after `line` (1-based; 0 puts them first), ended as the text's own are."""
    rows = lines_of(text)
    end = "\r\n" if rows and rows[0].endswith("\r\n") else "\n"
    if 0 < line <= len(rows) and not rows[line - 1].endswith("\n"):
        rows[line - 1] += end
    return "".join([*rows[:line], *(f"{row}{end}" for row in new.split("\n")), *rows[line:]])


def with_line(text: str, line: int, new: str | None) -> str:
    """The text with its line `line` (1-based) replaced, or taken out with None."""
    rows = lines_of(text)
    if not 1 <= line <= len(rows):
        return text
    end = rows[line - 1][len(rows[line - 1].rstrip("\r\n")) :]
    rows[line - 1 : line] = [] if new is None else [f"{new.rstrip(chr(13))}{end}"]
    return "".join(rows)


def nearest(name: str, known: Sequence[str], cutoff: float = 0.75) -> str | None:
    """The known name most like `name` (Ratcliff and Obershelp's measure, as difflib has it), None below the cutoff."""
    found = difflib.get_close_matches(name, sorted(set(known) - {name}), n=1, cutoff=cutoff)
    return found[0] if found else None


def _named(path: str) -> str:
    """A name as git writes it: in quotes where it holds what would end it."""
    if _PLAIN.fullmatch(path):
        return path
    escaped = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escaped.get(char, char) for char in path) + '"'
