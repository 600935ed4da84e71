"""nginx's error log: `2025/09/03 10:00:00 [error] 7#7: *1 text, client: …, upstream: …`."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity, time


class Nginx:
    name = "nginx-error"
    rank = 20
    _form = re.compile(
        r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]{4,6})\] "
        r"(?P<process>\d{1,10})#\d{1,10}: (?:\*\d{1,20} )?(?P<rest>.*)",
        re.S,
    )
    _start = re.compile(r"nginx: \[(?P<level>[a-z]{4,6})\] (?P<rest>.*)", re.S)
    _detail = re.compile(r', (client|server|request|upstream|host): ("[^"]{0,4096}"|[^,]{0,400})')

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None:
            start = self._start.match(line)
            return Head(message=start["rest"], severity=severity(start["level"])) if start else None
        moment, doubt = time(match["time"])
        fields = {key: value.strip('"') for key, value in self._detail.findall(match["rest"])}
        return Head(
            message=match["rest"], time=moment, time_doubt=doubt, severity=severity(match["level"]),
            fields={"logger": "nginx", **fields},
        )  # fmt: skip


FORMATS = (Nginx(),)
