"""Unified diffs against a file of the repository, as fixes are written down."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def unified(path: str, before: str, after: str, *, new_file: bool = False) -> str:
    """A patch in git's form that turns `before` into `after`; empty where they are equal."""
    if before == after:
        return ""
    old = "/dev/null" if new_file else f"a/{path}"
    rows = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, f"b/{path}")
    text = "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows)
    mode = "new file mode 100644\n" if new_file else ""
    return f"diff --git a/{path} b/{path}\n{mode}{text}"


def with_line_after(text: str, line: int, new: str) -> str:
    """The text with a line put in after `line` (1-based; 0 puts it first)."""
    rows = text.splitlines(keepends=True)
    if 0 < line <= len(rows) and not rows[line - 1].endswith("\n"):
        rows[line - 1] += "\n"
    return "".join([*rows[:line], f"{new}\n", *rows[line:]])


def with_line(text: str, line: int, new: str | None) -> str:
    """The text with its line `line` (1-based) replaced, or taken out with None."""
    rows = text.splitlines(keepends=True)
    if not 1 <= line <= len(rows):
        return text
    end = "\n" if rows[line - 1].endswith("\n") else ""
    rows[line - 1 : line] = [] if new is None else [f"{new}{end}"]
    return "".join(rows)


def nearest(name: str, known: Sequence[str], cutoff: float = 0.75) -> str | None:
    """The known name most like `name` (Ratcliff and Obershelp's measure, as difflib has it), None below the cutoff."""
    found = difflib.get_close_matches(name, sorted(set(known) - {name}), n=1, cutoff=cutoff)
    return found[0] if found else None
