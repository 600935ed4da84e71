"""PostgreSQL's server log: a prefix, a severity, and DETAIL, HINT, CONTEXT and STATEMENT lines that go on with it."""

from __future__ import annotations

import re

from shakeout.logs.entry import Severity
from shakeout.logs.formats.base import Head
from shakeout.logs.values import time

_LEVELS = {
    "DEBUG": Severity.DEBUG,
    "LOG": Severity.INFO,
    "INFO": Severity.INFO,
    "NOTICE": Severity.NOTICE,
    "WARNING": Severity.WARNING,
    "ERROR": Severity.ERROR,
    "FATAL": Severity.CRITICAL,
    "PANIC": Severity.ALERT,
}


class PostgreSQL:
    name = "postgresql"
    rank = 20
    _form = re.compile(
        r"(?:(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) (?P<zone>[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?) )?"
        r"(?:\[(?P<process>\d{1,10})(?:-\d{1,9})?\]:? )?(?P<who>[^\s:\[]{1,120}@\S{1,120} )?"
        r"(?P<level>DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC"
        r"|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  (?P<rest>\S.*)",
        re.S,
    )

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None or not (match["time"] or match["process"]):
            return None
        zone = match["zone"] or ""
        known = zone in {"UTC", "GMT"} or zone[:1] in {"+", "-"}
        moment, doubt = time(f"{match['time']}{'Z' if zone in {'UTC', 'GMT'} else zone if known else ''}")
        if doubt and zone and moment is not None:
            doubt = f"the time is in zone {zone}; read as UTC"
        level = match["level"].rstrip("0123456789")
        return Head(
            message=match["rest"] if level in _LEVELS else f"{match['level']}:  {match['rest']}",
            time=moment,
            time_doubt=doubt,
            severity=_LEVELS.get(level),
            fields={"logger": "postgresql", **({"process": match["process"]} if match["process"] else {})},
            goes_on=level not in _LEVELS,
        )


FORMATS = (PostgreSQL(),)
