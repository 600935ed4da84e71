"""From failed checks and logged errors to the token that is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.auth.claims import TokenRefused
from shakeout.catalogue.auth.family import auth, refusal_in, refusals
from shakeout.catalogue.auth.wording import kind_of
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.catalogue.websocket.claims import HandshakeRefused
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Strength

_UNAUTHORISED = re.compile(r"\b401\b|\bUnauthori[sz]ed\b", re.I)


@auth.rule
def token_is_refused(
    effect: CheckFailed | ErrorLogged | ExceptionRaised | HandshakeRefused, probes: Probes | None, log: ErrorLog
) -> Iterator[Because]:
    """
    A service refuses a token that another one signed.

    ## What you see
    Signing in works, and the next call is answered with 401; or a log full of errors about signatures, issuers,
    audiences or tokens that are not valid yet.

    ## Why it happens
    The two services do not agree on the key, on what has to stand in a token, or on the time.

    ## How we know
    The refusal's code or the library's own exception, which says which part of the token was refused.

    ## What to change
    The setting, the key or the clock in which the services differ, which the next link names.
    """
    if isinstance(effect, CheckFailed):
        probe = probes.get(effect.check) if probes is not None else None
        found = refusal_in(probe) if probe is not None else None
        if probe is not None and found is not None:
            yield Because(found.claim, probe.evidence[:1])
        return
    if isinstance(effect, HandshakeRefused):
        kind = kind_of(f"token {effect.code or ''}")
        if kind is not None and probes is not None:
            asked = [each for each in probes.of_kind("websocket") if each.facts.get("status") == effect.status]
            if asked:
                yield Because(TokenRefused(effect.service, kind), asked[0].evidence[:1])
        return
    occurrence = log.get(effect.key)
    if occurrence is None:
        return
    if isinstance(effect, ErrorLogged):
        kind = kind_of(f"{occurrence.type or ''} {occurrence.text}") if occurrence.traceback is None else None
    else:
        kind = kind_of(f"{effect.type}: {effect.message}")
    if kind is not None:
        owner = occurrence.owner if occurrence.origin == "service" else None
        yield Because(TokenRefused(owner, kind), occurrence.evidence[:2])


@auth.rule
def script_met_refused_token(raised: ExceptionRaised, probes: Probes, log: ErrorLog) -> Iterator[Because]:
    """
    A script was refused for the same reason as the check that uses a token.

    ## What you see
    The team's own script ends with `401 Unauthorized`, while signing in worked.

    ## Why it happens
    The script asks the service that refuses every token.

    ## How we know
    The script's exception has the status, and exactly one service was seen to refuse a token that is good elsewhere.

    ## What to change
    What makes that service refuse it, which the next link says.
    """
    occurrence = log.get(raised.key)
    if occurrence is None or occurrence.origin != "check" or not _UNAUTHORISED.search(raised.message[:500]):
        return
    found = {each.claim: each for each in refusals(probes) if each.probe.name != occurrence.owner}
    if len(found) == 1:
        ((claim, refusal),) = found.items()
        yield Because(claim, [*occurrence.evidence[:1], *refusal.probe.evidence[:1]], strength=Strength.ENTAILED)
