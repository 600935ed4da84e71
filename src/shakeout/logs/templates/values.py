"""What kind of thing a value is, and the values of a template's examples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

Kind = Literal[
    "number", "hex", "uuid", "address", "path", "duration", "size", "quoted", "identifier", "timestamp", "text"
]

SAMPLES = 5
SAMPLE_LIMIT = 200

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("uuid", r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    (
        "timestamp",
        r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T _-]?\d{1,2}[:.]\d{2}.*)?"
        r"|\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?Z?|1[0-9]{9}(?:\d{3})?"
        r"|(?:[A-Z][a-z]{2},? +)?[A-Z][a-z]{2} +\d{1,2},?(?: +\d{4})? +\d{1,2}:\d{2}:\d{2}.*",
    ),
    ("size", r"[-+]?\d+(?:\.\d+)? ?(?:[KMGTP]i?B|[Bb]ytes?|B|[kMGT]b?)"),
    (
        "duration",
        r"[<~]? ?\d+(?:\.\d+)? ?(?:[num]?s|µs|secs?|seconds?|mins?|minutes?|h|hours?|days?)|\d{1,3}:\d{2}",
    ),
    ("number", r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?%?|[-+]?\d+(?:[.,]\d+)?%?"),
    (
        "address",
        r"/?(?:\d{1,3}\.){3}\d{1,3}(?:[:/]\d+)?|\[?[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F.]*\]?(?:%\w+)?|"
        r"[a-zA-Z][a-zA-Z0-9+.-]*://.+|[\w.%+-]+@[\w.-]+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?",
    ),
    ("path", r"~?/.*|[A-Za-z]:\\.*|\\\\.*"),
    ("hex", r"0x[0-9a-fA-F]+|(?=.*\d)[0-9a-f]{6,}|(?=.*\d)[0-9A-F]{6,}"),
    ("quoted", r"\"[^\"]*\"|'[^']*'|`[^`]*`"),
    ("identifier", r"[^\s\"']*[0-9A-Za-z][^\s\"']*"),
)
_KINDS = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)


def kind_of(samples: Iterable[str]) -> Kind:
    """The narrowest kind that every sample is; text if they have none in common."""
    values = list(samples)
    if not values:
        return "text"
    for kind, pattern in _KINDS:
        if all(pattern.fullmatch(value) for value in values):
            return kind
    return "text"


def values_of(pieces: Sequence[str], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """
    The distinct values between the pieces of a template over `texts`, in order of appearance, bounded.

    `pieces` is what a template's text has before, between and behind its wildcards; space of any length is the same.
    """
    places: list[dict[str, None]] = [{} for _ in pieces[1:]]
    for text in texts:
        for place, value in zip(places, _between(pieces, " ".join(text.split())), strict=False):
            if len(place) < SAMPLES:
                place[value.strip()[:SAMPLE_LIMIT]] = None
    return [tuple(place) for place in places]


def _between(pieces: Sequence[str], text: str) -> list[str]:
    """What stands between the pieces in a text; nothing if they are not in it in this order."""
    first, last = pieces[0].lstrip(), pieces[-1].rstrip()
    if not text.startswith(first) or not text.endswith(last):
        return []
    found: list[str] = []
    start = len(first)
    for piece in pieces[1:-1]:
        at = text.find(piece, start)
        if at < 0:
            return []
        found.append(text[start:at])
        start = at + len(piece)
    end = len(text) - len(last)
    return [*found, text[start:end]] if end >= start else []
