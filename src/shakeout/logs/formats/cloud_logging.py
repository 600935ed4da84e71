"""Cloud Logging: entries as its API and `gcloud logging read --format=json` give them, also in snake case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import JSON, SKIP, Pass, Record, Skip
from shakeout.logs.formats.payload import Payload, payload
from shakeout.logs.inner import interpret
from shakeout.logs.suspects import suspect
from shakeout.logs.values import as_text, severity, time

_NONE = msgspec.Raw()


class _Entry(msgspec.Struct, gc=False, rename="camel"):
    """The fields that matter, as the API writes them. Raw parts are decoded only where the entry is kept."""

    insert_id: str = ""
    timestamp: str = ""
    receive_timestamp: str = ""
    severity: str = ""
    log_name: str = ""
    text_payload: str | None = None
    json_payload: msgspec.Raw = _NONE
    proto_payload: msgspec.Raw = _NONE
    http_request: msgspec.Raw = _NONE
    labels: msgspec.Raw = _NONE
    resource: msgspec.Raw = _NONE
    trace: str = ""


_DECODER = msgspec.json.Decoder(_Entry)
_MANY = msgspec.json.Decoder(list[_Entry])
_RAW_FIELDS = ("json_payload", "proto_payload", "http_request", "labels", "resource")
_PAYLOADS = ("json_payload", "proto_payload", "http_request")
_CAMEL = re.compile(r"(?<=[a-z])([A-Z])")
_KNOWN = re.compile(
    rb'"(?:insertId|logName|textPayload|jsonPayload|insert_id|log_name|text_payload|json_payload|protoPayload'
    rb'|httpRequest|proto_payload)"'
)
_CALM = frozenset({"DEBUG", "INFO", "NOTICE"})
_UNSAID = frozenset({"", "DEFAULT"})
_COMMIT_KEYS = re.compile(r"(?:^|[/._-])(?:commit|git[-_]?sha|sha|commit[-_](?:sha|hash|id))$", re.I)
_SERVICES = ("service_name", "container_name", "module_id", "function_name", "job_name")
_HASH = re.compile(r"[0-9a-f]{7,40}\Z")
_SYSTEM = re.compile(
    r"Container called exit\(|Uncaught signal: |Memory limit of |Starting new instance|Shutting down (?:user|instance)"
    r"|(?:Default )?(?:STARTUP|LIVENESS|READINESS) \w+ probe |The request (?:failed|was aborted) because "
    r"|The user-provided container failed|Application failed to start|Ready condition status changed"
    r"|Consider increasing the memory limit|Truncated response body|The instance was not started",
)


@dataclass(slots=True)
class _Parts:
    """One entry's fields, whichever spelling they had."""

    entry: _Entry
    request: Mapping[str, Any] = field(default_factory=dict)


class CloudLogging:
    name = "cloud-logging"
    rank = 10

    def read_record(self, record: Record) -> LogEntry | Skip | None:
        raw = record.raw
        try:
            entry = _DECODER.decode(raw)
        except msgspec.DecodeError:
            found = _lenient(record)
            if found is None:
                return None
            entry = found
        else:
            if not entry.log_name and not entry.insert_id:
                if not _KNOWN.search(raw):
                    return None
                found = _lenient(record)
                if found is None:
                    return None
                entry = found
        if entry.insert_id and record.duplicate(hash(entry.insert_id) ^ hash(entry.timestamp)):
            return SKIP
        threshold = record.reading.threshold
        if threshold is not None and _harmless(entry, record.hint):
            return SKIP
        return _read(record, entry)

    def sift(
        self, data: bytes, reading: Pass, path: str, *, reverse: bool
    ) -> tuple[int, list[tuple[int, object | None]]] | None:
        if reading.threshold is None:
            return None
        try:
            entries = _MANY.decode(b"[" + data + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        found: list[tuple[int, object | None]] = []
        seen = reading.seen
        repeated = 0
        order = range(len(entries) - 1, -1, -1) if reverse else range(len(entries))
        for number in order:
            entry = entries[number]
            if entry.insert_id:
                before = len(seen)
                seen.add(hash(entry.insert_id) ^ hash(entry.timestamp))
                if len(seen) == before:
                    repeated += 1
                    continue
            elif not entry.log_name:
                found.append((number, None))
                continue
            if not _harmless(entry):
                found.append((number, entry))
        if repeated:
            reading.notes.add("duplicate", path, "entries that were read before are left out", repeated)
        return len(entries), found

    def read_sifted(self, record: Record, found: object) -> LogEntry:
        assert isinstance(found, _Entry)
        return _read(record, found)


def _harmless(entry: _Entry, hint: Severity | None = None) -> bool:
    """
    Whether an entry of this severity cannot become an error; `hint` is the severity of the section that it stands in.

    Structured payloads go by their severity alone; text may hold a traceback at any severity. A severity in other
    words than the API's (`error`, `500`) is not judged here.
    """
    text = entry.text_payload
    if text is not None:
        calm = entry.severity in _CALM or (entry.severity in _UNSAID and hint is None)
        return calm and not suspect(text)
    if entry.severity in _CALM:
        return len(entry.proto_payload) == 0 or b'"status"' not in bytes(entry.proto_payload)
    return False


def _lenient(record: Record) -> _Entry | None:
    """The entry with any spelling and type of its fields: snake case, nulls, payloads as strings or of other types."""
    if not _KNOWN.search(record.raw):
        return None
    try:
        value = record.value()
    except msgspec.DecodeError:
        return None
    if not isinstance(value, dict):
        return None
    entry = _Entry()
    text_keys = {"insert_id", "timestamp", "receive_timestamp", "severity", "log_name", "trace"}
    for key, item in value.items():
        name = _CAMEL.sub(r"_\1", key).lower()
        if item is None:
            continue
        if name in _RAW_FIELDS:
            if isinstance(item, str) and name == "json_payload" and not item.lstrip().startswith("{"):
                name = "text_payload"
            else:
                data = item.encode("utf-8", "replace") if isinstance(item, str) else msgspec.json.encode(item)
                setattr(entry, name, msgspec.Raw(data))
                continue
        if name == "text_payload" and isinstance(item, dict):
            entry.json_payload = msgspec.Raw(msgspec.json.encode(item))
        elif name == "text_payload":
            entry.text_payload = item if isinstance(item, str) else None
        elif name in text_keys:
            setattr(entry, name, as_text(item))
    return entry if entry.text_payload is not None or any(len(getattr(entry, name)) for name in _PAYLOADS) else None


def _object(raw: msgspec.Raw) -> Mapping[str, Any]:
    if len(raw) == 0:
        return {}
    try:
        value = JSON.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _read(record: Record, entry: _Entry) -> LogEntry:
    origin = _origin(bytes(entry.labels), bytes(entry.resource), entry.log_name)
    parts = _Parts(entry=entry, request=_object(entry.http_request))
    moment, doubt = time(entry.timestamp or entry.receive_timestamp)
    outer = severity(entry.severity) or record.hint
    body = _body(record, parts)
    inner = body.severity
    text = entry.text_payload is not None
    # The platform's severity of text says only which stream it was written to.
    level = inner if inner is not None and (text or outer is None or "protoPayload" in body.fields) else outer
    system = origin.log.endswith("varlog/system") or _SYSTEM.match(body.message) is not None
    return LogEntry(
        message=body.message,
        locator=record.locate(*body.keys),
        time=moment,
        time_doubt=doubt,
        severity=level if level is not None else Severity.DEFAULT,
        service=origin.service or body.service,
        stream=origin.stream,
        sequence=record.next(),
        system=system,
        labels=origin.labels,
        fields=body.fields,
        quote=body.quote,
        unsure=inner is None and (text or not outer),
        headed=body.headed,
    )


def _body(record: Record, parts: _Parts) -> Payload:
    entry = parts.entry
    fields: dict[str, Any] = {}
    if parts.request:
        fields["httpRequest"] = parts.request
    if entry.trace:
        fields["trace"] = entry.trace
    if entry.text_payload is not None:
        inner = interpret(entry.text_payload)
        return Payload(
            message=inner.message, keys=(_spelt(record, "textPayload"),), severity=inner.severity,
            fields={**inner.fields, **fields}, service=inner.service, headed=inner.headed,
        )  # fmt: skip
    if len(entry.json_payload):
        found = payload(_object(entry.json_payload))
        key = _spelt(record, "jsonPayload")
        return msgspec.structs.replace(found, keys=(key, *found.keys), fields={**found.fields, **fields})
    proto = _object(entry.proto_payload)
    if proto:
        return _audit(proto, _spelt(record, "protoPayload"), fields)
    return _request(parts.request, _spelt(record, "httpRequest"), fields)


def _spelt(record: Record, key: str) -> str:
    """The key as this record spells it."""
    if record.region.find(b'"' + key.encode() + b'"', record.start, record.start + len(record.raw)) >= 0:
        return key
    return _CAMEL.sub(r"_\1", key).lower()


def _audit(proto: Mapping[str, Any], key: str, fields: dict[str, Any]) -> Payload:
    """An audit entry: what was called, and the status that it ended with."""
    status = proto.get("status")
    called = proto.get("methodName") or proto.get("method_name")
    method = called if isinstance(called, str) else ""
    failed = isinstance(status, dict) and bool(status.get("code"))
    said = status.get("message") if isinstance(status, dict) else None
    text = said if isinstance(said, str) else ""
    return Payload(
        message=text or method,
        keys=(key, "status", "message") if text else (key,),
        severity=Severity.ERROR if failed else None,
        fields={
            **fields,
            "method": method,
            "resource": proto.get("resourceName") or proto.get("resource_name"),
            "status": status,
            "protoPayload": True,
        },
    )


def _request(request: Mapping[str, Any], key: str, fields: dict[str, Any]) -> Payload:
    """A request's entry without a text: the message is put together, the address is what stands there."""
    if not request:
        return Payload(message="", fields=fields)
    method = as_text(request.get("requestMethod") or request.get("request_method"))
    address = request.get("requestUrl") or request.get("request_url")
    if not isinstance(address, str):
        return Payload(message="", fields=fields)
    status = as_text(request.get("status"))
    return Payload(
        message=" ".join(part for part in (method, address, status) if part),
        keys=(key, "requestUrl" if "requestUrl" in request else "request_url"),
        quote=address,
        fields=fields,
    )


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where entries come from: thousands share one, so that it is worked out once."""

    log: str
    service: str | None
    stream: str
    labels: Mapping[str, str]


@lru_cache(maxsize=2048)
def _origin(labels: bytes, resource: bytes, log_name: str) -> _Origin:
    log = log_name.rpartition("/")[2].replace("%2F", "/")
    inner = _object(msgspec.Raw(resource)).get("labels")
    of_resource = inner if isinstance(inner, dict) else {}
    found = _labels(_object(msgspec.Raw(labels)), of_resource, log)
    service = next((as_text(of_resource[key]) for key in _SERVICES if of_resource.get(key)), None)
    stream = "/".join(part for part in (service, found.get("revision"), found.get("instance"), log) if part)
    return _Origin(log, service, stream, found)


def _labels(given: Mapping[str, Any], resource: Mapping[str, Any], log: str) -> dict[str, str]:
    labels = {as_text(key): as_text(value) for key, value in given.items() if value is not None}
    found = {"log": log} if log else {}
    for name, sources in (
        ("revision", (resource.get("revision_name"), resource.get("version_id"))),
        ("instance", (labels.get("instanceId"), labels.get("instance_id"), resource.get("instance_id"),
                      resource.get("pod_name"))),
        ("pod", (resource.get("pod_name"),)),
        ("container", (resource.get("container_name"),)),
        ("namespace", (resource.get("namespace_name"),)),
        ("location", (resource.get("location"),)),
        ("project", (resource.get("project_id"),)),
    ):  # fmt: skip
        value = next((as_text(source) for source in sources if source), "")
        if value:
            found[name] = value
    for key, value in labels.items():
        if _COMMIT_KEYS.search(key) and _HASH.match(value):
            found.setdefault("commit", value)
    return {**labels, **found}


FORMATS = (CloudLogging(),)
