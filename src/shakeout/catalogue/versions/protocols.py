"""From events and handshakes that fail to the protocols that client and server speak."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.catalogue.versions.claims import ProtocolDeclaredTwice, ProtocolsDiffer, SameNumberOtherMessages
from shakeout.catalogue.versions.family import BUNDLE, View, versions
from shakeout.catalogue.versions.schema import difference, numbers
from shakeout.catalogue.versions.twice import declared
from shakeout.catalogue.websocket.claims import EventsMalformed, HandshakeRefused
from shakeout.catalogue.websocket.family import logged, noted, protocols_in, text, told
from shakeout.evidence.model import Evidence
from shakeout.evidence.probes import Probe, Probes
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, RuledOut, Strength


@versions.rule
def protocols_differ(
    effect: EventsMalformed | HandshakeRefused | CheckFailed | ErrorLogged,
    probes: Probes | None,
    log: ErrorLog,
    repository: Repository | None,
) -> Iterator[Because | RuledOut]:
    """
    Client and server speak different versions of their protocol.

    ## What you see
    Handshakes that are refused with status 426, or events that the server calls malformed, from one kind of client.

    ## Why it happens
    A message got another form, one side was deployed with it, and the other side was not.

    ## How we know
    The protocol that the served bundle names and the one that the server names, from their own answers. Where the
    repository has the schema, the lines in which the two commits differ are quoted from both.

    ## What to change
    Deploy client and server from one commit. To have both for a while, let the server take the old form too.
    """
    if isinstance(effect, CheckFailed):
        yield from _compared(effect, probes)
        return
    if isinstance(effect, ErrorLogged):
        yield from _logged(effect, log)
        return
    pair = _pair(effect, probes, log)
    if pair is None:
        return
    client, client_protocol, server, server_protocol, evidence = pair
    if client_protocol == server_protocol:
        statement = f"{client or 'the client'} and {server or 'the server'} speak different protocols"
        if evidence:
            yield RuledOut(statement, evidence)
        return
    view = View.of(probes) if probes is not None else None
    differences: list[Evidence] = []
    if view is not None and repository is not None and client and server:
        one, other = view.commit(client), view.commit(server)
        if one and other and repository.describe(one) and repository.describe(other):
            if isinstance(effect, EventsMalformed):
                differences += difference(repository, one, other, effect.event, effect.field)
            found = [numbers(repository, one, client_protocol), numbers(repository, other, server_protocol)]
            differences += [item for item in found if item is not None]
    yield Because(
        ProtocolsDiffer(client, client_protocol, server, server_protocol),
        [*evidence, *differences],
        strength=Strength.OBSERVED if differences or isinstance(effect, HandshakeRefused) else Strength.ENTAILED,
    )


@versions.rule
def same_number_other_messages(malformed: EventsMalformed, probes: Probes, repository: Repository) -> Iterator[Because]:
    """
    One protocol number stands for two forms of a message.

    ## What you see
    The handshake works, both sides name the same version, and still events lack a field.

    ## Why it happens
    A message was given another form without a new number, so that nothing could notice that the sides differ.

    ## How we know
    The number is the same at both commits, and the schema's lines differ; they are quoted from both.

    ## What to change
    Give the new form a new number, and deploy client and server from one commit.
    """
    pair = _pair(malformed, probes, ErrorLog())
    if pair is None:
        return
    client, protocol, server, other_protocol, evidence = pair
    if client is None or server is None or protocol != other_protocol:
        return
    view = View.of(probes)
    one, other = view.commit(client), view.commit(server)
    if one is None or other is None or one == other:
        return
    if not (repository.describe(one) and repository.describe(other)):
        return
    found = difference(repository, one, other, malformed.event, malformed.field)
    if found:
        yield Because(SameNumberOtherMessages(client, server, protocol), [*evidence, *found])


@versions.rule
def protocol_declared_twice(differ: ProtocolsDiffer, probes: Probes, repository: Repository) -> Iterator[Because]:
    """
    The protocol's version stands in two places, and only one of them was raised.

    ## What you see
    Client and server come from one commit, and name different protocols.

    ## Why it happens
    The number is written down once for each side. A change raised one of them.

    ## How we know
    Both services run the same commit, and at that commit exactly one place says each number.

    ## What to change
    Raise the other one too, and let one be read from the other.
    """
    view = View.of(probes)
    one, other = view.commit(differ.client or ""), view.commit(differ.server or "")
    if one is None or one != other:
        return
    places = declared(repository, differ.client_protocol), declared(repository, differ.server_protocol)
    if len(places[0]) != 1 or len(places[1]) != 1 or places[0][0] == places[1][0]:
        return
    quoted = [repository.quote(at.path, at.line or 0) for (at,) in places]
    evidence = [item for item in quoted if item is not None]
    if len(evidence) == 2:
        lower = _number(differ.client_protocol) <= _number(differ.server_protocol)
        kept, raised = (0, 1) if lower else (1, 0)
        said = (differ.client_protocol, differ.server_protocol)
        yield Because(ProtocolDeclaredTwice(places[kept][0], said[kept], places[raised][0], said[raised]), evidence)


def _number(protocol: str) -> tuple[int, str]:
    return (int(protocol), "") if protocol.isdigit() else (0, protocol)


def _compared(failed: CheckFailed, probes: Probes | None) -> Iterator[Because]:
    probe = probes.get(failed.check) if probes is not None else None
    if probe is None or probe.kind != "versions":
        return
    for pair in probe.facts.get("incompatible", ()):
        client, server = text(pair.get("client")), text(pair.get("server"))
        said, accepted = text(pair.get("client_protocol")), text(pair.get("server_protocol"))
        if client and server and said and accepted:
            yield Because(ProtocolsDiffer(client.removesuffix(BUNDLE), said, server, accepted), probe.evidence[:1])


def _logged(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """A log that names both protocols, and no field."""
    occurrence = log.get(error.key)
    if occurrence is None or any(other is occurrence for other, _ in logged(log)):
        return
    client, server = protocols_in(occurrence.text)
    if client and server and client != server:
        yield Because(ProtocolsDiffer(None, client, occurrence.owner, server), occurrence.evidence[:2])


Pair = tuple[str | None, str, str | None, str, tuple[Evidence, ...]]


def _pair(effect: EventsMalformed | HandshakeRefused, probes: Probes | None, log: ErrorLog) -> Pair | None:
    """Client, its protocol, server, its protocol, and who says so."""
    for probe in probes.of_kind("websocket") if probes is not None else ():
        if probe.went_wrong and _is_about(probe, effect):
            server = text(probe.facts.get("service")) or probe.service
            client, spoken = text(probe.facts.get("client")), text(probe.facts.get("client_protocol"))
            answered = text(probe.facts.get("server_protocol"))
            if probes is not None and answered is None and server is not None:
                answered = View.of(probes).protocol(server)
            if spoken is not None and answered is not None:
                note = f"client protocol {spoken}, server protocol {answered}"
                view = View.of(probes) if probes is not None else None
                return client, spoken, server, answered, (*noted(probe, note), *(view.evidence[:1] if view else ()))
    for occurrence, found in logged(log):
        if found.claim == effect and found.client_protocol and found.server_protocol:
            return None, found.client_protocol, occurrence.owner, found.server_protocol, found.evidence
    return None


def _is_about(probe: Probe, effect: EventsMalformed | HandshakeRefused) -> bool:
    if isinstance(effect, EventsMalformed):
        return any(found.claim == effect for found in told(probe))
    refused = effect.status == 426 or effect.code in {"PROTOCOL_MISMATCH", "UPGRADE_REQUIRED"}
    return refused and probe.facts.get("status") == effect.status and probe.service in {effect.service, None}
