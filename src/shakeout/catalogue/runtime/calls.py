"""Calls between services: the caller's error is only the answer that it got."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, raised_in
from shakeout.catalogue.runtime.asked import CallAnswered, call_in
from shakeout.catalogue.runtime.family import EXACT, near, runtime
from shakeout.catalogue.websocket.claims import ConnectionClosed
from shakeout.catalogue.websocket.wording import closed_with
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Strength

_ANSWER = re.compile(
    r"(?:HTTP Error |[Ss]tatus(?: code)?[ :=]{1,3}|[Ss]erver [Ee]rror '?\W?|^)(?P<status>5\d\d)\b"
    r"|\b(?P<again>5\d\d) (?:Internal )?Server Error",
    re.I,
)
_TYPES = re.compile(
    r"HTTPError|HTTPStatusError|ClientResponseError|ResponseError|BadStatusCode|AxiosError|FetchError|HttpServerErrorException"
    r"|InternalServerError|StatusCodeError"
)
_SAID = re.compile(
    r"(?P<service>[A-Za-z][\w-]{1,62}) (?:has )?(?:answer(?:s|ed)|return(?:s|ed)|respond(?:s|ed)|replie[sd])(?: with)?"
    r"(?: HTTP)?(?: (?:a )?status)?(?: code)? 5\d\d\b"
)
"""A caller's own words for it, which name the service that it called."""
_URL = re.compile(r"\b(?:https?|wss?)://[^\s'\"<>)]{1,2000}")

CALLERS = 20
"""Callers of one kind that are looked at."""


@runtime.rule
def exception_behind_call(
    effect: ExceptionRaised | ConnectionClosed | CallAnswered, log: ErrorLog
) -> Iterator[Because]:
    """
    The service that was called met an exception, and the caller got an error for an answer.

    ## What you see
    `500 Server Error for url: http://prices:8000/quote`, or a WebSocket closed with 1011, in the log of one service,
    beside a traceback in the log of another.

    ## Why it happens
    An exception that nobody handles ends the request; all that the caller gets of it is the status.

    ## How we know
    The caller's exception says that it was answered with 5xx or 1011. Within seconds another service logged an
    exception with its traceback: the one that the address names, else the only one (then this is a possibility).

    ## What to change
    What made the called service's exception happen.
    """
    callers = [item for item in log if item.origin == "service" and _asked(item, effect)]
    for caller in callers[:CALLERS]:
        found = _behind(caller, log)
        if found is not None:
            claim, item, sure = found
            strength = Strength.ENTAILED if sure else Strength.CONSISTENT
            yield Because(claim, [*evidence_of(item)[:1], *evidence_of(caller)[:1]], strength=strength)
            return


def _asked(item: Occurrence, effect: ExceptionRaised | ConnectionClosed | CallAnswered) -> bool:
    """Whether a logged error is that of a caller who got such an answer."""
    if isinstance(effect, CallAnswered):
        return effect.status >= 500 and call_in(item) == effect
    if isinstance(effect, ConnectionClosed):
        return effect.service is None and effect.code == 1011 and closed_with(item) == effect.code
    answered = _TYPES.search(effect.simple_type) is not None and _ANSWER.search(effect.message) is not None
    if item.key != effect.key or call_in(item) is not None:
        return False  # what was asked is said first: a claim of its own
    return answered or _SAID.search(effect.message) is not None


def _behind(caller: Occurrence, log: ErrorLog) -> tuple[ExceptionRaised, Occurrence, bool] | None:
    """The one exception of another service meanwhile, and whether the caller's words name that service."""
    if caller.owner is None:
        return None
    behind = [
        item
        for item in log
        if item.origin == "service"
        and item.owner not in {caller.owner, None}
        and item.traceback is not None
        and item.error
        and near(item, caller, EXACT)
    ]
    address = _URL.search(caller.text)
    named = [item for item in behind if address is not None and _names(address[0], item)]
    if (said := _SAID.search(caller.text)) is not None:
        # In free words any noun can stand there: only the name of a service is one.
        behind = named = [item for item in behind if item.owner == said["service"].lower()]
    found = {(item.owner, claim.title()): (claim, item) for item in named or behind if (claim := raised_in(item))}
    if len(found) != 1:
        return None
    ((claim, item),) = found.values()
    return claim, item, bool(named)


def _names(address: str, item: Occurrence) -> bool:
    """Whether an address's host is called after the service: `prices`, `prices.shop.svc`, `prices-xyz.a.run.app`."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    first = host.partition(".")[0]
    owner = (item.owner or "").lower()
    return bool(owner) and (first == owner or first.startswith(f"{owner}-") or owner.endswith(f"-{first}"))
