"""Rows of `gcloud logging read --format=table(…)` and of `gcloud run services logs read`: columns, then the text."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Wrapped
from shakeout.logs.values import severity, time


class GcloudTable:
    """`SERVICE  TIMESTAMP  SEVERITY  TEXT`, with or without the first column; at least two spaces between columns."""

    name = "gcloud-table"
    rank = 35
    _form = re.compile(
        r"(?:(?P<service>[a-z][a-z0-9-]{0,62})\s{2,})?(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?)\s{2,}"
        r"(?P<level>DEFAULT|DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY)\s{2,}(?P<rest>.*)",
        re.S,
    )

    def unwrap(self, line: str) -> Wrapped | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Wrapped(
            rest=match["rest"],
            stream=match["service"] or "",
            time=moment,
            time_doubt=doubt,
            severity=severity(match["level"]),
            service=match["service"],
        )


FORMATS = (GcloudTable(),)
