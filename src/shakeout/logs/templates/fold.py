"""
The cheap key of a line: everything that is a value by its very shape is folded into one sign.

The fold is a pure function of the line. It is done by regular expressions over a whole column (polars, in Rust): a
small one over every line that is looked at closely (`casts`), a larger one over the distinct results only. It survives
identifiers: a random hex id, a number, an address or a path never makes a new key. So a million lines become some
hundred keys, and all thinking is done on these (`shape`, `group`).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

SIGN = "\x1a"
"""Stands for one folded value inside a key (SUBSTITUTE of ASCII)."""

WILDCARD = "<*>"
"""Stands for one value in a template's text."""

LIMIT = 4096
"""Characters of a line, its numbers folded, that a key is made from: nobody names a template by what follows."""

_REMEMBERED = 8192
_SHORT = 500

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_BOUNDARY = r"(?-u:\b)"
# A run of letters and digits with a digit in it. Two to four letters and one digit at the end (`eth0`, `ssh2`, `utf8`)
# is a word: the name of a device or a version of a protocol, which tells events apart. Twenty letters and more are a
# name that somebody wrote with a number behind it; shorter ones may be random.
_RUN = "(?:[0-9][0-9A-Za-z]*|[A-Za-z][0-9][0-9A-Za-z]*|[A-Za-z]{2,19}[0-9][0-9A-Za-z]+|[A-Za-z]{5,19}[0-9])"

NUMBERS = rf"(?:{_BOUNDARY}|_){_RUN}(?:[.:_-]+{_RUN}|_[0-9A-Za-z]+)*|[0-9]{{2,}}[0-9A-Za-z]*"
"""
The first fold: numbers, hex, addresses, versions, times, identifiers; runs with a digit in them that
are joined by signs. Linear in the line, no look-around; the simpler it is, the faster lines go.
"""

_NAMES = (
    # a template's own wildcard: its text folds to its key
    r"<\*>",
    # Sun Jul  3 10:05:25 UTC 2005 and its parts, with numbers folded
    rf"(?:{_DAY},? +)?{_MONTH} +{SIGN},?(?: +{SIGN}){{1,2}}(?: +[A-Z]{{3,4}}(?: +{SIGN})?)?",
    # addresses: scheme://…, name@host
    r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>,;)\]}\\]*[^\s\"'<>,;)\]}:.\\]",
    rf"[A-Za-z0-9._%+{SIGN}-]+@[A-Za-z0-9{SIGN}-]+(?:\.[A-Za-z0-9{SIGN}-]+)+",
    # text in quotes that were written as their numbers
    rf"\\{SIGN}[^\s\\]*\\{SIGN}",
    # paths of two parts and more, from the root or a share; of three parts, from anywhere
    r"(?:[A-Za-z]:|\\)\\[^\s\"'<>|,;)\]]+",
    rf"~?/[0-9A-Za-z_.+@%~${SIGN}-]+(?:/[0-9A-Za-z_.+@%*~${SIGN}-]+)+/?(?:\?[^\s\"'<>,;)\]}}]*)?",
    rf"[0-9A-Za-z_.{SIGN}-]+(?:/[0-9A-Za-z_.+@%~${SIGN}-]+){{2,}}",
    # a numbered file
    rf"[0-9A-Za-z_+{SIGN}-]*{SIGN}(?:\.[a-z][a-z0-9]{{0,7}}{_BOUNDARY})+",
    # a dotted name with a port
    rf"{_BOUNDARY}[A-Za-z][A-Za-z0-9_$-]*(?:\.[A-Za-z0-9_${SIGN}-]+)+:-?{SIGN}",
    # a dotted name with a path
    rf"{_BOUNDARY}[a-z][a-z0-9{SIGN}-]*(?:\.[a-z0-9_{SIGN}-]+)+/[0-9A-Za-z_.$/@%~?&=+{SIGN}-]*",
    # dotted names in lower case: hosts, packages
    rf"{_BOUNDARY}[a-z][a-z0-9{SIGN}-]*(?:\.[a-z0-9{SIGN}][a-z0-9_{SIGN}-]*){{2,}}",
    # uuid, IPv6, hardware addresses: groups of hex of which some have no digit
    rf"{SIGN}(?:[:-][0-9a-fA-F]{{0,8}}|[:-]{SIGN})*[:-]{SIGN}(?::[0-9a-fA-F]{{2}}{_BOUNDARY})*",
    rf"(?:{_BOUNDARY}[0-9a-fA-F]{{2}}:)+{SIGN}(?::(?:[0-9a-fA-F]{{2}}{_BOUNDARY}|{SIGN}))*",
    rf"{SIGN}(?::[0-9a-fA-F]{{2}}{_BOUNDARY})+",
)
NAMES = "|".join(_NAMES)
"""The second fold, over the distinct results of the first: times in words, addresses, paths, dotted names."""

ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
"""Terminal escapes: control sequences, operating system commands, single escapes (ECMA-48)."""


def numbers_folded(lines: pl.Series) -> pl.Series:
    """The first fold of a column of lines (strings)."""
    return cut(without_escapes(lines).str.replace_all(NUMBERS, SIGN))


def without_escapes(lines: pl.Series) -> pl.Series:
    """A column of lines without terminal escapes."""
    return lines.str.replace_all(ANSI, "") if lines.str.contains("\x1b", literal=True).any() else lines


def text_folded(text: pl.Expr) -> pl.Expr:
    """The first fold alone; each string may hold many lines."""
    return text.str.replace_all(NUMBERS, SIGN)


def cut(rough: pl.Series) -> pl.Series:
    """Cuts what is through the first fold at `LIMIT`."""
    longest = rough.str.len_bytes().max()
    return rough.str.head(LIMIT) if isinstance(longest, int) and longest > LIMIT else rough


def names_folded(keys: pl.Series) -> pl.Series:
    """The second fold of a column that is through the first."""
    return keys.str.replace_all(NAMES, SIGN)


class Known:
    """
    The second fold with a memory, bounded, for what comes again in every portion of a log.

    The engine makes its automaton anew for each column, which for some thousand strings takes longer than the fold.
    """

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def folded(self, rough: Sequence[str]) -> list[str]:
        """As `names_folded`, for texts."""
        if len(rough) > _REMEMBERED:
            return _names_folded(rough)
        keys = list(map(self._keys.get, rough))
        new = [text for text, key in zip(rough, keys, strict=True) if key is None]
        if new:
            found = dict(zip(new, _names_folded(new), strict=True))
            if len(self._keys) + len(new) <= _REMEMBERED:
                self._keys.update((text, key) for text, key in found.items() if len(text) < _SHORT)
            return [found[text] if key is None else key for text, key in zip(rough, keys, strict=True)]
        return [key for key in keys if key is not None]


def _names_folded(rough: Sequence[str]) -> list[str]:
    return names_folded(pl.Series(values=rough, dtype=pl.String)).to_list()


def keys_of(lines: pl.Series) -> pl.Series:
    """The keys of a column of lines: both folds."""
    return names_folded(numbers_folded(lines))


def fold(text: str) -> str:
    """The key of one line."""
    return str(keys_of(pl.Series("line", [readable(text)], dtype=pl.String)).item())


def readable(text: str) -> str:
    """`text` with lone surrogates (bytes that were no UTF-8) replaced, as the fold reads it."""
    return text.encode("utf-8", "replace").decode("utf-8")
