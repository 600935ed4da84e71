"""Who answered which request how, and what a service said meanwhile: from access lines, request entries and loggers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from shakeout.evidence.model import QUOTE_LIMIT, Evidence, Locator
from shakeout.evidence.redaction import redact
from shakeout.logs.entry import LogEntry, Severity

ENTRIES = 300_000
"""Entries that are looked through; logs that are longer are said to be."""
KEPT = 20_000
_TRACES = ("trace", "trace_id", "traceId", "traceID", "dd.trace_id", "request_id", "requestId", "x-request-id",
           "correlation_id", "correlationId", "req_id", "reqId")  # fmt: skip
_STATUS = ("status", "status_code", "statusCode", "http.status_code")
_PATH = ("path", "url", "uri", "requestUrl", "http.path", "http.target", "http.route")
_METHOD = ("method", "requestMethod", "http.method", "verb")
_LOGGED = re.compile(
    r"\b(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s{1,3}\"?(?P<path>(?:https?://[^/\s\"]{1,300})?/[^\s\"'?]{0,2000})"
    r"(?:\?\S{0,2000})?\"?[^\n\d]{0,60}?[\s=:\"(](?P<status>[1-5]\d\d)\b"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A request that a service says it answered with 400 or more. `path` is without its query."""

    service: str | None
    method: str | None
    path: str
    status: int
    time: datetime | None
    trace: str | None
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A warning or an error in a service's own words, its first line."""

    service: str | None
    text: str
    severity: Severity
    time: datetime | None
    trace: str | None
    evidence: Evidence


class Requests:
    """
    The requests of a run's logs that failed, and the warnings and errors beside them.

    The logs are read when something is first asked, in one pass; `read` gives their entries, `name` the service of an
    entry that does not say it.
    """

    described_as = "the logs"

    def __init__(
        self, read: Callable[[], Iterable[LogEntry]], name: Callable[[LogEntry], str | None] | None = None
    ) -> None:
        self._read = read
        self._name = name or (lambda entry: entry.service)

    @property
    def served(self) -> tuple[Served, ...]:
        return self._found[0]

    @property
    def said(self) -> tuple[Said, ...]:
        return self._found[1]

    @property
    def whole(self) -> bool:
        """Whether all of the logs was looked through."""
        return self._found[2]

    def trace_at(self, at: Locator) -> str | None:
        """The trace or request id of what was said at a place."""
        return next((one.trace for one in self.said if one.evidence.locator == at), None)

    @cached_property
    def _found(self) -> tuple[tuple[Served, ...], tuple[Said, ...], bool]:
        served: list[Served] = []
        said: list[Said] = []
        entries = iter(self._read())
        for entry in islice(entries, ENTRIES):
            if len(served) < KEPT and (request := _request(entry, self._name(entry))) is not None:
                served.append(request)
            elif entry.severity >= Severity.WARNING and len(said) < KEPT and entry.message.strip():
                said.append(_words(entry, self._name(entry)))
        whole = next(entries, None) is None and len(served) < KEPT and len(said) < KEPT
        return tuple(served), tuple(said), whole


def near(one: datetime | None, other: datetime | None, within: timedelta) -> bool:
    """Whether two moments are known and lie close together."""
    return one is not None and other is not None and abs(one - other) <= within


def path_in(address: str) -> str:
    """The path of an address or a request's target, without its query; `/` where there is none."""
    try:
        return urlsplit(address).path or "/"
    except ValueError:
        return address.partition("?")[0] or "/"


def _words(entry: LogEntry, service: str | None) -> Said:
    first = redact(entry.message.strip().split("\n", 1)[0])
    return Said(
        service=service,
        text=first[:300],
        severity=entry.severity,
        time=entry.time,
        trace=_trace(entry),
        evidence=_evidence(entry),
    )


def _request(entry: LogEntry, service: str | None) -> Served | None:
    request = entry.fields.get("httpRequest") if entry.fields else None
    for fields in (request, entry.fields):
        found = _fields(fields) if isinstance(fields, dict) else None
        if found is not None:
            noted = f"by its fields: {found[0] or 'a request'} of {found[1]}, answered with {found[2]}"
            return _served(entry, service, *found, note=noted) if found[2] >= 400 else None
    match = _LOGGED.search(entry.message[:3000]) if "\n" not in entry.message.strip() else None
    if match is None or (entry.severity >= Severity.ERROR and match["path"].startswith("http")):
        return None  # a caller's own words about what it asked
    status = int(match["status"])
    return _served(entry, service, match["method"], path_in(match["path"]), status) if status >= 400 else None


def _served(
    entry: LogEntry, service: str | None, method: str | None, path: str, status: int, *, note: str = ""
) -> Served:
    return Served(
        service=service,
        method=method,
        path=path,
        status=status,
        time=entry.time,
        trace=_trace(entry),
        evidence=_evidence(entry, note),
    )


def _fields(fields: dict[str, Any]) -> tuple[str | None, str, int] | None:
    inner = [
        fields,
        *(fields[key] for key in ("req", "res", "request", "response", "http") if isinstance(fields.get(key), dict)),
    ]
    status = _first(inner, _STATUS)
    path = _first(inner, _PATH)
    method = _first(inner, _METHOD)
    number = int(status) if isinstance(status, int | float) or (isinstance(status, str) and status.isdigit()) else 0
    if not 100 <= number < 600 or not isinstance(path, str) or not path:
        return None
    return (method.upper() if isinstance(method, str) else None), path_in(path), number


def _first(tables: Iterable[dict[str, Any]], names: Iterable[str]) -> Any:
    return next((table[name] for table in tables for name in names if table.get(name) not in (None, "")), None)


def _trace(entry: LogEntry) -> str | None:
    if not entry.fields:
        return None
    inner = [dict(entry.fields)]
    inner += [value for key in ("req", "request", "otel", "dd") if isinstance(value := entry.fields.get(key), dict)]
    found = _first(inner, _TRACES)
    if found is None and isinstance(request := entry.fields.get("req"), dict):
        found = request.get("id")
    text = str(found) if isinstance(found, str | int) else ""
    return text.rpartition("/")[2] if len(text) >= 6 else None


def _evidence(entry: LogEntry, note: str = "") -> Evidence:
    text = (entry.quote or entry.message).strip().split("\n", 1)[0]
    return Evidence(kind="log", locator=entry.locator, quote=text[:QUOTE_LIMIT], note=note)
