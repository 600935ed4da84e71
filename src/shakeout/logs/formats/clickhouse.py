"""ClickHouse's server log: `2025.09.03 10:00:00.123456 [ 7 ] {query} <Error> Component: text`."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity, time


class ClickHouse:
    name = "clickhouse"
    rank = 20
    _form = re.compile(
        r"(?P<time>\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d{3,6}) \[ (?P<thread>\d{1,12}) \] \{(?P<query>[^}]{0,100})\} "
        r"<(?P<level>[A-Z][a-z]{3,11})> (?P<rest>.*)",
        re.S,
    )

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None:
            return None
        moment, doubt = time(match["time"].replace(".", "-", 2))
        component, colon, text = match["rest"].partition(": ")
        named = bool(colon) and " " not in component.split("(")[0]
        return Head(
            message=text if named else match["rest"],
            time=moment,
            time_doubt=doubt,
            severity=severity(match["level"]),
            fields={"logger": component if named else "clickhouse", "query": match["query"]},
        )


FORMATS = (ClickHouse(),)
