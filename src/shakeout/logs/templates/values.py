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


def values_of(pattern: re.Pattern[str], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The distinct values at each place of `pattern` over `texts`, in order of appearance, bounded."""
    places: list[dict[str, None]] = [{} for _ in range(pattern.groups)]
    for text in texts:
        if found := pattern.fullmatch(text):
            for place, value in zip(places, found.groups(), strict=True):
                if len(place) < SAMPLES:
                    place[(value or "").strip()[:SAMPLE_LIMIT]] = None
    return [tuple(place) for place in places]
