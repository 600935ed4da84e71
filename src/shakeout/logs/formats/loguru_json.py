"""loguru's `serialize=True`: `{"text": …, "record": {"message": …, "level": {"name": …}, "time": {…}}}`."""

from __future__ import annotations

from typing import Any

import msgspec

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import Record, Skip
from shakeout.logs.values import as_text, severity, time


class LoguruJson:
    name = "loguru-json"
    rank = 20

    def read_record(self, record: Record) -> LogEntry | Skip | None:
        if b'"record"' not in record.raw:
            return None
        try:
            value: Any = record.value()
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        inner = value.get("record") if isinstance(value, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("message"), str):
            return None
        stamp = inner.get("time")
        moment, doubt = time(stamp.get("timestamp")) if isinstance(stamp, dict) else time(stamp)
        level = inner.get("level")
        found = severity(level.get("name")) if isinstance(level, dict) else severity(level)
        fields = {key: item for key, item in inner.items() if key in {"name", "function", "line", "extra"} and item}
        text = as_text(value.get("text"))
        if inner.get("exception") and "\n" in text:
            fields["exception"] = text
        return LogEntry(
            message=inner["message"],
            locator=record.locate("record", "message"),
            time=moment,
            time_doubt=doubt,
            severity=found if found is not None else Severity.DEFAULT,
            stream=record.path,
            sequence=record.next(),
            fields=fields,
            unsure=found is None,
            headed=True,
        )


FORMATS = (LoguruJson(),)
