"""Server errors: from an answer that says "my fault" to the exception that the same service logged meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, exceptions, raised_in
from shakeout.catalogue.symptoms import CheckFailed
from shakeout.catalogue.websocket.claims import ConnectionClosed
from shakeout.evidence.probes import Probe, Probes
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.platform_words import is_failed_request
from shakeout.why import Because, Strength
from shakeout.why.links import Unknown

SLACK = timedelta(seconds=1)
"""By how much the clock of a log may differ from that of the check, and a log line be late."""

_CLOSED_ON_ERROR = re.compile(r"\b1011\b")
"""The close code of a WebSocket server that met an unexpected condition (RFC 6455, 7.4.1)."""
_SERVER_ERROR = re.compile(r"(?:HTTP Error |[Ss]tatus(?: code)?[ :=]+|[Ss]erver error \W?|^)(5\d\d)\b")
_HTTP_TYPES = {"HTTPError", "HTTPStatusError", "ClientResponseError", "ResponseError", "BadStatusCode"}


@exceptions.rule
def exception_behind_server_error(
    failed: CheckFailed | ConnectionClosed, probes: Probes, log: ErrorLog
) -> Iterator[Because | Unknown]:
    """
    The service met an exception while it answered the check.

    ## What you see
    A check is answered with 500, or its WebSocket is closed with 1011, and the answer says no more than that.

    ## Why it happens
    A request reached code that raised an exception, which nothing handled.
    Such code is often reached by few requests only, so that the service is healthy otherwise.

    ## How we know
    The service that answered so logged an exception with its traceback while the check was asked, by the times of both.
    Where it logged several, those whose entry names the address that was asked. Where it logged one, and a line of its
    log says that this address was answered with a server error, that one. Else each is a possibility.

    ## What to change
    What made the exception happen, which the next link says.
    """
    if isinstance(failed, ConnectionClosed):
        closed = [one for one in probes if one.went_wrong and failed.code == 1011 and _closed_on_error(one)]
        services = [failed.service] if failed.service is not None else []
    else:
        asked = probes.get(failed.check)
        closed = [asked] if asked is not None and asked.went_wrong else []
        services = list(at_fault(asked)) if asked is not None else []
    for probe in closed[:1]:
        for service in services:
            by_code = isinstance(failed, ConnectionClosed)
            windows = windows_of(probe, probes)
            yield from _logged_meanwhile(service, windows, _path(probe.facts), log, closed=by_code)


@exceptions.rule
def exception_behind_script(raised: ExceptionRaised, probes: Probes | None, log: ErrorLog) -> Iterator[Because]:
    """
    The team's script was answered with a server error, behind which is an exception of a service.

    ## What you see
    The script ends with `HTTP Error 500`, and the traceback shows the script alone.

    ## Why it happens
    A service met an exception while the script asked it; all that the script gets of it is the status.

    ## How we know
    The script's exception tells of a status of 5xx, and a service logged an exception with its traceback while the
    script ran, by the times of both.

    ## What to change
    What made the service's exception happen, which the next link says.
    """
    script = log.get(raised.key)
    if probes is None or script is None or script.origin != "check" or script.owner is None:
        return
    if raised.simple_type not in _HTTP_TYPES:
        return
    probe = probes.get(script.owner)
    if probe is None or _SERVER_ERROR.search(raised.message) is None:
        return
    owners = sorted({item.owner for item in log if item.origin == "service" and item.owner is not None})
    for service in owners:
        for found in _logged_meanwhile(service, windows_of(probe, probes), "", log):
            if isinstance(found, Because):
                yield found


def at_fault(probe: Probe) -> tuple[str, ...]:
    """The services that answered a check with an error of their own."""
    facts = probe.facts
    found: list[str] = []
    for row in facts.get("wrong") or ():
        if isinstance(row, Mapping) and _is_fault(row):
            found.append(str(row.get("service") or probe.service))
    asked = next((facts[key] for key in ("through", "reported_by", "service") if facts.get(key)), probe.service)
    refusals = [row.get("refused") for row in facts.get("connections") or () if isinstance(row, Mapping)]
    refused = any(isinstance(one, Mapping) and _is_fault(one) for one in refusals)
    if _is_fault(facts) or refused:
        found.append(str(asked))
    return tuple(dict.fromkeys(name for name in found if name != "None"))


def broken_off(probe: Probe) -> tuple[str, ...]:
    """The services that answered a check with an error of their own, or closed the connection instead of answering."""
    found = at_fault(probe)
    return found or ((probe.service,) if probe.service is not None and probe.facts.get("kind") == "reset" else ())


def logged_while_asked(check: str, probes: Probes, log: ErrorLog) -> Iterator[tuple[Probe, str, Occurrence]]:
    """What the services that broke off a check's request logged while it was asked: (probe, service, occurrence)."""
    probe = probes.get(check)
    if probe is None or not probe.went_wrong:
        return
    windows = windows_of(probe, probes)
    for service in broken_off(probe):
        for item in log.of("service", service):
            if any(within(item, window) for window in windows):
                yield probe, service, item


def _closed_on_error(probe: Probe) -> bool:
    """Whether a connection of the check was closed with 1011."""
    closed = [str(row.get("closed")) for row in probe.facts.get("connections") or () if isinstance(row, Mapping)]
    return any(_CLOSED_ON_ERROR.search(text) for text in closed)


def _is_fault(facts: Mapping[str, Any]) -> bool:
    """500; any other 5xx only where the service does not say by a code of its own what it means."""
    status = facts.get("status")
    return isinstance(status, int) and (status == 500 or (500 < status < 600 and not facts.get("code")))


def windows_of(probe: Probe, probes: Probes) -> tuple[tuple[datetime, datetime], ...]:
    """When the check was asked, and when another one asked the same address, whose answer both may share."""
    url = probe.facts.get("url")
    same = [other for other in probes if other is not probe and url and other.facts.get("url") == url]
    return tuple(
        (one.started - SLACK, one.started + timedelta(seconds=one.seconds) + SLACK)
        for one in (probe, *same)
        if one.started is not None
    )


def _logged_meanwhile(
    service: str,
    windows: Sequence[tuple[datetime, datetime]],
    path: str,
    log: ErrorLog,
    *,
    closed: bool = False,
) -> Iterator[Because | Unknown]:
    if not windows:
        yield Unknown("the time at which the check was asked")
        return
    raised = [item for item in log.of("service", service) if item.traceback is not None and not item.system]
    meanwhile = [item for item in raised if any(within(item, window) for window in windows)]
    named = [item for item in meanwhile if path and any(path in piece.quote for piece in item.evidence)]
    found: dict[tuple[object, ...], tuple[ExceptionRaised, Occurrence]] = {}
    for item in named or meanwhile:
        claim = raised_in(item)
        if claim is not None:
            # Frameworks log what they did not handle once more: it is the same exception by its type and place.
            found.setdefault((claim.type, claim.message, claim.path, claim.line), (claim, item))
    if not found:
        what = (
            "with their times" if raised and not meanwhile and raised[0].first is None else "while the check was asked"
        )
        yield Unknown(f"the log of {service} {what}")
    # The one exception, and the log names the address that failed: cause and effect were both seen. Without the address
    # it may be that of another request. A close with 1011 is the server's own word for an exception of its own.
    own = log.of("service", service)
    sure = bool(named) or any(_answered(item, path, window) for item in own for window in windows)
    strength = Strength.ENTAILED if closed else Strength.OBSERVED if sure else Strength.CONSISTENT
    if len(found) > 1:
        strength = Strength.CONSISTENT
    for claim, item in found.values():
        yield Because(claim, evidence_of(item), strength=strength)


def _answered(item: Occurrence, path: str, window: tuple[datetime, datetime]) -> bool:
    """Whether a line of the log says that the address was answered with a server error meanwhile."""
    if not path or not is_failed_request(item.text) or not within(item, window):
        return False
    return re.search(rf"[\s/]{re.escape(path.lstrip('/'))}(?![\w/-])", item.text) is not None


def within(item: Occurrence, window: tuple[datetime, datetime]) -> bool:
    """Whether an occurrence falls into a time, by the clock of its log."""
    if item.first is None or item.last is None or item.first.tzinfo is None:
        return False
    return item.first <= window[1] and item.last >= window[0]


def _path(facts: Mapping[str, Any]) -> str:
    path = urlsplit(str(facts.get("url") or "")).path
    return path if len(path) > 1 else ""
