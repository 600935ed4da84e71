"""Every failed connection that checks and logs tell of, with what each of them saw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shakeout.catalogue.connectivity.wording import Said, address_in, open_breaker, said
from shakeout.evidence.model import Evidence
from shakeout.evidence.probes import Probe, Probes
from shakeout.logs.errorlog import ErrorLog, Occurrence

_FACT_KINDS = {
    "refused": "refused",
    "unknown-host": "unknown-host",
    "unreachable": "unreachable",
    "no-answer": "no-answer",
    "tls": "tls",
    "wrong-scheme": "wrong-scheme",
    "reset": "reset",
    "wrong-credentials": "wrong-credentials",
    "database-missing": "database-missing",
    "starting": "starting",
    "too-many-connections": "too-many-connections",
    "file-missing": "file-missing",
    "not-clickhouse": "not-the-service",
    "not-http": "not-the-service",
}
"""The `kind` of a check's facts to the kind of failure as wording.py names it."""

_NO_FILE = re.compile(
    r"\[Errno (?:2|13|17|20|30)\]|no such file or directory|file exists|not a directory|permission denied"
    r"|read-only file system|unable to open database file",
    re.IGNORECASE,
)

_PROBE = re.compile(r"\b(?:startup|liveness|readiness|health) (?:probe|check) failed", re.IGNORECASE)

_PROGRAMMING = frozenset(
    {
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "ImportError",
        "DecodeError",
        "FormatError",
        "IndexError",
        "JSONDecodeError",
        "KeyError",
        "ModuleNotFoundError",
        "NameError",
        "NotImplementedError",
        "SyntaxError",
        "TypeError",
        "UnboundLocalError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "ValidationError",
        "ValueError",
    }
)
"""Types of the code's own errors and of refused values: their text may quote anything, also a connection's failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """
    One failed connection as somebody saw it.

    `service` is the service whose connection it was, None for our own. `name` is the backing service's name where it
    is known; `path` the file where the address is one; `text` the words that were read.
    """

    kind: str
    host: str | None
    port: int | None
    path: str | None
    name: str | None
    database: str | None
    service: str | None
    text: str
    evidence: tuple[Evidence, ...]
    system: str | None = None
    """The kind of server that was expected, for example `postgresql`."""


def seen_by_check(probe: Probe) -> tuple[Seen, ...]:
    """The failed connections that one check's answer tells of."""
    if probe.passed:
        return ()
    facts = probe.facts
    kind = _FACT_KINDS.get(str(facts.get("kind")))
    name = _text(facts.get("backing_service"))
    if kind is not None and "through" not in facts and (name is not None or probe.service is None):
        address = _text(facts.get("address")) or ""
        return (
            Seen(
                kind=kind,
                host=_text(facts.get("host")),
                port=facts["port"] if isinstance(facts.get("port"), int) else None,
                path=address if address.startswith("/") else None,
                name=name,
                database=_text(facts.get("database")),
                service=None,
                text=_text(facts.get("message")) or probe.detail,
                evidence=probe.evidence[:1],
                system=_text(facts.get("engine")),
            ),
        )
    service = _text(facts.get("reported_by")) or _text(facts.get("through")) or probe.service
    return tuple(_told(probe, service, name))


def _told(probe: Probe, service: str | None, name: str | None) -> Iterator[Seen]:
    """What a service's own answer says of its connections."""
    facts = probe.facts
    if facts.get("reported_detail") and facts.get("reported_status") not in {"up", "ok", "disabled"}:
        found = _seen(str(facts["reported_detail"]), _text(facts.get("address")), name, service, probe.evidence[:1])
        if found is not None:
            yield found
        return
    answer = facts.get("answer")
    states = answer.get("backing_services") if isinstance(answer, Mapping) else None
    for backing, state in states.items() if isinstance(states, Mapping) else ():
        if isinstance(state, Mapping) and state.get("status") == "down" and state.get("detail"):
            found = _seen(str(state["detail"]), _text(state.get("address")), str(backing), service, probe.evidence[:1])
            if found is not None:
                yield found
    texts = [text for key in ("error", "message", "detail_of_error") for text in _texts(facts.get(key))]
    if texts and not any(open_breaker(text) for text in texts):
        found = _seen(" ".join(texts), None, name, service, probe.evidence[:1])
        if found is not None:
            yield found


def _seen(
    text: str, address: str | None, name: str | None, service: str | None, evidence: tuple[Evidence, ...]
) -> Seen | None:
    spoken = said(text)
    if spoken is None and address is not None:
        spoken = said(f"{text} at {address}")
    if spoken is None:
        return None
    host, port = (spoken.host, spoken.port) if spoken.host else address_in(f"at {address}" if address else "")
    return Seen(
        kind=spoken.kind,
        host=host,
        port=port,
        path=address if address and address.startswith("/") else None,
        name=name,
        database=spoken.name,
        service=service,
        text=text,
        evidence=evidence,
    )


def seen_in_log(occurrence: Occurrence, paths: Sequence[str] = ()) -> Seen | None:
    """
    The failed connection that one logged error tells of, None where it tells of none or the code is at fault.

    `paths` are the files in which databases are declared to be; an error that names one of them, and that a file
    cannot be made or opened, is one about that database. What the platform writes of its own probes is none.
    """
    if occurrence.system or _PROBE.search(occurrence.text[:400]):
        return None
    texts: list[str] = []
    if occurrence.traceback is None and (occurrence.type or "").rpartition(".")[2] in _PROGRAMMING:
        return None
    if occurrence.traceback is not None:
        first = occurrence.traceback.first
        if first.type.rpartition(".")[2] in _PROGRAMMING:
            return None
        texts += [f"{raised.type}: {raised.message}" for raised in occurrence.traceback.exceptions]
    texts.append(f"{occurrence.type}: {occurrence.text}" if occurrence.type else occurrence.text)
    quotes = [item.quote for item in occurrence.evidence[:1]]
    found: Said | None = None
    for text in [*texts, *quotes]:
        if open_breaker(text) is None and (found := said(text)) is not None:
            break
    path = next((path for path in paths if any(path in text for text in [*texts, *quotes])), None)
    if found is None and path is not None and any(_NO_FILE.search(text) for text in [*texts, *quotes]):
        found = Said(kind="file-missing")
    if found is None:
        return None
    if found.kind == "file-missing":
        return Seen(
            kind=found.kind,
            host=None,
            port=None,
            path=path or (paths[0] if len(paths) == 1 else None),
            name=None,
            database=None,
            service=occurrence.owner,
            text=" ".join(texts)[:2000],
            evidence=occurrence.evidence[:1],
        )
    host, port = found.host, found.port
    for text in [*texts, *quotes]:
        if host is not None:
            break
        host, port = address_in(text)
    return Seen(
        kind=found.kind,
        host=host,
        port=port,
        path=None,
        name=None,
        database=found.name,
        service=occurrence.owner,
        text=" ".join(texts)[:2000],
        evidence=occurrence.evidence[:1],
    )


def everything_seen(probes: Probes | None, log: ErrorLog | None, paths: Sequence[str] = ()) -> tuple[Seen, ...]:
    """Our own connections first, then what services answer, then what they logged."""
    checks = [seen for probe in probes or () for seen in seen_by_check(probe)]
    logged = [
        seen
        for occurrence in log or ()
        if occurrence.origin == "service" and (seen := seen_in_log(occurrence, paths)) is not None
    ]
    return (*(seen for seen in checks if seen.service is None), *(seen for seen in checks if seen.service), *logged)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any, depth: int = 3) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth:
        for item in value.values():
            yield from _texts(item, depth - 1)
