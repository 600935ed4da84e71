"""The family, and how its rules read what checks and logs say of live connections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shakeout.catalogue.websocket.claims import EventsMalformed
from shakeout.evidence.model import Evidence
from shakeout.evidence.probes import Probe
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Family, GuardSpec

websocket = Family(
    "websocket",
    "Live connections are refused, closed, or carry messages that are not understood",
    guard=GuardSpec(
        name="live connection test",
        kind="command",
        arguments=(r"\bshakeout (?:[\w.=/-]+ ){0,8}(?:up|verify)\b", r"\b(?:websocat|wscat|artillery)\b"),
        missing="nothing opens a live connection before or after a deployment",
        add="- run: shakeout verify --environment NAME  # opens live connections as the served frontend would",
    ),
)

LIMIT = 4000
"""Characters of a logged text that are looked at."""

_NAME = r"[A-Za-z_][\w.-]{0,79}"
_SET = r"[\"']?[=:] ?[\"']?"
_END = r"(?![\w.-]|[\"']?[=:])"
_FIELDS = (
    # key=value, and the same as JSON
    re.compile(rf"\bevent{_SET}(?P<event>{_NAME}){_END}.{{0,200}}?\bfield{_SET}(?P<field>{_NAME})"),
    re.compile(rf"\bfield{_SET}(?P<field>{_NAME}){_END}.{{0,200}}?\bevent{_SET}(?P<event>{_NAME})"),
    # sentences
    re.compile(
        rf"(?:field|property) [\"'`](?P<field>{_NAME})[\"'`] (?:of|in|from) (?:event |message )?"
        rf"[\"'`](?P<event>{_NAME})[\"'`] (?:is |was )?(?:missing|required|absent|not )",
        re.I,
    ),
    re.compile(
        rf"(?:event|message) [\"'`](?P<event>{_NAME})[\"'`] (?:lacks|misses|is missing|has no|without)"
        rf"(?: the| a)?(?: required)?(?: field| property)? [\"'`](?P<field>{_NAME})[\"'`]",
        re.I,
    ),
    re.compile(
        rf"(?:missing|requires?|must have)(?: the| a)?(?: required)? (?:field|property) [\"'`](?P<field>{_NAME})[\"'`]"
        rf"(?: (?:in|of|for) (?:the )?(?:event|message)(?: type)? [\"'`](?P<event>{_NAME})[\"'`])?",
        re.I,
    ),
)
_LIVE = re.compile(r"websocket|web socket|socket\.?io|\bwss?\b|live connection|\bchannel\b|subprotocol", re.I)
_MISSING = re.compile(r"missing|required|lacks|absent|has no|without|must have", re.I)
_PROTOCOLS = re.compile(
    r"client_protocol[\"']?[=:] ?[\"']?(?P<client>[\w.]{1,20}).{0,100}?"
    r"server_protocol[\"']?[=:] ?[\"']?(?P<server>[\w.]{1,20})"
    r"|(?:client|browser|page|frontend) (?:speaks|uses|has|sent|offers|offered|requested|is (?:at|on)) (?:protocol )?"
    r"(?:version )?[\"']?(?P<client2>\d[\w.]{0,19}).{1,60}?(?:server|backend|we|this service) "
    r"(?:speaks|uses|has|expects|accepts|supports|requires|is (?:at|on)) (?:only )?(?:protocol )?(?:version )?"
    r"[\"']?(?P<server2>\d[\w.]{0,19})",
    re.I,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """One kind of event that a service does not take, as one check or one logged line tells it."""

    claim: EventsMalformed
    evidence: tuple[Evidence, ...]
    client: str | None = None
    client_protocol: str | None = None
    server_protocol: str | None = None


def told(probe: Probe) -> Iterator[Malformed]:
    """What a websocket check was answered, one entry for each event and field, with how many connections had it."""
    facts = probe.facts
    connections = [each for each in facts.get("connections", ()) if isinstance(each, Mapping)]
    counted: dict[EventsMalformed, int] = {}
    for connection in connections:
        for claim in dict.fromkeys(_claims(connection, text(facts.get("service")) or probe.service)):
            counted[claim] = counted.get(claim, 0) + 1
    total = facts.get("connections_total", len(connections))
    for claim, count in counted.items():
        note = f"'{claim.field}' of '{claim.event or 'a message'}': {count} of {total} connections"
        yield Malformed(
            claim=claim,
            evidence=noted(probe, note),
            client=text(facts.get("client")),
            client_protocol=text(facts.get("client_protocol")),
            server_protocol=text(facts.get("server_protocol")),
        )


def _claims(connection: Mapping[str, Any], service: str | None) -> Iterator[EventsMalformed]:
    for error in connection.get("errors", ()):
        if field := text(error.get("field")):
            message = text(error.get("message")) or ""
            reason = "missing" if _MISSING.search(f"{message} {error.get('reason', '')}") else "wrong"
            yield EventsMalformed(service, text(error.get("event")), field, reason)


def logged(log: ErrorLog | None) -> Iterator[tuple[Occurrence, Malformed]]:
    """What services logged about events that they could not take."""
    for occurrence in log or ():
        if occurrence.origin != "service" or occurrence.system:
            continue
        if (found := read_malformed(occurrence)) is not None:
            yield occurrence, found


def read_malformed(occurrence: Occurrence) -> Malformed | None:
    """What one logged text says of a malformed event; None where it says nothing of one."""
    said = f"{occurrence.text} {occurrence.evidence[0].quote if occurrence.evidence else ''}"[:LIMIT]
    match = next((match for pattern in _FIELDS if (match := pattern.search(said))), None)
    if match is None or not (_LIVE.search(said) or "event" in said.lower()):
        return None
    reason = "missing" if _MISSING.search(said) else "wrong"
    client, server = protocols_in(said)
    return Malformed(
        claim=EventsMalformed(occurrence.owner, match.groupdict().get("event"), match["field"], reason),
        evidence=occurrence.evidence[:2],
        client_protocol=client,
        server_protocol=server,
    )


def protocols_in(said: str) -> tuple[str | None, str | None]:
    """The protocols of client and server that a text names."""
    match = _PROTOCOLS.search(said[:LIMIT])
    if match is None:
        return None, None
    client, server = match["client"] or match["client2"], match["server"] or match["server2"]
    return (None, None) if "none" in {client.lower(), server.lower()} else (client.rstrip("."), server.rstrip("."))


def noted(probe: Probe, note: str) -> tuple[Evidence, ...]:
    """The recorded answer of a check, with a remark."""
    return tuple(
        Evidence(kind=item.kind, locator=item.locator, quote=item.quote, note=note) for item in probe.evidence[:1]
    )


def text(value: object) -> str | None:
    """A fact as text; None where there is none."""
    return str(value) if value is not None and value != "" else None
