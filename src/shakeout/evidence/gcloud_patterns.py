"""
`.gcloudignore`: gitignore's rules, with `#!include:` and defaults of its own.

A pattern without a slash (other than at its end) matches at any depth; the last one that matches decides; what lies in
a folder that is left out cannot be brought back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

DEFAULT = (".gcloudignore", ".git", ".gitignore")
"""What `gcloud` leaves out where there is no `.gcloudignore`, besides what `.gitignore` says."""
_INCLUDES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class IgnoreLine:
    """One pattern with the file and line that it stands at."""

    text: str
    path: str
    line: int
    negated: bool
    folders_only: bool
    parts: tuple[str, ...]
    """The pattern by folders; `**` stands for any number of them."""


def read_lines(path: str, read: Callable[[str], str | None], depth: int = 0) -> tuple[IgnoreLine, ...]:
    """The patterns of an ignore file and of those that it includes; `read` gives a file's text."""
    text = read(path)
    found: list[IgnoreLine] = []
    rows = (text or "").removeprefix("\ufeff").split("\n")
    for number, row in enumerate((row.rstrip("\r") for row in rows), 1):
        if row.startswith("#!include:"):
            if depth < _INCLUDES:
                found += read_lines(row.removeprefix("#!include:").strip(), read, depth + 1)
            continue
        line = _line(row, path, number)
        if line is not None:
            found.append(line)
    return tuple(found)


def _line(row: str, path: str, number: int) -> IgnoreLine | None:
    text = row
    while text.endswith(" ") and not text.endswith("\\ "):
        text = text[:-1]
    if not text or text.startswith("#"):
        return None
    pattern = text
    negated = pattern.startswith("!")
    pattern = pattern[1:] if negated else pattern
    folders_only = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    if not pattern:
        return None
    anchored = "/" in pattern
    parts = tuple(part for part in pattern.split("/") if part)
    return IgnoreLine(
        text=text, path=path, line=number, negated=negated, folders_only=folders_only,
        parts=parts if anchored else ("**", *parts),
    )  # fmt: skip


def deciding_line(path: str, lines: Sequence[IgnoreLine]) -> IgnoreLine | None:
    """The line that keeps a file out, None where it is uploaded."""
    parts = path.split("/")
    for length in range(1, len(parts) + 1):
        folder = length < len(parts)
        for line in reversed(lines):
            if (folder or not line.folders_only) and _fits(line.parts, parts[:length]):
                if not line.negated:
                    return line
                break
    return None


def _fits(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether a pattern matches a whole path, folder by folder; each pair of places is looked at once."""
    reached = {0}
    for part in parts:
        reached = _through(reached, pattern)
        following = set()
        for place in reached:
            if place < len(pattern):
                if pattern[place] == "**":
                    following.add(place)
                elif _part_fits(pattern[place], part):
                    following.add(place + 1)
        reached = following
    return len(pattern) in reached or (bool(parts) and len(pattern) - 1 in reached and pattern[-1] == "**")


def _through(places: set[int], pattern: Sequence[str]) -> set[int]:
    found = set(places)
    for place, part in enumerate(pattern):
        if place in found and part == "**":
            found.add(place + 1)
    return found


def _part_fits(pattern: str, part: str) -> bool:
    """One folder's name against a pattern without slashes: a walk over states, linear for each letter."""
    tokens = re.findall(r"\\.|\[[!^]?\]?[^\]]*\]|\*+|.", pattern, re.S)
    states = {0}
    for letter in part:
        following = set()
        for state in _past_stars(states, tokens):
            if state < len(tokens):
                token = tokens[state]
                if token[0] == "*":
                    following.add(state)
                elif _token_takes(token, letter):
                    following.add(state + 1)
        states = following
    return len(tokens) in _past_stars(states, tokens)


def _past_stars(states: set[int], tokens: Sequence[str]) -> set[int]:
    return states | {state + 1 for state in states if state < len(tokens) and tokens[state][0] == "*"}


def _token_takes(token: str, letter: str) -> bool:
    if token == "?":
        return True
    if token[0] == "[" and len(token) > 2:
        inner = token[1:-1]
        negated = inner[0] in "!^"
        inner = inner[negated:]
        found = False
        for low, high in re.findall(r"(.)(?:-(.))?", inner, re.S):
            found = found or low <= letter <= (high or low)
        return found is not negated
    return token[-1] == letter
