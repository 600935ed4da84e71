"""Severities and times, however a logger writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from shakeout.logs.entry import Severity

_NAMES = {
    "default": Severity.DEFAULT,
    "trace": Severity.DEBUG,
    "debug": Severity.DEBUG,
    "dbg": Severity.DEBUG,
    "verbose": Severity.DEBUG,
    "silly": Severity.DEBUG,
    "fine": Severity.DEBUG,
    "log": Severity.INFO,
    "http": Severity.INFO,
    "info": Severity.INFO,
    "inf": Severity.INFO,
    "information": Severity.INFO,
    "informational": Severity.INFO,
    "normal": Severity.INFO,
    "success": Severity.INFO,
    "notice": Severity.NOTICE,
    "warn": Severity.WARNING,
    "wrn": Severity.WARNING,
    "warning": Severity.WARNING,
    "error": Severity.ERROR,
    "err": Severity.ERROR,
    "eror": Severity.ERROR,
    "fehler": Severity.ERROR,
    "erreur": Severity.ERROR,
    "fail": Severity.ERROR,
    "exception": Severity.ERROR,
    "severe": Severity.ERROR,
    "fatal": Severity.CRITICAL,
    "ftl": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "dpanic": Severity.CRITICAL,
    "panic": Severity.ALERT,
    "alert": Severity.ALERT,
    "emerg": Severity.EMERGENCY,
    "emergency": Severity.EMERGENCY,
    "d": Severity.DEBUG,
    "i": Severity.INFO,
    "w": Severity.WARNING,
    "e": Severity.ERROR,
    "c": Severity.CRITICAL,
    "f": Severity.CRITICAL,
}
SYSLOG = (
    Severity.EMERGENCY,
    Severity.ALERT,
    Severity.CRITICAL,
    Severity.ERROR,
    Severity.WARNING,
    Severity.NOTICE,
    Severity.INFO,
    Severity.DEBUG,
)
"""Severities by syslog's number, 0 (emergency) to 7 (debug)."""


def severity(value: object) -> Severity | None:
    """The severity that a logger's name or number stands for, or None where it is none."""
    if isinstance(value, str):
        found = _NAMES.get(value.strip().lower())
        return severity(int(value)) if found is None and value.isascii() and value.isdigit() else found
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _numbered(int(value))


def _numbered(value: int) -> Severity | None:
    if value < 0 or value > 800:
        return None
    if value >= 100:  # Cloud Logging
        return Severity(value // 100 * 100)
    if value >= 60:  # pino: fatal
        return Severity.CRITICAL
    if value >= 10:  # pino and bunyan: trace, debug, info, warn, error
        return (Severity.DEBUG, Severity.DEBUG, Severity.INFO, Severity.WARNING, Severity.ERROR)[value // 10 - 1]
    return SYSLOG[value] if value < len(SYSLOG) else None


NO_ZONE = "the time has no zone; read as UTC"
NO_YEAR = "the time has no year or date; its order is the file's"

_ISO = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d\d:?\d\d)?")


def time(value: object) -> tuple[datetime | None, str | None]:
    """
    An aware UTC time and the doubt about it (None where there is none).

    Takes ISO 8601 and its relatives (space, comma, slashes, no zone), and numbers: seconds, milliseconds, microseconds
    or nanoseconds since 1970, told apart by their size.
    """
    if isinstance(value, str):
        if len(value) > 19 and value[-1] == "Z":
            try:
                return datetime.fromisoformat(value), None
            except ValueError:
                pass
        match = _ISO.search(value[:200])
        if match is None:
            try:
                return time(float(value)) if len(value) < 25 else (None, None)
            except ValueError:
                return None, None
        return _from_groups(match)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, None
    return _from_number(value)


def _from_groups(match: re.Match[str]) -> tuple[datetime | None, str | None]:
    year, month, day, hour, minute, second = (int(match[index]) for index in range(1, 7))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None, f"not a time: {match[0]}"
    if match[7]:
        moment = moment.replace(microsecond=int(match[7][:6].ljust(6, "0")))
    zone = match[8]
    if zone is None:
        return moment, NO_ZONE
    if zone not in {"Z", "UTC"}:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        try:
            moment = moment - offset if zone[0] == "+" else moment + offset
        except OverflowError:
            return None, f"not a time: {match[0]}"
    return moment, None


def _from_number(value: float) -> tuple[datetime | None, str | None]:
    for size in (1e17, 1e14, 1e11):
        if value >= size:
            value = value / (size / 1e8)
            break
    if not 1e8 <= value <= 1e11:
        return None, None
    try:
        return datetime.fromtimestamp(value, UTC), None
    except (ValueError, OverflowError, OSError):
        return None, None


_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = {code: None for code in (*range(9), 11, 12, *range(14, 32), 127, *range(0x80, 0xA0)) if code != 0x85}
_DIRTY = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """`text` as a terminal would leave it: no escape sequences, no control characters, the last state of a line."""
    if _DIRTY.search(text) is None:
        return text
    text = _ANSI.sub("", text)
    if "\r" in text:
        text = "\n".join(_overwritten(line) for line in text.split("\n"))
    return text.translate(_CONTROL)


def _overwritten(line: str) -> str:
    """A carriage return begins the line again: keep what was written last."""
    parts = [part for part in line.split("\r") if part.strip()]
    return parts[-1] if parts else ""


def as_text(value: Any) -> str:
    """A logged value as text: strings as they are, anything else in its short form."""
    return value if isinstance(value, str) else "" if value is None else str(value)
