"""loguru's lines: `2025-09-03 10:00:00.123 | ERROR    | app.main:serve:12 - text`, also with its colour tags."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity, time

_TAG = re.compile(
    r"</?(?:black|red|green|yellow|blue|magenta|cyan|white|level|bold|dim|normal|light-\w{3,8}|lvl|[a-z])>"
)


class Loguru:
    name = "loguru"
    rank = 20
    _form = re.compile(
        r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3,6}(?:\s?(?:Z|[+-]\d\d:?\d\d))?)\s{0,2}\|\s"
        r"(?P<level>[A-Z]{4,8})\s{0,6}\|\s"
        r"(?:(?P<name>[\w.$<>-]{1,120}):(?P<function>[\w<>.]{1,120}):(?P<line>\d{1,7}) - )?(?P<rest>.*)",
        re.S,
    )

    def read_head(self, line: str) -> Head | None:
        if " | " not in line and "|" not in line:
            return None
        match = self._form.match(line)
        if match is None and line[:1] == "<":
            match = self._form.match(_TAG.sub("", line))
        if match is None:
            return None
        moment, doubt = time(match["time"])
        fields = (
            {"logger": match["name"], "function": match["function"], "line": match["line"]} if match["name"] else {}
        )
        return Head(
            message=match["rest"], time=moment, time_doubt=doubt, severity=severity(match["level"]), fields=fields
        )


FORMATS = (Loguru(),)
