"""gunicorn's error log and Celery's: `[2025-09-03 10:00:00 +0000] [7] [ERROR] text`."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity, time


class Gunicorn:
    name = "gunicorn"
    rank = 20
    _form = re.compile(
        r"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4})\] \[(?P<process>\d{1,10})\] \["
        r"(?P<level>[A-Z]{3,10})\] (?P<rest>.*)",
        re.S,
    )

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Head(
            message=match["rest"], time=moment, time_doubt=doubt, severity=severity(match["level"]),
            fields={"logger": "gunicorn", "process": match["process"]},
        )  # fmt: skip


class Celery:
    """`[2025-09-03 10:00:00,123: ERROR/MainProcess] text`."""

    name = "celery"
    rank = 20
    _form = re.compile(
        r"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}): (?P<level>[A-Z]{3,10})/(?P<process>[\w-]{1,60})\] "
        r"(?P<rest>.*)",
        re.S,
    )

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Head(
            message=match["rest"], time=moment, time_doubt=doubt, severity=severity(match["level"]),
            fields={"logger": "celery", "process": match["process"]},
        )  # fmt: skip


FORMATS = (Gunicorn(), Celery())
