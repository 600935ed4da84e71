"""Takes secrets out of text, by shape and by value."""

from __future__ import annotations

import re
from collections.abc import Iterable

MARK = "[redacted]"

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@host in any URL: the user stays, the password goes.
    (re.compile(r"(?<=://)([^\s:/@]{0,128}):([^\s/@]{1,256})@"), rf"\1:{MARK}@"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{4,4096}\.[A-Za-z0-9_-]{4,2048}"), MARK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.~-]{8,4096}"), rf"\1 {MARK}"),
    (
        re.compile(
            r"(?i)([\"']?[\w.-]{0,40}(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key)"
            r"[\w.-]{0,20}[\"']?\s{0,3}[=:]\s{0,3}[\"']?)([^\s\"',;&]{6,512})"
        ),
        rf"\1{MARK}",
    ),
)


class Redactor:
    """
    Takes out known secret values as well as secret shapes.

    `values` are the secrets of one release; values shorter than four characters are left alone, since replacing them
    would destroy ordinary text.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = sorted({value for value in values if len(value) >= 4}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, MARK)
        return redact(text)


def redact(text: str) -> str:
    """Return `text` with everything that has the shape of a secret replaced by `[redacted]`."""
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text
