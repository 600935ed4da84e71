"""How clients say that a server closed a live connection."""

from __future__ import annotations

import re

from shakeout.logs.errorlog import Occurrence

_CLOSED = (
    # websockets, and what is built on it: `received 1011 (internal error); then sent 1011 (internal error)`
    re.compile(r"(?:^|: |\()received (?P<code>1\d{3}|[34]\d{3}) \("),
    re.compile(
        r"\bweb ?socket\b[^\n]{0,60}\bclosed?\b[^\n]{0,40}?\b(?:code|status)?[ :=(]{1,3}(?P<code>1\d{3}|[34]\d{3})\b",
        re.I,
    ),
    # gorilla, nhooyr, Node.js' undici: `websocket: close 1011 (internal server error)`
    re.compile(r"\bwebsocket: close (?P<code>1\d{3}|[34]\d{3})\b"),
    re.compile(r"\bclose code[ :=]{1,3}(?P<code>1\d{3}|[34]\d{3})\b", re.I),
)
_ORDINARY = frozenset({1000, 1001, 1005})
"""Codes of connections that ended as they should."""
LIMIT = 2000
"""Characters of a text that are looked at."""


def closed_with(occurrence: Occurrence) -> int | None:
    """The close code of which a logged error tells; None where it tells of none, or of an ordinary end."""
    text = occurrence.text[:LIMIT]
    found = next((match for pattern in _CLOSED if (match := pattern.search(text)) is not None), None)
    if found is None:
        return None
    code = int(found["code"])
    return code if code not in _ORDINARY else None
