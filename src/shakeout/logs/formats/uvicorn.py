"""uvicorn's own lines: `INFO:     text`, `ERROR:    text`; its access lines are read with the other access logs."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity


class Uvicorn:
    name = "uvicorn"
    rank = 30
    _form = re.compile(r"(?P<level>TRACE|DEBUG|INFO|WARNING|ERROR|CRITICAL):(?P<gap> {1,5})(?P<rest>\S.*)", re.S)

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None or len(match["level"]) + len(match["gap"]) != 9:
            return None
        return Head(message=match["rest"], severity=severity(match["level"]), fields={"logger": "uvicorn"})


FORMATS = (Uvicorn(),)
