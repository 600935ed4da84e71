"""Text within an entry: a message may itself be a logger's line, or a JSON object in a string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from shakeout.logs import formats
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import JSON, Head, Pass, Record
from shakeout.logs.limits import Notes
from shakeout.logs.values import plain


@dataclass(frozen=True, kw_only=True, slots=True)
class Inner:
    """What the text of an entry says about itself; None: it does not say."""

    message: str
    time: datetime | None = None
    time_doubt: str | None = None
    severity: Severity | None = None
    service: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    headed: bool = False
    goes_on: bool = False


_OPENING = frozenset("[0123456789")
"""What a logger's line begins with where it begins with a time."""


def head(line: str) -> Head | None:
    """The line taken apart by the first format that knows it."""
    for form in formats.heads():
        found = form.read_head(line)
        if found is not None:
            return found
    return None


def interpret(text: str) -> Inner:
    """Take a message apart as far as its own format is known."""
    text = plain(text)
    if text[:1] == "{" and text.rstrip()[-1:] == "}":
        entry = _json(text)
        if entry is not None:
            return Inner(
                message=entry.message,
                time=entry.time,
                time_doubt=entry.time_doubt,
                severity=None if entry.unsure else entry.severity,
                service=entry.service,
                fields=entry.fields,
                headed=True,
            )
    line, newline, rest = text.partition("\n")
    found = head(line)
    if found is None:
        return Inner(message=text)
    if found.severity is None and found.time is not None and found.message[:1] in _OPENING:
        # A time that a transport put in front of a logger's own line.
        within = head(found.message)
        if within is not None and within.severity is not None:
            found = replace(within, time=found.time, time_doubt=found.time_doubt)
    return Inner(
        message=found.message + newline + rest,
        time=found.time,
        time_doubt=found.time_doubt,
        severity=found.severity,
        fields=found.fields,
        headed=True,
        goes_on=found.goes_on,
    )


def _json(text: str) -> LogEntry | None:
    record = Record("", Pass(Notes()))
    record.raw = record.region = text.encode("utf-8", "surrogatepass")
    try:
        if not isinstance(JSON.decode(record.raw), dict):
            return None
        for form in formats.records():
            found = form.read_record(record)
            if isinstance(found, LogEntry):
                return found
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None
