"""
Docker's own rules for the patterns of `.dockerignore`.

They are not those of gitignore: a pattern is anchored at the root of the build context, the last one that matches
decides, and a class is negated by `^` alone. The rules are those of moby's `patternmatcher` as BuildKit uses it, where
a folder that matched counts for all below it. Matching walks a set of states over the path, so that its time is bounded
by the length of the pattern times that of the path, whatever the pattern.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_CLASS_RANGE = re.compile(r"(\\.|[^\\])(?:-(\\.|[^\\\]]))?", re.S)


class BadPatternError(ValueError):
    """A pattern that Docker refuses: the build itself ends with an error."""


@dataclass(frozen=True, slots=True)
class _Class:
    negated: bool
    ranges: tuple[tuple[str, str], ...]

    def takes(self, letter: str) -> bool:
        return any(low <= letter <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class _Any:
    """`?` (one) or `*` (any number of characters that are no slash), or `**` (any number of any)."""

    repeated: bool
    slashes: bool = False
    folders: bool = False
    """`**` in the middle: nothing at all, or anything that ends in a slash."""


_Token = str | _Class | _Any
State = int | tuple[int, str]
"""A place among the tokens; with "inside", one within a `**/` that still has to end in a slash."""


class DockerPattern:
    """One pattern, cleaned as Docker does; `negated` where it began with `!`. Raises BadPatternError."""

    def __init__(self, text: str, line: int = 0) -> None:
        self.text = text
        self.line = line
        cleaned = text.strip()
        self.negated = cleaned.startswith("!")
        cleaned = cleaned[1:].strip() if self.negated else cleaned
        if not cleaned:
            raise BadPatternError(f"illegal pattern {text!r}")
        cleaned = clean(cleaned)
        self.cleaned = cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned
        self._tokens = tuple(_tokens(self.cleaned))

    def matches(self, path: str) -> bool:
        """Whether the pattern matches this very path (not a folder above it)."""
        tokens = self._tokens
        if not any(isinstance(token, _Class | _Any) for token in tokens) and "\\" not in self.cleaned:
            return path == self.cleaned
        states: set[State] = _closed({0}, tokens)
        for letter in path:
            states = _closed(set(_stepped(states, tokens, letter)), tokens)
            if not states:
                return False
        return len(tokens) in states


def clean(path: str) -> str:
    """A path as Go's `path.Clean` gives it: without `.`, double slashes, inner `..` and a slash at the end."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    if text.startswith("**") and text[2:3] != "/" and not re.search(r"[*?\[\\]", text[2:]):
        # Docker takes what follows as the end of the path, without a slash before it.
        yield _Any(repeated=True, slashes=True)
        place = 2
    while place < len(text):
        letter = text[place]
        place += 1
        if letter == "*":
            if text[place : place + 1] != "*":
                yield _Any(repeated=True)
                continue
            place += 1
            if text[place : place + 1] == "/":
                place += 1
            yield _Any(repeated=True, slashes=True, folders=place < len(text))
        elif letter == "?":
            yield _Any(repeated=False)
        elif letter == "[":
            end, found = _class(text, place)
            place = end
            yield found
        elif letter == "\\":
            if place >= len(text):
                raise BadPatternError(f"a backslash at the end of {text!r}")
            yield text[place]
            place += 1
        else:
            yield letter


def _class(text: str, place: int) -> tuple[int, _Class]:
    negated = text[place : place + 1] == "^"
    place += negated
    ranges: list[tuple[str, str]] = []
    while place < len(text) and (text[place] != "]" or not ranges):
        match = _CLASS_RANGE.match(text, place)
        if match is None:
            break
        low, high = match[1][-1], (match[2] or match[1])[-1]
        if high < low:
            raise BadPatternError(f"the range {low}-{high} in {text!r} is the wrong way round")
        ranges.append((low, high))
        place = match.end()
    if text[place : place + 1] != "]":
        raise BadPatternError(f"'[' without ']' in {text!r}")
    return place + 1, _Class(negated, tuple(ranges))


def _closed(states: set[State], tokens: Sequence[_Token]) -> set[State]:
    stack = list(states)
    found = set(states)
    while stack:
        state = stack.pop()
        if isinstance(state, int) and state < len(tokens):
            token = tokens[state]
            if isinstance(token, _Any) and token.repeated and state + 1 not in found:
                found.add(state + 1)
                stack.append(state + 1)
    return found


def _stepped(states: set[State], tokens: Sequence[_Token], letter: str) -> Iterator[State]:
    for state in states:
        if isinstance(state, tuple):
            yield state
            if letter == "/":
                yield state[0] + 1
            continue
        if state >= len(tokens):
            continue
        token = tokens[state]
        if isinstance(token, str):
            if token == letter:
                yield state + 1
        elif isinstance(token, _Class):
            if token.takes(letter):
                yield state + 1
        elif token.folders:
            yield (state, "inside")
            if letter == "/":
                yield state + 1
        elif token.slashes:
            yield state
        elif letter != "/":
            yield state if token.repeated else state + 1


def read_patterns(text: str) -> tuple[DockerPattern, ...]:
    """The patterns of a `.dockerignore`, each with its line; comments and a byte order mark are left out."""
    found = []
    for number, row in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not row.startswith("#") and row.strip():
            found.append(DockerPattern(row.strip(), number))
    return tuple(found)


def deciding_pattern(path: str, patterns: Sequence[DockerPattern], *, prunes: bool = False) -> DockerPattern | None:
    """
    The pattern that keeps a path out, None where the path is in the build context.

    BuildKit looks at every file. Docker's classic builder and Podman's do not look into a folder that is kept out,
    unless an exception's own text begins with that folder (`!data/x.csv`, but not `!**/x.csv`): that is `prunes`.
    """
    parts = path.split("/")
    above: list[bool] = [False] * len(patterns)
    decided: DockerPattern | None = None
    for length in range(1, len(parts) + 1):
        name = "/".join(parts[:length])
        decided = None
        for number, pattern in enumerate(patterns):
            if not above[number]:
                # As Docker does: a pattern that could change nothing is not asked.
                if pattern.negated is (decided is None):
                    continue
                above[number] = pattern.matches(name)
            if above[number]:
                decided = None if pattern.negated else pattern
        if prunes and decided is not None and length < len(parts):
            begins = (f"{pattern.cleaned}/".startswith(f"{name}/") for pattern in patterns if pattern.negated)
            if not any(begins):
                return decided
    return decided
