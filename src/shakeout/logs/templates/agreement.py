"""Whether some keys are one event, each of them looked at."""

from __future__ import annotations

from collections.abc import Collection

from shakeout.logs.templates.group import divided, outline_of, row_of
from shakeout.logs.templates.shape import shape, with_empty_value


def agree(keys: Collection[str], names: frozenset[str]) -> bool:
    """Whether keys are of one event if nothing else is known than that some words are `names`."""
    if len(keys) == 1:
        return True
    if len({"  " in key and with_empty_value(key) is not None for key in keys}) > 1:
        return False
    rows = {row_of(text) for text in {shape(key) for key in keys}}
    if len({outline_of(row) for row in rows}) > 1:
        return False
    return sum(1 for _ in divided(sorted(rows), names)) == 1
