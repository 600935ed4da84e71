"""Events that a service does not take."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.catalogue.websocket.family import logged, read_malformed, told, websocket
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because


@websocket.rule
def event_without_required_field(
    symptom: CheckFailed | ErrorLogged, probes: Probes | None, log: ErrorLog
) -> Iterator[Because]:
    """
    Events lack a field that the server requires.

    ## What you see
    Live updates stay away, for some people or for all; the log has malformed events, or errors out of the middle of
    the code that reads them. The handshake worked.

    ## Why it happens
    Client and server do not agree on what a message is made of. Often one of the two is older than the other.

    ## How we know
    The check opened several connections, sent what the client that is really served would send, and was answered with
    the event and the field. The server's own log lines say the same.

    ## What to change
    What made client and server differ, which the next link says.
    """
    if isinstance(symptom, ErrorLogged):
        occurrence = log.get(symptom.key)
        if occurrence is not None and (found := read_malformed(occurrence)) is not None:
            yield Because(found.claim, found.evidence)
        return
    probe = probes.get(symptom.check) if probes is not None else None
    if probe is None or probe.kind != "websocket":
        return
    for found in told(probe):
        same = [
            item
            for occurrence, other in logged(log)
            if (other.claim.event, other.claim.field) == (found.claim.event, found.claim.field)
            for item in occurrence.evidence[:1]
        ]
        yield Because(found.claim, [*found.evidence, *same[:2]])
