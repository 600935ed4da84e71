"""A structured payload, whichever logger's names its fields have; shared by formats, itself none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shakeout.logs.entry import Severity
from shakeout.logs.inner import interpret
from shakeout.logs.values import as_text, severity, time

SURE_KEYS = ("message", "msg", "textPayload", "text", "event", "log", "@message", "short_message", "@m", "@mt",
             "Message", "RenderedMessage", "MSG")  # fmt: skip
"""Names under which loggers write what they say, and nothing else."""
MESSAGE_KEYS = (*SURE_KEYS, "MESSAGE", "fields", "body", "full_message", "error", "err", "exception", "exc_info",
                "detail", "description")  # fmt: skip
LEVEL_KEYS = ("severity", "level", "levelname", "log.level", "log_level", "loglevel", "lvl", "@level", "severityText",
              "severity_text", "levelName", "@l", "Level", "LogLevel", "LEVEL")  # fmt: skip
TIME_KEYS = ("timestamp", "time", "ts", "@timestamp", "asctime", "datetime", "date", "eventTime", "t", "timeMillis",
             "@t", "Timestamp", "TIME")  # fmt: skip
SERVICE_KEYS = ("service", "service.name", "service_name", "app", "application")


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a payload says: `keys` lead to the message, `quote` is what stands there if the message is composed."""

    message: str
    keys: tuple[str, ...] = ()
    severity: Severity | None = None
    time: datetime | None = None
    time_doubt: str | None = None
    service: str | None = None
    fields: Mapping[str, Any] = {}
    quote: str = ""
    headed: bool = True


def payload(value: Mapping[str, Any]) -> Payload:
    """Take a structured payload apart: message, level, time and service, and everything else as fields."""
    keys, text = _message(value)
    inner = interpret(text)
    level = next((found for key in LEVEL_KEYS if (found := severity(value.get(key))) is not None), None)
    moment, doubt = None, None
    for key in TIME_KEYS:
        if key in value:
            moment, doubt = time(value[key])
            if moment is not None:
                break
    service = next((item for key in SERVICE_KEYS if isinstance(item := value.get(key), str) and item), None)
    fields = {key: item for key, item in value.items() if item is not None and (key,) != keys}
    return Payload(
        message=inner.message,
        keys=keys,
        severity=level if level is not None else inner.severity,
        time=moment or inner.time,
        time_doubt=doubt if moment else inner.time_doubt,
        service=service or inner.service,
        fields={**inner.fields, **fields},
    )


def _message(value: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The keys that lead to the message, and the message."""
    for key in MESSAGE_KEYS:
        item = value.get(key)
        if isinstance(item, str) and item:
            return (key,), item
        if isinstance(item, dict):
            for name in ("message", "msg", "text", "stack", "stringValue"):
                if isinstance(item.get(name), str) and item[name]:
                    return (key, name), item[name]
    longest = max(
        (key for key, item in value.items() if isinstance(item, str)), key=lambda k: len(value[k]), default=""
    )
    return ((longest,), as_text(value[longest])) if longest else ((), "")
