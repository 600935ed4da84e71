"""Tokens that are refused for the time that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.auth.claims import ClocksDiffer, TokenLifetimeDeclared, TokenRefused
from shakeout.catalogue.auth.family import auth, refusals, settings_of
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.probes import Probes
from shakeout.why import Because, Remedy, RuledOut

TOLERANCE = 2.0
"""Seconds by which clocks may differ without anybody minding; our own measuring is less exact than that."""

SHORT = 60
"""Seconds of a token's life below which it may end on the way from one service to the next."""

_LIFETIME = re.compile(
    r"(?:TOKEN|JWT|ACCESS|SESSION|AUTH)\w*?(?:SECONDS|TTL|LIFETIME|EXPIR\w*|MINUTES|MAX_?AGE|DURATION)"
)


@auth.rule
def clocks_differ(refused: TokenRefused, probes: Probes) -> Iterator[Because | RuledOut]:
    """
    The clocks of two services differ.

    ## What you see
    Fresh tokens are refused as not valid yet, or as expired, sometimes for a few seconds only.

    ## Why it happens
    A token has the time of the service that signs it, and is judged by the time of the service that reads it.

    ## How we know
    Each service's version answer has its clock, and both were compared with ours at the same moment.

    ## What to change
    Let both machines keep time (NTP, chrony), and allow a few seconds of tolerance in the verification.
    """
    if refused.kind not in {"not-yet-valid", "expired"}:
        return
    for refusal in refusals(probes, refused):
        clocks = {
            name: float(told["clock_ahead"])
            for name, told in refusal.fingerprints.items()
            if isinstance(told.get("clock_ahead"), (int, float))
        }
        signer, verifier = refusal.signer, refusal.verifier
        if signer not in clocks or verifier not in clocks:
            continue
        apart = clocks[signer] - clocks[verifier]
        note = f"{signer} is {clocks[signer]:+g} s and {verifier} {clocks[verifier]:+g} s against our clock"
        if abs(apart) <= TOLERANCE:
            yield RuledOut(f"the clocks of {signer} and {verifier} differ", refusal.evidence(note))
        elif (apart > 0) == (refused.kind == "not-yet-valid"):
            ahead, behind = (signer, verifier) if apart > 0 else (verifier, signer)
            yield Because(
                ClocksDiffer(ahead, behind),
                refusal.evidence(note),
                fix=Remedy(
                    "command", f"see which clock is wrong: {ahead} or {behind}", command="timedatectl timesync-status"
                ),
            )
        return


@auth.rule
def token_lifetime_is_short(refused: TokenRefused, probes: Probes, declarations: Declarations) -> Iterator[Because]:
    """
    Tokens end before they are used.

    ## What you see
    Signing in works, and nearly every call after it is refused with a token that has expired.

    ## Why it happens
    The setting for a token's life is too small, often because it was written in minutes and is read in seconds.

    ## How we know
    The token's own times are that short a while apart, and the manifest's line has the number.

    ## What to change
    Give tokens a life of minutes.
    """
    if refused.kind != "expired":
        return
    for refusal in refusals(probes, refused):
        issued, expires = refusal.token.get("issued_at"), refusal.token.get("expires_at")
        if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
            continue
        life = expires - issued
        signer = refusal.signer or refusal.verifier
        for variable, setting in settings_of(declarations, signer).items() if life < SHORT else ():
            number = re.fullmatch(r"\s*(\d{1,9})\s*(?:s|sec|seconds)?\s*", setting.value)
            if number is None or int(number[1]) != life or not _LIFETIME.search(variable.upper()) or not setting.at:
                continue
            quoted = declarations.quote(setting.at)
            if quoted is not None:
                yield Because(
                    TokenLifetimeDeclared(signer, variable, setting.value, setting.at),
                    [quoted, *refusal.evidence(f"the token lives {life:g} s")],
                    fix=Remedy("words", f"give tokens a life of minutes: {variable} is in seconds"),
                )
        return
