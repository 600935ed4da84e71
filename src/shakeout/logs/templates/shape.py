"""The shape of a key: lists, measures and repeated phrases of any length become one value, and the rest is tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.whole import SAYS, whole

_UNIT = (
    r"(?:[KMGTP]i?B|[KMGT]|[Bb]ytes?|B|[kMG]?Hz|[num]?s|msecs?|usecs?|secs?|seconds?|milliseconds?|microseconds?|"
    r"mins?|minutes?|hours?|hrs?|days?)"
)
_SPACE = re.compile(r"\s+")

# A value directly after a short run of letters had an underscore that the fold took with it.
_LOST_UNDERSCORE = re.compile(rf"{SIGN}(?<=[0-9A-Za-z]{SIGN})(?<![A-Za-z]{{20}}{SIGN})")
_NUMBERED = re.compile(r"(?<![0-9A-Za-z])([A-Za-z]{20,})[0-9](?![0-9A-Za-z])")
_PLUS_OR_MINUS = re.compile(rf"(?<![0-9A-Za-z])[-+](?={SIGN})")
_MASKED = re.compile(rf"\*{{2,}}{SIGN}")
_ABOUT = re.compile(rf"(?<![^\s=(])[<>~]=?(?={SIGN}(?:[\s,;.)]|$))")
_SIZE_TWICE = re.compile(rf"{SIGN} ?{_UNIT} \({SIGN}(?: ?{_UNIT})?\)")
_MEASURE = re.compile(rf"{SIGN} {_UNIT}(?![0-9A-Za-z_/-])")
_LIST = re.compile(rf"{SIGN}(?:[\s,;:/#.+*_&@~-]{{1,3}}{SIGN})+")
_EMPTY_VALUE = re.compile(r"(?<=[0-9A-Za-z])  (?=[0-9A-Za-z\[(])")
_NAMED = re.compile(rf"(?<![0-9A-Za-z])[A-Za-z]{{2,4}}[0-9](?=[.:_/@-]{{1,2}}{SIGN})")
_HOLLOW = re.compile(r"\( ?\)|\[ ?\]|<>|\"\\?\"")
_EMPTY = re.compile(r"(?<=\s)\(\s*\)|(?<=[\s\w])\[\s*\]|(?<==)<>|(?<=[ :])(?:\"\"(?!\")|\\\"\\\")")
_UNSET = re.compile(r"=(?=[,;)\]}]|$|\s+[\w.]+=)")
_QUOTED_SETTING = re.compile(r"""([\w.]*=)(?:"(?:[^"\\]|\\.)*"|"[^"]*"|'[^']*')""")
_WRAPPED_SETTING = re.compile(rf"(?<==)[\w.$]*(?:\({SIGN}\)|\[{SIGN}\]|\{{{SIGN}\}})")
MARKS = r"\s=:,;()\[\]{}<>\"'|"
"""What divides tokens, to stand between the brackets of an expression."""

_WORD = rf"(?:(?!\.{{3}})[^{MARKS}])+"
_TOKEN = re.compile(rf"\s+|\.{{3,}}|{_WORD}|.", re.DOTALL)
_TOKEN_BUT_SPACE = re.compile(rf"\.{{3,}}|{_WORD}|\S")
# The same where no three dots are.
_SIMPLE_TOKEN = re.compile(rf"\s+|[^{MARKS}]+|.", re.DOTALL)
_SIMPLE_TOKEN_BUT_SPACE = re.compile(rf"[^{MARKS}]+|\S")
_DIGIT = re.compile(r"[0-9]")

_MINUS, _PLUS = f"-{SIGN}", f"+{SIGN}"
_MOST_PARTS = 4
_LONGEST_PART = 60

SHORT = 500
"""Characters of a text below which what is found out about it is remembered: long ones would take much memory."""

Tokens = tuple[str, ...]


def restored(key: str) -> str:
    """The key with the underscores that the fold took, without the signs of numbers."""
    text = _LOST_UNDERSCORE.sub(f"_{SIGN}", key)
    return _PLUS_OR_MINUS.sub("", text) if _MINUS in text or _PLUS in text else text


def shape(key: str) -> str:
    """
    The key with one value for each list, measure and repeated phrase.

    `12 bytes (1.1 KB)`, `1, 2, 3`, `<1 sec` and `node 1 ok node 2 ok` have as many parts as they happen to have: lines
    that differ in this alone are one event.
    """
    return _remembered(key) if len(key) < SHORT else _shape(key)


@lru_cache(maxsize=1 << 13)
def _remembered(key: str) -> str:
    return _shape(key)


def _shape(key: str) -> str:
    text = whole(" ".join(restored(key).split()))
    digit = _DIGIT.search(text) is not None
    if digit:
        text = _NUMBERED.sub(rf"\1{SIGN}", text)
    if SIGN in text:
        if ">" in text or "<" in text or "~" in text:
            text = _ABOUT.sub("", text)
        if f"*{SIGN}" in text:
            text = _MASKED.sub(SIGN, text)
        if f" ({SIGN}" in text:
            text = _SIZE_TWICE.sub(SIGN, text)
        text = _MEASURE.sub(SIGN, text)
        if digit:
            text = _NAMED.sub(SIGN, text)
    if _HOLLOW.search(text):
        text = _EMPTY.sub(_filled, text)
    if "=" in text:
        text = _UNSET.sub(f"={SIGN}", text)
    text = _LIST.sub(SIGN, text)
    if "=" in text:
        text = _QUOTED_SETTING.sub(_unless_said, text)
        text = _WRAPPED_SETTING.sub(SIGN, text)
    return _once(text)


def _filled(empty: re.Match[str]) -> str:
    half = len(empty[0]) // 2
    return f"{empty[0][:half]}{SIGN}{empty[0][half:].lstrip()}"


def _unless_said(setting: re.Match[str]) -> str:
    return setting[0] if setting[1].lower().rstrip("=") in SAYS else f"{setting[1]}{SIGN}"


def _once(text: str) -> str:
    """
    A text with each run of equal phrases but once; a phrase is up to `_MOST_PARTS` stretches with a value behind each.

    The first stretch of a phrase may begin within what stands before its value: `sum: up 1 up 2` has `up` twice.
    """
    parts = text.split(SIGN)
    last = len(parts) - 1
    kept: list[str] = []
    at = 0
    while at < last:
        size = _repeated(parts, at, last)
        kept += parts[at : at + (size or 1)]
        at += size or 1
        again = parts[at : at + size]
        while size and at + size <= last and parts[at : at + size] == again:
            at += size
    return SIGN.join((*kept, parts[last]))


def _repeated(parts: Sequence[str], at: int, last: int) -> int:
    """How many parts are the phrase that begins earliest in a part and comes again at once; 0 if none does."""
    found, longest = 0, 0
    for size in range(1, min(_MOST_PARTS, (last - at) // 2) + 1):
        again = parts[at + size : at + 2 * size]
        if (
            len(again[0]) > longest
            and parts[at].endswith(again[0])
            and parts[at + 1 : at + size] == again[1:]
            and all(0 < len(part) <= _LONGEST_PART and "|" not in part for part in again)
        ):
            found, longest = size, len(again[0])
    return found


def with_empty_value(key: str) -> str | None:
    """The shape of a key with a value between two words that have two spaces between them; None if it has no such."""
    filled = _EMPTY_VALUE.sub(f" {SIGN} ", key)
    return shape(filled) if filled != key else None


@lru_cache(maxsize=1 << 14)
def tokens(text: str) -> Tokens:
    """Words, punctuation marks, values and runs of space and of dots, which together are the text again."""
    return tuple((_TOKEN if "..." in text else _SIMPLE_TOKEN).findall(text))


def words(text: str) -> Tokens:
    """As `tokens`, without space."""
    return tuple((_TOKEN_BUT_SPACE if "..." in text else _SIMPLE_TOKEN_BUT_SPACE).findall(text))


def spaced(key: str) -> Tokens:
    """The tokens of a key with one space wherever there is space, as they are shown."""
    return tokens(_SPACE.sub(" ", restored(key)).strip())


def aligned(rows: Sequence[Tokens]) -> list[str] | None:
    """The tokens of all rows with the sign where they differ; None if they have not the same outline."""
    if len({len(row) for row in rows}) != 1:
        return None
    parts: list[str] = []
    for column in zip(*rows, strict=True):
        different = set(column)
        if len(different) == 1:
            parts.append(column[0])
        elif any((len(token) == 1 and not token.isalnum() and token != SIGN) or token.isspace() for token in different):
            return None
        else:
            parts.append(SIGN)
    return parts
