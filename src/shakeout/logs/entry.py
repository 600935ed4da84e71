"""One log entry, whatever format it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from shakeout.evidence.model import Locator


class Severity(IntEnum):
    """Cloud Logging's severities, which every other format maps onto."""

    DEFAULT = 0
    DEBUG = 100
    INFO = 200
    NOTICE = 300
    WARNING = 400
    ERROR = 500
    CRITICAL = 600
    ALERT = 700
    EMERGENCY = 800


@dataclass(frozen=True, kw_only=True, slots=True)
class LogEntry:
    """
    One thing that was logged, possibly of several lines.

    `time` is aware UTC, or None where the source has none; `time_doubt` says why a time may be wrong.
    `stream` names what keeps its order (`stdout` of one instance, one file); `sequence` is the position within it.
    `labels` are what the platform attached: `revision`, `instance`, `commit`, `container`, `pod`, …
    `fields` are structured payload values as logged (already redacted where they became evidence).
    `quote` is what stands at the locator where `message` is put together from several fields; empty means `message`.
    `unsure` is true where the entry itself gives no severity: it is DEFAULT, or what the platform gives to its stream.
    `headed` is true where the entry itself gave a time or a severity: it begins something, and continues nothing.
    """

    message: str
    locator: Locator
    time: datetime | None = None
    time_doubt: str | None = None
    severity: Severity = Severity.DEFAULT
    service: str | None = None
    stream: str = ""
    sequence: int = 0
    system: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    quote: str = ""
    unsure: bool = False
    headed: bool = False
