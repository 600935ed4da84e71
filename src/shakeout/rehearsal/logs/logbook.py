"""
What was logged, as Cloud Logging keeps it.

The logs and labels are those of Cloud Run's documentation ("Logging and viewing logs in Cloud Run"): `stdout`,
`stderr`, `requests` and `varlog/system` of `run.googleapis.com`, on the resource `cloud_run_revision`. A line on
standard output that is a JSON object becomes a structured entry; its fields `severity`, `message` and those below
`logging.googleapis.com/` mean what "Structured logging" says of them.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from google.cloud.audit import audit_log_pb2
from google.cloud.logging_v2 import types
from google.logging.type import log_severity_pb2

LIMIT = 200_000
"""Entries that are kept; the oldest go first."""

SYSTEM = "run.googleapis.com/varlog/system"
REQUESTS = "run.googleapis.com/requests"
OWN = "shakeout.rehearsal"
"""The log of what the double saw and Cloud Run would not have told."""

Entry = Any
"""A `google.logging.v2.LogEntry`, as protobuf's own class."""

_ENTRY = types.LogEntry.pb()
_KNOWN = set(log_severity_pb2.LogSeverity.keys())
_SPECIAL = "logging.googleapis.com/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where entries come from: one revision, and the instance of it where there is one."""

    project: str
    region: str
    service: str
    revision: str
    instance: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class Logbook:
    """Entries in the order in which they came; `wait` tells that there are new ones."""

    def __init__(self) -> None:
        self._entries: deque[tuple[int, Entry]] = deque(maxlen=LIMIT)
        self._number = 0
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Entry]:
        return iter([entry for _, entry in self._entries])

    def since(self, number: int) -> tuple[list[Entry], int]:
        """The entries after the first `number` ones, and how many there were altogether by now."""
        return [entry for position, entry in self._entries if position >= number], self._number

    async def wait(self, seconds: float) -> None:
        """Until something is written, at most so long."""
        changed = self._changed
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            pass

    def add(self, entry: Entry) -> None:
        """Keep an entry; what the service itself fills in is filled in."""
        now = datetime.now(UTC)
        if not entry.HasField("timestamp"):
            entry.timestamp.FromDatetime(now)
        entry.receive_timestamp.FromDatetime(now)
        entry.insert_id = entry.insert_id or uuid.uuid4().hex[:20]
        self._entries.append((self._number, entry))
        self._number += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def output(self, origin: Origin, stream: str, line: str, time: datetime) -> None:
        """One line that an instance wrote."""
        entry = _made(origin, f"run.googleapis.com/{stream}", time)
        if not (line.lstrip().startswith("{") and _structured(entry, line)):
            entry.text_payload = line
        self.add(entry)

    def system(self, origin: Origin, text: str, severity: str = "INFO", log: str = SYSTEM) -> None:
        """What the platform says about an instance."""
        entry = _made(origin, log, datetime.now(UTC))
        entry.text_payload = text
        entry.severity = log_severity_pb2.LogSeverity.Value(severity)
        self.add(entry)

    def event(self, origin: Origin, text: str, *, failed: bool) -> None:
        """What the platform's audit log tells of a revision whose readiness changed."""
        entry = _made(origin, "cloudaudit.googleapis.com/system_event", datetime.now(UTC))
        entry.severity = log_severity_pb2.LogSeverity.Value("ERROR" if failed else "INFO")
        told = audit_log_pb2.AuditLog(
            service_name="run.googleapis.com",
            method_name="/InternalServices.ReplaceInternalService",
            resource_name=f"namespaces/{origin.project}/revisions/{origin.revision}",
        )
        told.status.message = text
        if failed:
            told.status.code = 9
        entry.proto_payload.Pack(told)
        self.add(entry)

    def request(self, origin: Origin, request: Mapping[str, Any], *, text: str = "", severity: str, trace: str) -> None:
        """A request that was answered; `request` has the fields of `google.logging.type.HttpRequest`."""
        entry = _made(origin, REQUESTS, request["time"])
        entry.severity = log_severity_pb2.LogSeverity.Value(severity)
        entry.trace = f"projects/{origin.project}/traces/{trace}"
        entry.span_id = uuid.uuid4().hex[:16]
        if text:
            entry.text_payload = text
        latency = request["seconds"]
        entry.http_request.latency.FromNanoseconds(int(latency * 1e9))
        for name, value in request.items():
            if name not in {"time", "seconds"}:
                setattr(entry.http_request, name, value)
        self.add(entry)


def log_name(project: str, log: str) -> str:
    """`projects/P/logs/run.googleapis.com%2Fstdout`."""
    return f"projects/{project}/logs/{quote(log, safe='')}"


def _made(origin: Origin, log: str, time: datetime) -> Entry:
    entry = _ENTRY(log_name=log_name(origin.project, log))
    entry.timestamp.FromDatetime(time)
    entry.resource.type = "cloud_run_revision"
    labels = {
        "project_id": origin.project,
        "location": origin.region,
        "service_name": origin.service,
        "configuration_name": origin.service,
        "revision_name": origin.revision,
    }
    entry.resource.labels.update(labels)
    entry.labels.update(origin.labels)
    if origin.instance:
        entry.labels["instanceId"] = origin.instance
    return entry


def _structured(entry: Entry, line: str) -> bool:
    """Whether the line was a JSON object; the entry then holds it."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(values, dict):
        return False
    severity = str(values.pop("severity", "")).upper()
    if severity in _KNOWN:
        entry.severity = log_severity_pb2.LogSeverity.Value(severity)
    trace, span = values.pop(f"{_SPECIAL}trace", None), values.pop(f"{_SPECIAL}spanId", None)
    entry.trace = trace if isinstance(trace, str) else ""
    entry.span_id = span if isinstance(span, str) else ""
    labels = values.pop(f"{_SPECIAL}labels", None)
    if isinstance(labels, dict):
        entry.labels.update({str(name): str(value) for name, value in labels.items()})
    values.pop("timestamp", None)
    if set(values) == {"message"} and isinstance(values["message"], str):
        entry.text_payload = values["message"]
        return True
    try:
        entry.json_payload.update(values)
    except (ValueError, TypeError):
        return False
    return True
