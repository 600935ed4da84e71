"""The console logger of .NET: `fail: Shop.Orders[13]`, and its text in the indented lines below."""

from __future__ import annotations

import re

from shakeout.logs.entry import Severity
from shakeout.logs.formats.base import Head

_LEVELS = {
    "trce": Severity.DEBUG, "dbug": Severity.DEBUG, "info": Severity.INFO, "warn": Severity.WARNING,
    "fail": Severity.ERROR, "crit": Severity.CRITICAL,
}  # fmt: skip


class DotNetConsole:
    name = "dotnet-console"
    rank = 22
    _form = re.compile(
        r"(?P<level>trce|dbug|info|warn|fail|crit): (?P<name>[\w.+`<>-]{1,200})\[\d{1,9}\](?:\s(?P<rest>.*))?\Z"
    )

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line)
        if match is None:
            return None
        return Head(message=match["rest"] or "", severity=_LEVELS[match["level"]], fields={"logger": match["name"]})


FORMATS = (DotNetConsole(),)
