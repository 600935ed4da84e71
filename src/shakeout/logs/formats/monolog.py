"""Lines of PHP: Monolog's `[2025-09-03 10:00:00] production.ERROR: text`, and what FPM passes on of its children."""

from __future__ import annotations

import re

from shakeout.logs.formats.base import Head
from shakeout.logs.values import NO_YEAR, severity, time

_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?"
_LEVELS = r"DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY"


class Monolog:
    name = "monolog"
    rank = 24
    _form = re.compile(rf"\[(?P<time>{_MOMENT})\] (?P<name>[\w.-]{{1,60}})\.(?P<level>{_LEVELS}): (?P<rest>.*)", re.S)

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line) if line[:1] == "[" else None
        if match is None:
            return None
        moment, doubt = time(match["time"])
        return Head(
            message=match["rest"],
            time=moment,
            time_doubt=doubt,
            severity=severity(match["level"]),
            fields={"logger": match["name"]},
        )


class Fpm:
    """FPM's own lines say WARNING of whatever a child writes; the rest of a stack trace comes line by line."""

    name = "php-fpm"
    rank = 23
    _form = re.compile(
        r"\[\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\.\d{1,6})?\] (?P<level>[A-Z]{5,7}): (?P<rest>.*)", re.S
    )
    _said = re.compile(
        r'\[pool [^\]\n]{1,60}\] child \d{1,9} said into std(?:err|out): "(?P<text>.*)"(?:, pipe is closed)?', re.S
    )
    _more = re.compile(r"#\d{1,5} |Stack trace:|\s+thrown in |Next ")

    def read_head(self, line: str) -> Head | None:
        match = self._form.match(line) if line[:1] == "[" else None
        if match is None:
            return None
        said = self._said.match(match["rest"])
        if said is None:
            return Head(message=match["rest"], severity=severity(match["level"]), time_doubt=NO_YEAR)
        text = said["text"].removeprefix("NOTICE: PHP message: ")
        return Head(message=text, time_doubt=NO_YEAR, goes_on=self._more.match(text) is not None)


FORMATS = (Fpm(), Monolog())
