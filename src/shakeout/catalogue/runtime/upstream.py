"""Requests that fail because of what is behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, raised_in
from shakeout.catalogue.process.claims import ProcessEnded
from shakeout.catalogue.runtime.behind_proxy import ended_upstream
from shakeout.catalogue.runtime.ended import NeverReady
from shakeout.catalogue.runtime.family import EXACT, WINDOW, exceptions_near, near, runtime
from shakeout.catalogue.runtime.memory import MemoryLimitExceeded
from shakeout.catalogue.server_errors import logged_while_asked
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.platform_words import (
    BOOT,
    LIMIT,
    NOT_READY,
    UPSTREAM,
    blames_upstream,
    how_ended,
    is_failed_request,
    path_of,
)
from shakeout.why import Because, Strength


@runtime.rule
def exception_behind_request(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The request failed by an exception of the service behind it.

    ## What you see
    A request answered with 500, 502 or 503, or `the HTTP response was malformed`, beside a traceback.

    ## Why it happens
    An exception that nobody handles ends the request (or the whole process), and whatever is in front reports that.

    ## How we know
    The same service logged a traceback within seconds of the request. That the one follows from the other is how
    servers work, so the link is entailed, not observed.
    Where there are several, the only one that names the address, or that was logged as unhandled; else nothing tells
    which it was.

    ## What to change
    What made the exception happen.
    """
    occurrence = log.get(error.key)
    if occurrence is None or occurrence.traceback is not None or not is_failed_request(error.text):
        return
    found = exceptions_near(log, error, WINDOW if UPSTREAM.search(error.text) else EXACT)
    one = _the_one(found, error.text)
    if one is not None:
        raised, item = one
        yield Because(raised, [*evidence_of(item)[:1], *evidence_of(occurrence)[:1]], strength=Strength.ENTAILED)


_UNHANDLED = re.compile(
    r"\bunhandled\b|\buncaught\b|\bException (?:in ASGI application|on /|in worker)|\bInternal Server Error\b"
    r"|\bError handling request\b|\bnot handled\b|\bApplication error\b",
    re.I,
)


def _the_one(found: Sequence[Occurrence], text: str) -> tuple[ExceptionRaised, Occurrence] | None:
    """Of the exceptions near a failed request the one behind it; None where nothing tells which that is."""
    path = path_of(text)
    for chosen in (
        found,
        [item for item in found if path and any(path in piece.quote for piece in item.evidence)],
        [item for item in found if any(_UNHANDLED.search(piece.quote) for piece in item.evidence)],
    ):
        claims = {(raised.title(), raised.path, raised.line): (raised, item) for item in reversed(chosen)
                  if (raised := raised_in(item)) is not None}  # fmt: skip
        if len(claims) == 1:
            return next(iter(claims.values()))
    return None


@runtime.rule
def exception_behind_gateway(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    A proxy got no answer, because the service behind it met an exception.

    ## What you see
    `upstream prematurely closed connection` or a 502 in the proxy's log, and a traceback in another service's.

    ## Why it happens
    An exception that nobody handles ends the connection or the process, and the proxy answers for it.

    ## How we know
    The proxy's line says that the fault is behind it. Within seconds of it exactly one other service logged tracebacks,
    and the proxy none.

    ## What to change
    What made the exception happen.
    """
    occurrence = log.get(error.key)
    if occurrence is None or occurrence.traceback is not None or not blames_upstream(error.text):
        return
    if exceptions_near(log, error, WINDOW):
        return
    behind = [
        found
        for found in log
        if found.origin == "service"
        and found.traceback is not None
        and found.error
        and found.owner != error.service
        and near(found, occurrence, EXACT)
    ]
    if len({found.owner for found in behind}) != 1:
        return
    raised = raised_in(behind[-1])
    if raised is not None:
        evidence = [*evidence_of(behind[-1])[:1], *evidence_of(occurrence)[:1]]
        yield Because(raised, evidence, strength=Strength.ENTAILED)


@runtime.rule
def listener_ended(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The service behind a proxy ended with an exception, so that nothing listens where the proxy asks.

    ## What you see
    `connect() failed (111: Connection refused) while connecting to upstream` in a proxy's log, beside the traceback of
    another service with which it ended.

    ## Why it happens
    A process that has ended listens nowhere; the proxy knows only the address.

    ## How we know
    The proxy's own line says that its upstream refuses the connection. Exactly one other service logged tracebacks, of
    one kind, and a line of its platform says that it exited. That it is the one at that address is said by nobody, so
    it stays a possibility.

    ## What to change
    What made the exception happen.
    """
    occurrence = log.get(error.key)
    found = ended_upstream(occurrence, log) if occurrence is not None else None
    if occurrence is not None and found is not None:
        claim, item = found
        yield Because(claim, [*evidence_of(item)[:1], *evidence_of(occurrence)[:1]], strength=Strength.CONSISTENT)


@runtime.rule
def service_gone(error: ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    The request failed, or the platform waits before the next start, because the service was not there.

    ## What you see
    502, 503, a malformed response or `CrashLoopBackOff`, beside a line that says how the container ended.

    ## Why it happens
    A process that has ended answers nobody.

    ## How we know
    The platform's line about the same service, close before the request, and no traceback of that service near it.

    ## What to change
    What made the service end.
    """
    occurrence = log.get(error.key)
    follows = is_failed_request(error.text) or BOOT.search(error.text)
    if occurrence is None or occurrence.traceback is not None or not follows or LIMIT.search(error.text):
        return
    if exceptions_near(log, error, WINDOW):
        return
    for found in reversed(log.of("service", error.service)):
        if found.key == error.key or found.traceback is not None or not near(found, occurrence, WINDOW):
            continue
        evidence = [*evidence_of(found)[:1], *evidence_of(occurrence)[:1]]
        limit = LIMIT.search(found.text)
        how = how_ended(found.text)
        if limit is not None:
            size = f"{limit['limit']} {limit['unit']}" if limit["limit"] else None
            yield Because(MemoryLimitExceeded(error.service, size), evidence, strength=Strength.ENTAILED)
            return
        if how is not None:
            ended = ProcessEnded(error.service or "the service", how)
            yield Because(ended, evidence, strength=Strength.ENTAILED)
            return
        if NOT_READY.search(found.text):
            yield Because(NeverReady(error.service), evidence, strength=Strength.ENTAILED)
            return


@runtime.rule
def instance_ended_behind_check(failed: CheckFailed, probes: Probes, log: ErrorLog) -> Iterator[Because]:
    """
    The check was answered with a server error because the instance that answered it ended.

    ## What you see
    `503` from a service that was ready, and a line of the platform: `Container called exit(3)`, `Uncaught signal: 11`.

    ## Why it happens
    A process that ends takes every request along that it answers just then, and the platform answers for it.

    ## How we know
    The platform says of the same service that its container ended, while the check was asked, by the times of both.
    That the one follows from the other is how the platform works, so the link is entailed, not observed.

    ## What to change
    What made the process end, which the next link says.
    """
    for probe, service, item in logged_while_asked(failed.check, probes, log):
        how = how_ended(item.text)
        if how is not None and item.system:
            evidence = [*evidence_of(item)[:1], *probe.evidence[:1]]
            yield Because(ProcessEnded(service, how), evidence, strength=Strength.ENTAILED)
            return
