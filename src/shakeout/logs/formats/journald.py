"""journald: `journalctl -o json`, and the prefix of its short text and of syslog."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from shakeout.logs.entry import LogEntry
from shakeout.logs.formats.base import Record, Skip, Wrapped
from shakeout.logs.values import NO_YEAR, SYSLOG, as_text, severity, time

_MANAGER = ("systemd", "kernel", "systemd-oomd")
_UNIT = re.compile(r"(?P<unit>[\w.@-]{1,100})\.service: ")


class Journal:
    """One entry of `journalctl -o json`; a message that is not UTF-8 stands there as an array of bytes."""

    name = "journald"
    rank = 20

    def read_record(self, record: Record) -> LogEntry | Skip | None:
        from shakeout.logs.text import text_entry

        if b'"MESSAGE"' not in record.raw or (b'"__' not in record.raw and b'"_' not in record.raw):
            return None
        try:
            value: Any = record.value()
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if not isinstance(value, dict) or "MESSAGE" not in value:
            return None
        message = value["MESSAGE"]
        if isinstance(message, list):
            message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode(
                "utf-8", "replace"
            )
        stamp = as_text(value.get("__REALTIME_TIMESTAMP") or value.get("_SOURCE_REALTIME_TIMESTAMP"))
        moment, doubt = time(int(stamp)) if stamp.isdigit() and len(stamp) < 20 else (None, None)
        priority = as_text(value.get("PRIORITY"))
        level = SYSLOG[int(priority)] if priority.isdigit() and int(priority) < len(SYSLOG) else None
        name = as_text(value.get("SYSLOG_IDENTIFIER") or value.get("_COMM"))
        unit = as_text(value.get("_SYSTEMD_UNIT") or value.get("UNIT")).removesuffix(".service")
        container = as_text(value.get("CONTAINER_NAME"))
        labels = {
            label: as_text(value[key])
            for label, key in (("unit", "_SYSTEMD_UNIT"), ("process", "_PID"), ("host", "_HOSTNAME"),
                               ("container", "CONTAINER_NAME"), ("transport", "_TRANSPORT"))
            if value.get(key)
        }  # fmt: skip
        return text_entry(
            as_text(message).rstrip("\n"),
            record.locate("MESSAGE"),
            stream="/".join((record.path, container or unit or name, labels.get("process", ""))),
            sequence=record.next(),
            wrapped=Wrapped(
                rest="", time=moment, time_doubt=doubt, severity=level, service=container or unit or name or None,
                labels=labels, system=name in _MANAGER,
            ),
        )  # fmt: skip


class ShortText:
    """`Sep 03 10:00:00 host backend[77]: text` of journalctl and syslog, with or without syslog's `<3>`."""

    name = "syslog"
    rank = 40
    _form = re.compile(
        r"(?:<(?P<priority>\d{1,3})>)?(?:1 )?"
        r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?|\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:?\d\d))"
        r" (?P<host>[\w.-]{1,100}) (?P<name>[\w./@:-]{1,100}?|\([\w./@:-]{1,100}\))(?:\[(?P<process>\d{1,10})\])?: "
        r"(?P<rest>.*)",
        re.S,
    )

    def unwrap(self, line: str) -> Wrapped | None:
        match = self._form.match(line)
        if match is None or severity(match["host"]) is not None or severity(match["name"]) is not None:
            return None  # `2026-02-01T10:00:00Z ERROR denied: …` has a level there, not a host
        moment, doubt = time(match["time"])
        # What systemd says of a unit, also as the child that is to become it: `(run.sh)[812]: backend.service: …`
        managed = match["name"] in _MANAGER or match["name"].startswith("(")
        unit = _UNIT.match(match["rest"]) if managed else None
        priority = int(match["priority"]) % 8 if match["priority"] else None
        return Wrapped(
            rest=match["rest"],
            stream=f"{match['name']}/{match['process'] or ''}",
            time=moment,
            time_doubt=doubt if moment else NO_YEAR,
            severity=severity(priority) if priority is not None else None,
            service=unit["unit"] if unit is not None else match["name"],
            labels={"host": match["host"]},
            system=managed,
        )


FORMATS = (Journal(), ShortText())
