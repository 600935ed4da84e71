"""Plain text with one of the usual prefixes: a time, a level, a logger's name, in any order that is common."""

from __future__ import annotations

import re

from shakeout.logs.entry import Severity
from shakeout.logs.formats.base import Head
from shakeout.logs.values import NO_YEAR, severity, time

LEVEL = (
    r"TRACE|DEBUG|VERBOSE|INFO|INFORMATION|NOTICE|SUCCESS|LOG|WARN|WARNING|ERROR|ERR|FEHLER|ERREUR|FAIL|SEVERE|FATAL|CRITICAL|CRIT"
    r"|ALERT|EMERGENCY|EMERG|PANIC|trace|debug|info|notice|warn|warning|error|err|fatal|critical|crit|alert|emerg|panic"
    r"|Debug|Info|Notice|Warning|Error|Fatal|Critical"
)
_TIME = (
    r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?"
    r"|\d\d:\d\d:\d\d(?:[.,]\d{1,6})?"
)
_UPPERCASE = LEVEL.partition("|trace")[0]
_TIMED = re.compile(rf"\[?(?P<time>{_TIME})\]?(?:\s*[|]\s*|\s*:\s+|\s+-\s+|\s+)")
_LEVELLED = re.compile(rf"[\[(<|]?\s{{0,3}}(?P<level>{LEVEL})\s{{0,8}}(?:[\])>|]|:|\s-)?(?=\s|:|-|$)[:\s|-]{{0,4}}")
_UPPER = re.compile(rf"(?P<level>{_UPPERCASE})(?P<end>:|\s+(?=\S))\s{{0,8}}")
_NAMED = re.compile(r"(?P<name>[\w.$/-]{2,80})(?:\s-\s|:\d{1,6}\s?[-:]?\s|:\s+)")
_WITHIN = re.compile(r"\[([^\[\]]*)\]")
_TYPE = re.compile(r"(?:Error|Exception|Warning)$")
_BRACKETED = re.compile(r"(?:\[[^\[\]\n]{1,60}\]\s{0,4}){1,4}")
_LOWER = re.compile(r"(?P<level>error|warn|warning|info|debug|fatal|critical): (?=\S)")
_PYTHON = re.compile(r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?P<name>[\w.-]{1,80}):(?P<rest>.*)", re.S)
_KLOG = re.compile(
    r"(?P<level>[IWEF])\d{4} (?P<time>\d\d:\d\d:\d\d\.\d{6})\s+\d+ (?P<name>[\w./-]+:\d+)\] (?P<rest>.*)", re.S
)
_RUBY = re.compile(
    r"[DIWEFA], \[(?P<time>\d{4}-\d\d-\d\dT[\d:.]{8,15}) #\d{1,10}\]\s{1,3}(?P<level>[A-Z]{3,5}) -- "
    r"(?P<name>[^:\n]{0,80}): ?(?P<rest>.*)",
    re.S,
)
_NAME_LEVEL = re.compile(
    rf"(?P<name>[\w.$/-]{{2,80}})\s+(?:-\s)?[\[(]?(?P<level>{_UPPERCASE})[\])]?(?:\s*[:|-]\s*|\s+)"
)


class Plain:
    name = "plain"
    rank = 80

    def read_head(self, line: str) -> Head | None:
        return _python(line) or _ruby(line) or _timed(line) or _levelled(line)


def _python(line: str) -> Head | None:
    """`ERROR:app.db:text` of Python's basicConfig, `E0903 10:00:00.000000 7 file.go:12] text` of klog."""
    match = _PYTHON.match(line)
    if match and match["rest"].strip():
        return Head(message=match["rest"].lstrip(), severity=severity(match["level"]), fields={"logger": match["name"]})
    match = _KLOG.match(line)
    if match:
        return Head(
            message=match["rest"],
            severity=severity(match["level"]),
            time_doubt=NO_YEAR,
            fields={"logger": match["name"]},
        )
    return None


def _ruby(line: str) -> Head | None:
    """`E, [2025-09-03T10:00:00.123456 #7] ERROR -- app: text` of Ruby's Logger; `ANY` is a level without a name."""
    match = _RUBY.match(line)
    if match is None:
        return None
    moment, doubt = time(match["time"])
    fields = {"logger": match["name"]} if match["name"] else {}
    return Head(message=match["rest"], time=moment, time_doubt=doubt, severity=severity(match["level"]), fields=fields)


def _timed(line: str) -> Head | None:
    match = _TIMED.match(line)
    if match is None:
        return None
    moment, doubt = time(match["time"])
    if moment is None:
        doubt = NO_YEAR
    rest = line[match.end() :]
    level, rest, logger = _level(rest)
    return Head(
        message=rest, time=moment, time_doubt=doubt, severity=level, fields={"logger": logger} if logger else {}
    )


def _level(rest: str) -> tuple[Severity | None, str, str]:
    """The level after a time, what follows it, and the logger's name if there is one on either side."""
    brackets = _BRACKETED.match(rest)
    if brackets:
        after = rest[brackets.end() :]
        for name in _WITHIN.findall(brackets[0]):
            found = severity(name) if len(name) > 1 and not name.isdigit() else None
            if found is not None:
                return found, after, ""
        if _LEVELLED.match(after):
            rest = after
    match = _LEVELLED.match(rest)
    if match:
        after = rest[match.end() :]
        named = _NAMED.match(after)
        if named and not _TYPE.search(named["name"]) and ("." in named["name"] or " - " in named[0]):
            return severity(match["level"]), after[named.end() :], named["name"]
        return severity(match["level"]), after, ""
    match = _NAME_LEVEL.match(rest)
    if match:
        return severity(match["level"]), rest[match.end() :], match["name"]
    return None, rest, ""


def _levelled(line: str) -> Head | None:
    """`ERROR: text`, `[error] text`, `INFO     app.main text`; a bare word at the start of prose is no level."""
    match = (_LEVELLED if line[:1] in "[(<|" else _UPPER).match(line) or _LOWER.match(line)
    if match is None or match.end() >= len(line):
        return None
    return Head(message=line[match.end() :], severity=severity(match["level"]))


FORMATS = (Plain(),)
