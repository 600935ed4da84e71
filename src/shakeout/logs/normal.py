"""The normal form of an error's text: what varies between equal errors is masked, what tells errors apart stays."""

from __future__ import annotations

import re

# Small numbers stay: exit statuses, HTTP statuses, ports and line numbers tell errors apart.
_VARYING = re.compile(
    r"""
      (?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)
    | (?P<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)
    | (?P<address>\b0x[0-9a-fA-F]{4,16}\b)
    | (?P<hex>\b(?=[a-f]*\d)[0-9a-f]{8,64}\b)
    | (?P<duration>\b\d{1,9}(?:\.\d{1,9})?\s?(?:ms|us|µs|ns|s|seconds|sec|MiB|MB|KiB|bytes)\b)
    | (?P<decimal>\b\d{1,9}\.\d{2,9}\b(?!\.))
    | (?P<number>\b\d{6,}\b)
    """,
    re.X,
)
_DIGITS = re.compile(r"\d+")


def normal(text: str) -> str:
    """`text` with times, identifiers, addresses, durations and long numbers masked as `<time>`, `<uuid>`, …"""
    return _VARYING.sub(_masked, text[:4000])


def _masked(match: re.Match[str]) -> str:
    return f"<{match.lastgroup}>"


def coarse(text: str) -> str:
    """The normal form with every number masked: for errors of which there would be too many kinds."""
    return _DIGITS.sub("<number>", normal(text))
