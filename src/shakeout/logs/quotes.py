"""Words that a message only repeats: somebody's text between quotation marks, or behind `customer 7 wrote:`."""

from __future__ import annotations

import re

# Not the values of `key=` and `"key":`, which are how loggers write an error, nor an exception's own representation.
_PROSE = re.compile(
    r"(?<=[\s(\[])(?<![:=]\s['\"])"
    r"(?:'[^'\n]{1,1000}'(?!\w)|\"[^\"\n]{1,1000}\"|`[^`\n]{1,1000}`|\u201c[^\u201d\n]{1,1000}\u201d)"
)
_PERSON = (
    r"(?:user|customer|visitor|guest|author|player|student|patient|commenter|poster|somebody|someone|chat)"
    # `the user service said` is a program's.
    r"(?![-_ ](?:service|svc|api|db|database|server|backend|store|pool|agent|process|module|client|gateway)\b)"
)
_TEXT = r"(?:message|comment|ticket|question|review|feedback|chat|post|reply|e-?mail|note|prompt|query|subject|title)"
# What introduces somebody's own words: they go on to the end of the line.
_SPEECH = re.compile(
    rf"\b{_PERSON}\b[^\n:=]{{0,40}}?\b(?:wrote|writes|said|says|asked|asks|posted|typed|commented|replied|reported"
    r"|searched(?: for)?|complained):?\s"
    rf"|\b{_TEXT} (?:#?[\w-]{{1,40}} )?(?:from|of|by) (?:{_PERSON}\b|[#@<]?\d{{1,12}}(?![.\d]))[^\n:]{{0,60}}: "
    rf"|\b(?:ticket|comment|question|review|post) #?\d[\w-]{{0,30}}(?: says)?: "
    r"|\bsearch(?:ed|es|ing)?\b(?: for| query| term| text)?[ :]{0,2}\b(?:q|query|term|text|for)\s?[=:]\s?"
    r"|\bflagged: |\bheadline: ",
    re.I,
)
# Nobody programs a message like that.
_SPOKEN = re.compile(
    r"\bI (?:get|got|see|saw|keep|always|have|had|cannot|can't|tried|try|run|ran)\b|\bI'(?:m|ve)\b"
    r"|\bmy (?:app|build|code|laptop|machine|server|pod|site|page|computer|phone|script|program|project|deploy)\b"
    r"|\bwhat now\b|\bplease help\b|, help\b|\bany ideas?\b|\bhow (?:do|can|to) (?:I|fix|we)\b"
)
_ARGUMENT = re.compile(r"(?:\w\(|\(\d{1,6}, )\Z")
_KEY = re.compile(r"['\"]?:\s?\Z")
_TECHNICAL = re.compile(r"\[Errno -?\d|\bE[A-Z]{5,15}\b|\bdial tcp\b|<[\w.]+ object at 0x|\bx509:|\berrno=")


def spoken(text: str) -> int | None:
    """Where somebody's own words begin in the first line of a text, None where it has none."""
    first = text.partition("\n")[0][:3000]
    if _SPOKEN.search(first) is not None:
        return 0
    found = _SPEECH.search(first)
    return found.end() if found is not None else None


def quoted_only(text: str, words: re.Pattern[str]) -> bool:
    """
    Whether a text has `words` only as somebody's: between quotation marks within a sentence, or behind what introduces
    a person's words, and not as a library writes them.

    An error number, a constant's name or an object's representation between the marks is a library's.
    """
    begun = spoken(text)
    if begun is None and not any(mark in text for mark in "'\"`\u201c"):
        return False
    spans = [found.span() for found in _PROSE.finditer(text) if not _written_by_library(found)]
    if begun is not None:
        spans.append((begun, len(text.partition("\n")[0])))
    return bool(spans) and all(
        any(begin <= match.start() and match.end() <= end for begin, end in spans) for match in words.finditer(text)
    )


def _written_by_library(quoted: re.Match[str]) -> bool:
    before = quoted.string[max(0, quoted.start() - 3) : quoted.start()]
    if _TECHNICAL.search(quoted[0]) is not None or (_KEY.search(before) is not None and before[:1] in "'\""):
        return True
    # The arguments of an exception as Python writes them: `(1049, "Unknown database 'shop'")`, `DataError('…')`.
    return _ARGUMENT.search(quoted.string, max(0, quoted.start() - 12), quoted.start()) is not None
