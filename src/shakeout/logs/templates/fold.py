"""
The cheap key of a line: everything that is a value by its very shape is folded into one sign.

The fold is a pure function of the line, is done by one pass of one regular expression over a whole column (polars,
in Rust, on all cores), and survives identifiers: a random hex id, a number, an address or a path never makes a new key.
So a million lines become some hundred keys, and all thinking is done on these (`shape`, `group`).
"""

from __future__ import annotations

import polars as pl

SIGN = "\x1a"
"""Stands for one folded value inside a key (SUBSTITUTE of ASCII)."""

WILDCARD = "<*>"
"""Stands for one value in a template's text."""

LIMIT = 4096
"""Characters of a line that a key is made from. What follows is content that nobody names a template by."""

_WORTH_DIVIDING = 4096
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_BOUNDARY = r"(?-u:\b)"
# A run of letters and digits with a digit in it. Two to four letters and one digit at the end (`eth0`, `ssh2`, `utf8`)
# is a word: the name of a device or a version of a protocol, which tells events apart. Twenty letters and more are a
# name that somebody wrote with a number behind it; shorter ones may be random.
_RUN = "(?:[0-9][0-9A-Za-z]*|[A-Za-z][0-9][0-9A-Za-z]*|[A-Za-z]{2,19}[0-9][0-9A-Za-z]+|[A-Za-z]{5,19}[0-9])"

_ALTERNATIVES = (
    # A template's own wildcard: its text folds to its key.
    r"<\*>",
    # Sun Jul  3 10:05:25 UTC 2005 and its parts
    rf"(?:{_DAY},? +)?{_MONTH} +[0-9]{{1,2}},?(?: +[0-9]{{4}})? +[0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}"
    r"(?: +[A-Z]{3,4})?(?: +[0-9]{4})?",
    # addresses: scheme://…, name@host
    r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>,;)\]}]+",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    # paths of two parts and more
    r"[A-Za-z]:\\[^\s\"'<>|,;)\]]+",
    r"~?/[0-9A-Za-z_.+@%~$-]+(?:/[0-9A-Za-z_.+@%*~$-]+)+/?",
    # a dotted name with a port
    rf"{_BOUNDARY}[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+:[0-9]+",
    # dotted names in lower case: hosts, packages
    rf"{_BOUNDARY}[a-z][a-z0-9-]*(?:\.[a-z0-9][a-z0-9_-]*){{2,}}",
    # uuid
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    # numbers, hex, addresses, versions, times: runs with digits, joined by signs
    rf"(?:{_BOUNDARY}|_){_RUN}(?:[.:_-]+{_RUN}|_[0-9A-Za-z]+)*",
    "[0-9]{2,}[0-9A-Za-z]*",
)
FOLD = "|".join(_ALTERNATIVES)
"""The regular expression of the fold: linear in the line, no look-around."""

ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
"""Terminal escapes: control sequences, operating system commands, single escapes (ECMA-48)."""


def keys_of(lines: pl.Series) -> pl.Series:
    """The keys of a column of lines (strings), on all cores."""
    if len(lines) < _WORTH_DIVIDING or (cores := pl.thread_pool_size()) < 2:
        return _keys(lines)
    size = -(-len(lines) // cores)
    parts = [lines.slice(start, size).to_frame("line").lazy() for start in range(0, len(lines), size)]
    return pl.concat([part["line"] for part in pl.collect_all([part.select(_folded(lines)) for part in parts])])


def _keys(lines: pl.Series) -> pl.Series:
    return lines.to_frame("line").select(_folded(lines)).to_series()


def _folded(lines: pl.Series) -> pl.Expr:
    """Escapes are taken out, then the line is cut at `LIMIT`, then folded; the first two only where a line needs it."""
    column = pl.col("line")
    if (lines.str.len_bytes().max() or 0) > LIMIT:  # type: ignore[operator]
        column = column.str.head(LIMIT)
    if lines.str.contains("\x1b", literal=True).any():
        column = column.str.replace_all(ANSI, "")
    return column.str.replace_all(FOLD, SIGN)


def fold(text: str) -> str:
    """The key of one line."""
    return str(_keys(pl.Series(values=[readable(text)], dtype=pl.String)).item())


def readable(text: str) -> str:
    """`text` with lone surrogates (bytes that were no UTF-8) replaced, as the fold reads it."""
    return text.encode("utf-8", "replace").decode("utf-8")
