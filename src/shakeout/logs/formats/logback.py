"""Spring Boot's console lines: `2025-09-03T10:00:00.123Z ERROR 1 --- [main] c.a.Shop : text`."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity, time


class Logback:
    name = "logback"
    rank = 20
    _form = re.compile(
        r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:?\d\d)?)\s{1,3}(?P<level>[A-Z]{4,5})\s"
        r"(?P<process>\d{1,10})"
        r"\s---\s(?:\[[^\]]{0,80}\]\s){1,3}(?P<name>\S{1,120})\s{0,60}:(?: (?P<rest>.*)|\Z)",
        re.S,
    )

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Head(
            message=match["rest"] or "",
            time=moment,
            time_doubt=doubt,
            severity=severity(match["level"]),
            fields={"logger": match["name"]},
        )


FORMATS = (Logback(),)
