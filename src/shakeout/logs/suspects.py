"""Which text can be an error or part of one. What is not suspect here is never looked at again."""

from __future__ import annotations

import re

# Words by which an error says that it is one. The plain membership tests below are ten times as fast as one pattern.
_WORDS = (
    "rror", "RROR", "xception", "xit", "ail", "FAIL", "raceback", "anic", "PANIC", "atal", "FATAL", "CRIT",
    "crit", '" 5', "ritical", "efus", "enied", "annot", "nable", "ould", "imed out", "imeout", "ot found",
    "ot defined", "ot permit", "nvalid", "illed", "merg", "EMERG", "lert", "ALERT", "evere", "SEVERE", "arn",
    "WARN", "nhandled", "issing", "bort", "oes not exist", "o such", "limit", "nexpected", "malformed",
    "nreachable", "losed", "n't", "not been", "lready in use", "SIG", "rash", "erminated", "ejected", "xceeded",
    "nbound var", "ehlgeschlagen", "bgelehnt", "ehler", "rreur", "choué", "echazad", "\u2717", "\u274c", "\u2716",
)  # fmt: skip

_CONTINUES = re.compile(
    r"(?:\s|$"  # indented or empty
    r"|\{|\[?[EFWC][ \d]|<[0-4]>"  # a JSON object, a one-letter level
    r"|[|+*~^-]"  # a group's frame, a caret
    r"|[A-Za-z_$][\w.$/-]{0,200}(?::|$|\s\()"  # an exception's name, a setting's name, a Go frame
    r"|(?:File|During|The above|DETAIL|HINT|LINE|CONTEXT|goroutine|created by|Caused by|Suppressed|at|Node\.js|\[SQL"
    r"|\[parameters|\(Background|exit status|throw|\.\.\.|\]|\}|\))"
    r"|\d+: "
    r"|/[^\s:]{1,500}\.[cm]?[jt]s:\d{1,9}(?:\s|\Z)"  # the place that Node.js shows above an error
    r"|(?:\[[\w.:@-]{1,80}\] )?[^\s:\[]{1,500}:\d{1,7}:in [`']|#\d{1,5} )"  # Ruby's calls, and PHP's
)
# One line with a calm level of its own, as uvicorn and logging write it: most of what is logged, decided at once.
_CALM = re.compile(r"(?:INFO|DEBUG):(?: {1,5}\S|[\w.-]{1,80}:[^\n]{0,4}\S)[^\n]*\Z")
# A line that is certainly its own: a level, or a time, then a level.
_LEVEL = re.compile(r"(?:INFO|DEBUG|info|debug|TRACE|NOTICE|LOG)\b")


def worded(text: str) -> bool:
    """Whether text has a word by which failures are told."""
    return any(map(text.__contains__, _WORDS))


def continues(text: str) -> bool:
    """Whether a line of text may belong to a traceback that began in an earlier line."""
    return _CONTINUES.match(text) is not None and _LEVEL.match(text) is None


def suspect(text: str) -> bool:
    """Whether text whose severity nobody gave may report a failure, or be part of a traceback."""
    if _CALM.match(text) is not None and '" 5' not in text and '" 4' not in text:
        return False
    return worded(text) or continues(text)
