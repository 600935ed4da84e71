"""Access logs of nginx, Apache, gunicorn, uvicorn and Django: an answer of 500 or more is an error."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from shakeout.logs.entry import Severity
from shakeout.logs.formats.base import Head
from shakeout.logs.values import NO_ZONE, severity

_REQUEST = r'"(?P<method>[A-Z]{3,10}) (?P<path>[^"\s]{1,8192})(?: HTTP/[\d.]{1,3})?" (?P<status>\d{3})'
_COMMON = re.compile(
    rf"(?:\S{{1,100}} )?\S{{1,100}} \S{{1,100}} \S{{1,100}} \["
    rf"(?P<time>\d\d/\w{{3}}/\d{{4}}:[\d:]{{8}} [+-]\d{{4}})\] {_REQUEST}"
)
_DJANGO = re.compile(rf"\[(?P<time>\d\d/\w{{3}}/\d{{4}} [\d:]{{8}})\] {_REQUEST}")
_UVICORN = re.compile(rf"(?P<level>[A-Z]{{4,8}}):\s{{1,5}}\S{{1,60}}:\d{{1,5}} - {_REQUEST}")
_REFUSED = re.compile(
    r'(?P<level>[A-Z]{4,8}):\s{1,5}\S{1,60}:\d{1,5} - "WebSocket (?P<path>[^"]{1,4096})" (?P<status>\d{3}|\[accepted\])'
)


class Access:
    """The message stays as it was written; method, path and status are fields."""

    name = "access-log"
    rank = 15

    def read_head(self, line: str) -> Head | None:
        if '" ' not in line:
            return None
        match = _COMMON.match(line) or _DJANGO.match(line) or _UVICORN.match(line) or _REFUSED.match(line)
        if match is None:
            return None
        found = match.groupdict()
        status = int(found["status"]) if found["status"].isdigit() else 101
        moment, doubt = _time(found.get("time"))
        level = severity(found.get("level")) or Severity.INFO
        if status >= 500:
            level = Severity.ERROR
        elif found.get("method") is None and status >= 400:
            level = Severity.WARNING  # a WebSocket that was refused at the handshake
        return Head(
            message=line,
            time=moment,
            time_doubt=doubt,
            severity=level,
            fields={"method": found.get("method") or "WEBSOCKET", "path": found["path"], "status": status},
        )


def _time(text: str | None) -> tuple[datetime | None, str | None]:
    if text is None:
        return None, None
    try:
        if text[-5] in "+-":
            return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC), None
        return datetime.strptime(text, "%d/%b/%Y %H:%M:%S").replace(tzinfo=UTC), NO_ZONE
    except ValueError:
        return None, f"not a time: {text}"


FORMATS = (Access(),)
