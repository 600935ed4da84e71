"""Breaker: a circuit breaker is open, and what made it open."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.connectivity.family import ENVIRONMENT_GUARD, View, evidence_of
from shakeout.catalogue.connectivity.seen import seen_in_log
from shakeout.catalogue.connectivity.wording import open_breaker
from shakeout.catalogue.exceptions import ExceptionRaised, raised_in
from shakeout.catalogue.exceptions import evidence_of as examples_of
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.platform import Platform
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Claim, Family, Layer, Strength, claim
from shakeout.why.links import Unknown

breaker = Family("breaker", "A circuit breaker is open, so that calls are not tried", guard=ENVIRONMENT_GUARD)


@claim(Layer.MECHANISM)
class BreakerOpen(Claim):
    """A circuit breaker lets no call through, or only one to try. `breaker` is its name where it has one."""

    breaker: str | None
    service: str | None

    def __str__(self) -> str:
        return f"{self._which} is open, so that calls are not even tried"

    def why(self) -> str:
        return f"Why is {self._which} open?"

    @property
    def _which(self) -> str:
        named = f"the circuit breaker '{self.breaker}'" if self.breaker else "a circuit breaker"
        return f"{named} of {self.service}" if self.service else named


@breaker.rule
def breaker_open_in_check(failed: CheckFailed, probes: Probes) -> Iterator[Because]:
    """
    A check found a circuit breaker open.

    ## What you see
    `circuit breaker 'x' is OPEN`, or a service that answers 503 at once and says so.

    ## Why it happens
    A breaker opens after some failures in a row, and then refuses every call for a while. It is a consequence, and
    never the cause.

    ## How we know
    The service's health answer tells the breaker's name and state, or its error names the breaker.

    ## What to change
    What made the calls fail, which the next link says; the breaker closes by itself after that.
    """
    probe = probes.get(failed.check)
    if probe is None:
        return
    error = probe.facts.get("error")
    message = error.get("message") if isinstance(error, dict) else probe.facts.get("message")
    found = open_breaker(failed.detail) or (open_breaker(message) if isinstance(message, str) else None)
    if found is None:
        return
    state = probe.facts.get("breaker")
    name = state.get("name") if isinstance(state, dict) else None
    service = probe.facts.get("reported_by") or probe.facts.get("through") or probe.service
    yield Because(BreakerOpen(name or found.name, service), probe.evidence[:1])


@breaker.rule
def breaker_open_in_log(error: ErrorLogged | ExceptionRaised, log: ErrorLog) -> Iterator[Because]:
    """
    A logged error is a circuit breaker that is open.

    ## What you see
    `CircuitBreakerOpenError`, `CallNotPermittedException`, `Breaker is open` and their like, many times.

    ## Why it happens
    A breaker opens after some failures in a row, and each call that it then refuses is an error of its own.

    ## How we know
    The error's type or its words, as the usual libraries have them (pybreaker, aiobreaker, purgatory, circuitbreaker,
    resilience4j, opossum, Polly, gobreaker).

    ## What to change
    What made the calls fail, which the next link says.
    """
    if isinstance(error, ErrorLogged) and error.type is not None:
        return
    occurrence = log.get(error.key)
    if occurrence is None:
        return
    text = error.message if isinstance(error, ExceptionRaised) else error.text
    found = open_breaker(text, error.type or "")
    if found is not None:
        yield Because(BreakerOpen(found.name, occurrence.owner), occurrence.evidence[:1])


@breaker.rule
def connections_behind_breaker(
    open_: BreakerOpen,
    log: ErrorLog,
    probes: Probes | None,
    declarations: Declarations | None,
    platform: Platform | None,
) -> Iterator[Because | Unknown]:
    """
    The breaker is open because connections fail.

    ## What you see
    A breaker that opens again each time that it tries a call.

    ## Why it happens
    Each try ends as those before it did: the connection behind the breaker cannot be made.

    ## How we know
    The real failure in the same service's log or health answer: the one that names what the breaker is called after,
    or the only address to which the service's connections fail.
    Where the breaker has a name and that failure does not name it, this is a possibility only.

    ## What to change
    What makes the connections fail, which the next link says.
    """
    view = View(probes=probes, log=log, declarations=declarations, platform=platform)
    found = [(fails, seen) for fails, seen in view.everything if open_.service in {seen.service, None}]
    word = (open_.breaker or "").lower()
    own = [
        (fails, seen)
        for fails, seen in found
        if word and (word in seen.text.lower() or word in {(fails.target or "").lower(), (seen.name or "").lower()})
    ]
    chosen = own or found
    causes = dict.fromkeys(fails for fails, _ in chosen)
    if len(causes) == 1 or own:
        for fails in causes:
            seen = [one for other, one in chosen if other == fails]
            # A breaker that is called after something else may well stand before another address: a possibility.
            other = Strength.CONSISTENT if word else Strength.ENTAILED
            yield Because(fails, evidence_of(seen), strength=Strength.OBSERVED if own else other)
    elif not found and not _failures(open_, log):
        yield Unknown(
            f"the errors of {open_.service or 'the service'} from before the breaker opened (its earlier log)"
        )
    elif found:
        yield Unknown(f"which of {len(causes)} failing addresses the breaker stands before")


@breaker.rule
def calls_behind_breaker(open_: BreakerOpen, log: ErrorLog) -> Iterator[Because]:
    """
    The breaker is open because the calls behind it raise an error that is no failed connection.

    ## What you see
    A breaker that is open although its server is there.

    ## Why it happens
    Most breakers count every exception: a wrong statement or an error in the code opens them as a dead server does.

    ## How we know
    The same service logged exactly one kind of error that names what the breaker is called after, and it is neither
    the breaker's own nor a failed connection.

    ## What to change
    What raises that error; and let the breaker count only failures of its server.
    """
    failures = _failures(open_, log)
    if len(failures) == 1:
        raised = raised_in(failures[0])
        if raised is not None:
            yield Because(raised, examples_of(failures[0]), strength=Strength.ENTAILED)


def _failures(open_: BreakerOpen, log: ErrorLog) -> list[Occurrence]:
    """Errors of the service that name what the breaker is called after, and are no breaker's and no connection's."""
    word = (open_.breaker or "").lower()
    found = []
    for occurrence in log:
        text = f"{occurrence.type}: {occurrence.text}"
        if occurrence.origin != "service" or not occurrence.error or occurrence.owner not in {open_.service, None}:
            continue
        if open_breaker(occurrence.text, occurrence.type or "") is not None or seen_in_log(occurrence) is not None:
            continue
        frames = occurrence.traceback.exceptions if occurrence.traceback is not None else ()
        named = [text, *(frame.path for raised in frames for frame in raised.frames)]
        if word and any(word in (item or "").lower() for item in named):
            found.append(occurrence)
    return found
