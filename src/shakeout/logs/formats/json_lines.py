"""JSON lines of structured loggers: structlog, python-json-logger, pino, winston, zap, logback and their kin."""

from __future__ import annotations

from typing import Any

import msgspec

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import Record, Skip
from shakeout.logs.formats.payload import LEVEL_KEYS, SURE_KEYS, TIME_KEYS, payload

_EVIDENCE = frozenset(SURE_KEYS)
_NESTED = ("fields", "body")
_SIGNS = frozenset((*LEVEL_KEYS, *TIME_KEYS))


class JsonLines:
    """Anything with a message and a level or a time, under the names that loggers give them."""

    name = "json-lines"
    rank = 90

    def read_record(self, record: Record) -> LogEntry | Skip | None:
        try:
            value: Any = record.value()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        keys = value.keys()
        nested = any(isinstance(value.get(key), dict) for key in _NESTED)
        if (keys.isdisjoint(_EVIDENCE) and not nested) or (keys.isdisjoint(_SIGNS) and len(keys) > 12):
            return None
        found = payload(value)
        if not found.keys or (keys.isdisjoint(_SIGNS) and found.keys[0] not in _EVIDENCE):
            return None
        if nested and keys.isdisjoint(_EVIDENCE) and found.keys[0] not in _NESTED:
            return None
        level = found.severity if found.severity is not None else record.hint
        labels = {key: str(value[key]) for key in ("commit", "revision", "instance", "hostname") if value.get(key)}
        return LogEntry(
            message=found.message,
            locator=record.locate(*found.keys),
            time=found.time,
            time_doubt=found.time_doubt,
            severity=level if level is not None else Severity.DEFAULT,
            service=found.service,
            stream="/".join((record.path, *((found.service,) if found.service else ()))),
            sequence=record.next(),
            labels=labels,
            fields=found.fields,
            unsure=level is None,
            headed=True,
        )


FORMATS = (JsonLines(),)
