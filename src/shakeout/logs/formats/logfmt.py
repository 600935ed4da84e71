"""logfmt of Go programs: `time="…" level=error msg="…" key=value`."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import severity, time

_PAIR = re.compile(
    r'(?P<key>[A-Za-z_][\w.-]{0,60})=(?:"(?P<quoted>(?:[^"\\]|\\.){0,8192})"|'
    r'(?P<bare>[^\s"]{0,2048}))(?:\s+|\Z)'
)


class Logfmt:
    name = "logfmt"
    rank = 25

    def read_head(self, line: str) -> Head | None:
        if "level=" not in line[:300] or "msg=" not in line:
            return None
        fields: dict[str, str] = {}
        position = 0
        while len(fields) < 60 and (match := _PAIR.match(line, position)):
            quoted = match["quoted"]
            fields[match["key"]] = match["bare"] if quoted is None else quoted
            position = match.end()
        level = severity(fields.get("level"))
        message = fields.pop("msg", None)
        if level is None or message is None:
            return None
        moment, doubt = time(fields.get("time") or fields.get("ts") or "")
        return Head(message=message, time=moment, time_doubt=doubt, severity=level, fields=fields)


FORMATS = (Logfmt(),)
