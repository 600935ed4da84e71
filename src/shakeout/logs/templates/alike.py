"""Keys that belong to a pattern of another outline, because a value of theirs has punctuation or is not there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.group import fits, outline_of, row_of
from shakeout.logs.templates.part import Row
from shakeout.logs.templates.shape import with_empty_value

SPOKEN = 4
"""How many words a pattern must have for a name with a number to be taken for a value of its own."""

KEYS = 4
"""How many different words must be seen in front of the last `=` of lines for all that follows it to be one value."""

_NUMBERED = re.compile(rf"(?<![^\s=(])[A-Za-z][\w-]*:{SIGN}(?![^\s),])")
_SETTING = (SIGN, "=", SIGN)


def alike(shapes: Mapping[str, str], patterns: Mapping[str, Row]) -> dict[str, Row]:
    """
    The patterns of keys that are equal to one but for a value: of `shapes` of keys, by the `patterns` of shapes.

    Where nobody gave a name, `invalid user  from 10.0.0.7` is `invalid user bob from 10.0.0.7`; a host without a
    domain, `cache:80 refused the call`, is `cache.example.com:80 refused the call`; and where `Environment: home=/root`
    has many keys, `Environment: vendor=Example Corporation` is one of them.
    """
    known: dict[Row, set[Row]] = defaultdict(set)
    for pattern in patterns.values():
        known[outline_of(pattern)].add(pattern)
    settings = list(_settings(shapes.values(), patterns))
    found: dict[str, Row] = {}
    for key, text in shapes.items():
        own = patterns[text]
        fitting = {
            pattern
            for row, least in _others(key, text)
            for pattern in known.get(outline_of(row), ())
            if pattern != own and _spoken(pattern) >= least and fits(pattern, row)
        }
        if settings and "=" in text:
            row = row_of(text)
            fitting.update(pattern for pattern in settings if pattern != own and _ends(pattern, row))
        if fitting:
            found[key] = min(fitting)
    with_keys = {patterns[text] for key, text in shapes.items() if key not in found}
    return {key: pattern for key, pattern in found.items() if pattern in with_keys}


def _others(key: str, text: str) -> Iterator[tuple[Row, int]]:
    """Rows that a key may as well have, each with how many words must agree."""
    if "  " in key and (filled := with_empty_value(key)) is not None:
        yield row_of(filled), 0
    if f":{SIGN}" in text:
        for name in _NUMBERED.finditer(text):
            yield row_of(f"{text[: name.start()]}{SIGN}{text[name.end() :]}"), SPOKEN


def _settings(shapes: Iterable[str], patterns: Mapping[str, Row]) -> Iterator[Row]:
    """Patterns that end in a setting of which the key is a value, the only setting in them."""
    keys: dict[Row, set[str]] = defaultdict(set)
    for text in shapes:
        pattern = patterns[text]
        if pattern[-3:] == _SETTING and pattern.count("=") == 1 and _spoken(pattern) > 1:
            keys[pattern].add(row_of(text)[-3])
    return (pattern for pattern, words in keys.items() if len(words) >= KEYS)


def _ends(pattern: Row, row: Row) -> bool:
    at = len(pattern) - 2
    return row.count("=") == 1 and row[at : at + 1] == ("=",) and fits(pattern[: at - 1], row[: at - 1])


def _spoken(pattern: Row) -> int:
    return sum(1 for token in pattern if any(map(str.isalpha, token)))
