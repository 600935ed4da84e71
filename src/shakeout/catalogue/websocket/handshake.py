"""Handshakes that are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.catalogue.websocket.claims import HandshakeRefused, OriginNotAllowed, RouteElsewhere
from shakeout.catalogue.websocket.family import LIMIT, noted, text, websocket
from shakeout.catalogue.websocket.routes import callers, routes
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.model import Evidence
from shakeout.evidence.platform import Platform
from shakeout.evidence.probes import Probe, Probes
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

_REFUSED = (
    re.compile(r"Unexpected server response: (?P<status>[345]\d\d)\b"),
    re.compile(r"server rejected WebSocket connection: HTTP (?P<status>[345]\d\d)\b"),
    re.compile(r"Handshake status (?P<status>[345]\d\d)\b"),
    re.compile(r"unexpected response (?:status )?code:? (?P<status>[345]\d\d)\b", re.I),
    re.compile(r"Invalid response status.{0,40}?status=(?P<status>[345]\d\d)\b"),
    re.compile(r"websocket: bad handshake.{0,40}?\b(?P<status>[345]\d\d)\b", re.I),
    re.compile(r"WebSocket handshake (?:was |is )?(?:refused|rejected|failed).{0,60}?\b(?P<status>[345]\d\d)\b", re.I),
)


@websocket.rule
def handshake_refused(
    symptom: CheckFailed | ErrorLogged | ExceptionRaised, probes: Probes | None, log: ErrorLog
) -> Iterator[Because]:
    """
    The server refuses to open a live connection.

    ## What you see
    Pages load and stay as they are; the browser's console only says that a WebSocket connection failed.

    ## Why it happens
    A WebSocket begins as an HTTP request, and the server, or a proxy before it, answers that request with an error:
    401 for its token, 403 for where it comes from, 404 for its path, 426 for its version.

    ## How we know
    The status and the body of the answer, which browsers do not show.

    ## What to change
    What the status says, which the next link goes into.
    """
    if isinstance(symptom, ErrorLogged | ExceptionRaised):
        occurrence = log.get(symptom.key)
        match = None
        if occurrence is not None:
            match = next((found for one in _REFUSED if (found := one.search(occurrence.text[:LIMIT]))), None)
        if occurrence is not None and match is not None:
            yield Because(HandshakeRefused(None, int(match["status"]), None), occurrence.evidence[:2])
        return
    probe = probes.get(symptom.check) if probes is not None else None
    status = _status(probe)
    if probe is None or status is None:
        return
    total, wrong = probe.facts.get("connections_total"), probe.facts.get("connections_with_errors")
    note = f"{wrong} of {total} connections" if total else ""
    code = text(probe.facts.get("code"))
    yield Because(HandshakeRefused(_service(probe), status, code), noted(probe, note))


@websocket.rule
def route_elsewhere(
    refused: HandshakeRefused, probes: Probes, repository: Repository
) -> Iterator[Because | RuledOut | Unknown]:
    """
    The code serves live connections at another path than clients ask for.

    ## What you see
    Every handshake is refused with status 404, while the rest of the service answers.

    ## Why it happens
    The route was renamed, or got a prefix, and its clients were not told. Some frameworks answer 403 instead.

    ## How we know
    The path that was asked for, and the routes that the code declares for WebSockets: that path is none of them.

    ## What to change
    Serve the old path too until every client asks for the new one, or change the client with it.
    """
    if refused.status not in {403, 404}:
        return
    asked = _path(probes, refused)
    if asked is None:
        return
    known = routes(repository)
    if any(route.matches(asked) for route in known):
        hit = next(route for route in known if route.matches(asked))
        yield RuledOut(f"no route of the code serves {asked}", [hit.quote])
        return
    if refused.status == 403 and refused.code is not None:
        return
    clients = callers(repository, asked, known)
    quoted = [item for at in clients[:2] if (item := repository.quote(at.path, at.line or 0, note="a client"))]
    for route in known[:1] if len(known) == 1 else ():
        summary = f"serve live connections at {asked} too, or let clients ask for {route.path}"
        yield Because(
            RouteElsewhere(refused.service or "the server", asked, route.path, route.at),
            [route.quote, *quoted],
            fix=Remedy("words", summary),
        )
    if len(known) != 1:
        yield Unknown(f"which route of the code is to serve {asked}")


@websocket.rule
def origin_not_allowed(
    refused: HandshakeRefused, probes: Probes, declarations: Declarations, platform: Platform | None
) -> Iterator[Because]:
    """
    The server does not let the client's origin in.

    ## What you see
    Handshakes from browsers are refused with status 403; the same handshake from a command line works.

    ## Why it happens
    A browser says which page a connection comes from, and the server's list of origins does not have it.

    ## How we know
    The answer names the origin as its reason, and the setting's line in the manifest does not hold the client's
    address.

    ## What to change
    Put the client's address into the setting, as a reference that follows it: `${services.NAME.url}`.
    """
    if refused.status != 403 or refused.service is None:
        return
    asked = [probe for probe in probes.of_kind("websocket") if _is(probe, refused)]
    said = " ".join(f"{probe.detail} {probe.facts.get('message')} {probe.facts.get('code')}" for probe in asked)
    if not re.search(r"\borigin|ORIGIN|CORS", said):
        return
    service = declarations.get(refused.service)
    for name, setting in sorted(service.settings.items()) if service is not None else ():
        variable = name.removeprefix("environment.")
        if variable == name or not re.search(r"ORIGIN|CORS|ALLOWED_HOSTS", variable.upper()) or setting.at is None:
            continue
        client = next((text(probe.facts.get("client")) for probe in asked), None)
        item = platform.get(client) if platform is not None and client is not None else None
        follows = client is not None and f"services.{client}.url" in setting.value
        quoted = declarations.quote(setting.at)
        if quoted is None or follows or (item is not None and item.url is not None and item.url in setting.value):
            continue
        evidence: list[Evidence] = [quoted, *(item.evidence[:1] if item is not None else ())]
        summary = f"put {client or 'the client'}'s address into {variable}: `${{services.{client or 'NAME'}.url}}`"
        yield Because(
            OriginNotAllowed(refused.service, variable, setting.at),
            evidence,
            strength=Strength.ENTAILED,
            fix=Remedy("words", summary),
        )


def _status(probe: Probe | None) -> int | None:
    if probe is None or probe.kind != "websocket" or not probe.went_wrong:
        return None
    status = probe.facts.get("status")
    if isinstance(status, int) and not 200 <= status < 300 and _at_handshake(probe):
        return status
    return None


def _at_handshake(probe: Probe) -> bool:
    """Whether the status is the handshake's, not that of a call that was to make an event."""
    connections = [each for each in probe.facts.get("connections", ()) if isinstance(each, Mapping)]
    return any(each.get("refused") or not each.get("opened", True) for each in connections)


def _service(probe: Probe) -> str | None:
    return text(probe.facts.get("service")) or probe.service


def _is(probe: Probe, refused: HandshakeRefused) -> bool:
    return _status(probe) == refused.status and _service(probe) == refused.service


def _path(probes: Probes, refused: HandshakeRefused) -> str | None:
    for probe in probes.of_kind("websocket"):
        url = text(probe.facts.get("url"))
        if url is not None and _is(probe, refused):
            return urlsplit(url).path or "/"
    return None
