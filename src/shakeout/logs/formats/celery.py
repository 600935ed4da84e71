"""Celery's own log lines: `[2025-09-03 10:00:00,000: ERROR/MainProcess] text`."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity, time

_LINE = re.compile(
    r"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}): (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)/"
    r"(?P<process>[\w.-]{1,80})\] (?P<rest>.*)",
    re.S,
)


class Celery:
    name = "celery"
    rank = 50

    def read_head(self, line: str) -> Head | None:
        match = _LINE.match(line) if line[:1] == "[" else None
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Head(
            message=match["rest"],
            time=moment,
            time_doubt=doubt,
            severity=severity(match["level"]),
            fields={"process": match["process"]},
        )


FORMATS = (Celery(),)
