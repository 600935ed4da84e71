"""Lengths of time as people write them."""

from __future__ import annotations

import re
from typing import Any

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

DURATION_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9})? ?(ms|s|m|h)$"
"""For the JSON Schema."""


def parse_duration(value: Any) -> Any:
    """`20s`, `500ms`, `2m`, `1.5h` as seconds; anything but text is handed on. ValueError for other text."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError("not a length of time")
    return round(float(match[1]) * _SECONDS[match[2]], 6)
