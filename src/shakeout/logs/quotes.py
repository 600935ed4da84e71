"""Words that a message only repeats: somebody's text between quotation marks, as a sentence has them."""

from __future__ import annotations

import re

# Not the values of `key=` and `"key":`, which are how loggers write an error, nor an exception's own representation.
_PROSE = re.compile(
    r"(?<=[\s(\[])(?<![:=]\s['\"])"
    r"(?:'[^'\n]{1,1000}'(?!\w)|\"[^\"\n]{1,1000}\"|`[^`\n]{1,1000}`|\u201c[^\u201d\n]{1,1000}\u201d)"
)
_ARGUMENT = re.compile(r"(?:\w\(|\(\d{1,6}, )\Z")
_KEY = re.compile(r"['\"]?:\s?\Z")
_TECHNICAL = re.compile(r"\[Errno -?\d|\bE[A-Z]{5,15}\b|\bdial tcp\b|<[\w.]+ object at 0x|\bx509:|\berrno=")


def quoted_only(text: str, words: re.Pattern[str]) -> bool:
    """
    Whether a text has `words` only between quotation marks within a sentence, and not as a library writes them.

    An error number, a constant's name or an object's representation between the marks is a library's.
    """
    if not any(mark in text for mark in "'\"`\u201c"):
        return False
    spans = [found.span() for found in _PROSE.finditer(text) if not _written_by_library(found)]
    return bool(spans) and all(
        any(begin <= match.start() and match.end() <= end for begin, end in spans) for match in words.finditer(text)
    )


def _written_by_library(quoted: re.Match[str]) -> bool:
    before = quoted.string[max(0, quoted.start() - 3) : quoted.start()]
    if _TECHNICAL.search(quoted[0]) is not None or (_KEY.search(before) is not None and before[:1] in "'\""):
        return True
    # The arguments of an exception as Python writes them: `(1049, "Unknown database 'shop'")`, `DataError('…')`.
    return _ARGUMENT.search(quoted.string, max(0, quoted.start() - 12), quoted.start()) is not None
