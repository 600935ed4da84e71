"""
`.gcloudignore` as `gcloud` reads it, which is not quite as git reads `.gitignore`.

A pattern is matched from its end, folder by folder, so that `a/b` without a slash before it means one at any depth; one
with `**` in it is anchored at the top. A backslash only takes itself away, and a class is negated by `!` alone. The
last pattern that matches decides; what lies in a folder that is left out cannot be brought back. Where there is no such
file in a folder that git knows, `.gitignore` stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

NAME = ".gcloudignore"
DEFAULT = (NAME, ".git", ".gitignore")
"""What `gcloud` leaves out where there is no `.gcloudignore`, besides what `.gitignore` says."""
_INCLUDE = re.compile(r"#\s*!include:(.*)")
_STEP = re.compile(r"\\.|.", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class IgnoreLine:
    """One pattern with the file and line that it stands at; line 0 is a default that no file has."""

    text: str
    path: str
    line: int
    negated: bool
    folders_only: bool
    anchored: bool
    parts: tuple[str, ...]
    """The pattern by folders; `**` stands for any number of them."""


def read_lines(path: str, read: Callable[[str], str | None], depth: int = 0) -> tuple[IgnoreLine, ...]:
    """The patterns of an ignore file and of those that it includes; `read` gives a file's text."""
    found: list[IgnoreLine] = []
    for number, row in enumerate((read(path) or "").split("\n"), 1):
        included = _INCLUDE.fullmatch(row.rstrip("\r"))
        if included is not None:
            # An included file includes no other.
            if depth == 0 and "/" not in included[1]:
                folder = path.rpartition("/")[0]
                found += read_lines(f"{folder}/{included[1]}" if folder else included[1], read, depth + 1)
            continue
        line = _line(row.rstrip("\r"), path, number)
        if line is not None:
            found.append(line)
    return tuple(found)


def upload_lines(folder: str, read: Callable[[str], str | None]) -> tuple[IgnoreLine, ...]:
    """
    What counts when a folder of a repository is uploaded; an empty text is the repository's top.

    Paths are relative to that folder. `read` gives the text of a file of the repository, None where there is none.
    """
    prefix = f"{folder}/" if folder else ""
    if read(f"{prefix}{NAME}") is not None:
        return read_lines(f"{prefix}{NAME}", read)
    if folder and read(f"{prefix}.gitignore") is None:
        return ()
    own = [line for name in DEFAULT if (line := _line(name, NAME, 0)) is not None]
    return (*own, *read_lines(f"{prefix}.gitignore", read, depth=1))


def _line(row: str, path: str, number: int) -> IgnoreLine | None:
    if row.startswith("#"):
        return None
    pattern = row.removeprefix("!")
    folders_only = pattern.endswith("/")
    steps = _STEP.findall(pattern.removesuffix("/"))
    while steps and steps[-1] == " ":
        steps.pop()
    pattern = "".join(steps).replace("\\ ", " ")
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        return None
    pattern = re.sub(r"\\([^\\])", r"\1", pattern).replace("\\\\", "\\")
    if not pattern:
        return None
    parts = tuple(pattern.split("/"))
    above = parts[0] == ""
    return IgnoreLine(
        text=row.rstrip(" ") or row,
        path=path,
        line=number,
        negated=row.startswith("!"),
        folders_only=folders_only,
        anchored=above or "**" in parts,
        parts=parts[1:] if above else parts,
    )


def deciding_line(path: str, lines: Sequence[IgnoreLine], *, above: bool = False) -> IgnoreLine | None:
    """
    The line that keeps a file out, None where it is uploaded; `path` is relative to the folder that is uploaded.

    With `above`, the line that keeps a folder out in which it lies: then no exception brings it back.
    """
    parts = path.split("/")
    for length in range(1, len(parts) + (not above)):
        folder = length < len(parts)
        for line in reversed(lines):
            if (folder or not line.folders_only) and _fits(line, parts[:length]):
                if not line.negated:
                    return line
                break
    return None


def _fits(line: IgnoreLine, parts: Sequence[str]) -> bool:
    """Whether a pattern matches a whole path (or its end), folder by folder; each pair of places is looked at once."""
    pattern = line.parts
    if not line.anchored:
        return _fits_end(pattern, parts)
    reached = {0}
    for part in parts:
        following = set()
        for place in _through(reached, pattern):
            if place < len(pattern):
                if pattern[place] == "**":
                    following.add(place)
                elif fnmatchcase(part, pattern[place]):
                    following.add(place + 1)
        reached = following
    return len(pattern) in _through(reached, pattern)


def _fits_end(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    count = len(pattern)
    tail = parts[-count:]
    if not all(fnmatchcase(part, one) for part, one in zip(reversed(tail), reversed(pattern), strict=False)):
        return False
    if len(tail) < count:
        # The first part of the pattern may stand for the uploaded folder itself.
        return len(tail) == count - 1 and fnmatchcase("", pattern[0])
    # `*` alone at the beginning is one folder and not any number: what is above may have one letter.
    return pattern[0] != "*" or len("/".join(parts[:-count])) <= 1


def _through(places: set[int], pattern: Sequence[str]) -> set[int]:
    found = set(places)
    for place, part in enumerate(pattern):
        if place in found and part == "**":
            found.add(place + 1)
    return found
