"""Unified diffs against a file of the repository, as fixes are written down."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

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
