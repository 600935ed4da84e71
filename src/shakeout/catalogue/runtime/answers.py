"""Calls that are answered with an error: from the caller's words into the log of the service that answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, raised_in
from shakeout.catalogue.runtime.asked import CallAnswered, call_in
from shakeout.catalogue.runtime.family import runtime
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.model import Evidence
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.requests import Requests, Said, Served, near
from shakeout.logs.templated import Templates
from shakeout.why import Because, Claim, Layer, RuledOut, Strength, claim
from shakeout.why.links import Unknown

MEANWHILE = timedelta(seconds=2)
"""How far apart the caller's error, the answer and what was said of it may be logged where no trace connects them."""


@claim(Layer.MECHANISM)
class AnsweredSo(Claim):
    """A service's own log says that it answered a request with an error."""

    service: str | None
    method: str | None
    path: str
    status: int

    def __str__(self) -> str:
        return f"{self.service or 'the service'} answered {self._request} with {self.status}"

    def why(self) -> str:
        return f"Why does {self.service or 'the service'} answer {self._request} with {self.status}?"

    @property
    def _request(self) -> str:
        return f"{self.method} {self.path}" if self.method else self.path


@claim(Layer.MECHANISM)
class SaidMeanwhile(Claim):
    """What a service said of a request that it answered with an error."""

    service: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.service or 'the service'} says of it: {self.text}"

    def title(self) -> str:
        return f"{self.service or 'the service'}: {self.text}"

    def why(self) -> str:
        return f"Why does {self.service or 'the service'} say that?"


@runtime.rule
def call_answered(error: ExceptionRaised | ErrorLogged, log: ErrorLog) -> Iterator[Because]:
    """
    A call to another service was answered with an error.

    ## What you see
    `422 Client Error: Unprocessable Entity for url: http://prices/quote`, `Client error '404 Not Found' for url …`,
    `[401] during [GET] to [http://users/me]`, and an answer of 500 or 502 of the service that asked.

    ## Why it happens
    What a service asks of another is refused or goes wrong there, and its client makes an exception of it.

    ## How we know
    The exception's or the message's own text has the status and the address that was asked, as the usual clients word
    it (requests, httpx, aiohttp, Feign, WebClient, Guzzle, ky, Faraday) or in plain words.

    ## What to change
    What the answer is about, which the log of the service that answered says.
    """
    occurrence = log.get(error.key)
    if occurrence is None or (isinstance(error, ErrorLogged) and raised_in(occurrence) is not None):
        return
    found = call_in(occurrence)
    if found is not None:
        yield Because(found, evidence_of(occurrence)[:1])


@runtime.rule
def answered_by_service(answered: CallAnswered, log: ErrorLog, requests: Requests) -> Iterator[Because | Unknown]:
    """
    The log of the service that was asked has the request, with the same answer.

    ## What you see
    `"GET /quote HTTP/1.1" 422` in the log of another service, at the same time.

    ## Why it happens
    The caller's error and the answer are the two ends of one request.

    ## How we know
    The same trace (or request) id stands at both ends. Or, without one, the answering service's log has the path and
    the status within two seconds of the caller's error, and exactly one service has that; where the address is called
    after a service of the logs, only that one counts. Of a log without times it is a possibility.

    ## What to change
    What the answer is about, which the next link says.
    """
    callers = [item for item in log if call_in(item) == answered]
    same = [
        one
        for one in requests.served
        if one.service not in {None, answered.service}
        and one.status == answered.status
        and one.path.rstrip("/") == answered.path.rstrip("/")
        and answered.method in {None, one.method}
    ]
    traces = {trace for item in callers for piece in item.evidence if (trace := requests.trace_at(piece.locator))}
    traced = [one for one in same if one.trace in traces]
    close = [one for one in same if any(_meanwhile(one, item) for item in callers)]
    named = [one for one in close if _is_called(answered.host, one.service)]
    # uvicorn's own lines have no time: then the address has to name the service, and it stays a possibility.
    timeless = [one for one in same if one.time is None and _is_called(answered.host, one.service)]
    chosen = traced or named or close or timeless
    if len({one.service for one in chosen}) != 1:
        yield _needs(answered, chosen, requests)
        return
    one = chosen[0]
    yield Because(
        AnsweredSo(one.service, one.method, one.path, one.status),
        [one.evidence, *(piece for item in callers[:1] for piece in item.evidence[:1])],
        strength=Strength.OBSERVED if traced else Strength.ENTAILED if named else Strength.CONSISTENT,
    )


def _needs(answered: CallAnswered, found: Sequence[Served], requests: Requests) -> Unknown:
    if found:
        services = ", ".join(sorted({str(one.service) for one in found}))
        return Unknown(f"which service was asked ({services} answered such a request then; a trace id would tell)")
    if not requests.whole:
        return Unknown(f"the log of what answers at {answered.host} alone (these are too long to look through)")
    return Unknown(f"the log of what answers at {answered.host}, at the time of the call, or the body of its answer")


def _meanwhile(one: Served | Said, item: Occurrence) -> bool:
    return near(one.time, item.first, MEANWHILE) or near(one.time, item.last, MEANWHILE)


def _is_called(host: str, service: str | None) -> bool:
    """Whether a host is called after the service: `prices`, `prices.shop.svc`, `prices-xyz.a.run.app`."""
    first, owner = host.partition(".")[0], (service or "").lower()
    return bool(owner) and (first == owner or first.startswith(f"{owner}-") or owner.endswith(f"-{first}"))


@runtime.rule
def said_of_answer(
    answered: AnsweredSo, log: ErrorLog, requests: Requests, templates: Templates | None
) -> Iterator[Because | RuledOut | Unknown]:
    """
    The service said in its log why it answered so.

    ## What you see
    A warning such as `currency: field required`, or a traceback, beside the line of the request.

    ## Why it happens
    Frameworks and handlers log what they refuse a request for, and the caller only sees the status.

    ## How we know
    A warning, an error or a traceback of the same service with the same trace id; without one, the only one of that
    service within two seconds of the answer. What the service says at other times too, by the count of the line's
    template, is not about such a request and is ruled out. Where the line does not name the request's path, it is a
    possibility.

    ## What to change
    What it says, on the side that is wrong: what was asked, or what was expected.
    """
    served = [
        one
        for one in requests.served
        if (one.service, one.method, one.path, one.status)
        == (answered.service, answered.method, answered.path, answered.status)
    ]
    traces = {one.trace for one in served if one.trace}
    own = [one for one in requests.said if one.service == answered.service]
    traced = [one for one in own if one.trace in traces]
    close = [one for one in own if any(near(one.time, other.time, MEANWHILE) for other in served)]
    habits = _habits(close, templates) if not traced and requests.whole else {}
    for text, piece in habits.items():
        yield RuledOut(f"{answered.service} says of it: {text}", [piece])
    chosen = traced or [one for one in close if one.text not in habits]
    texts = {one.text: one for one in chosen}
    if len(texts) != 1:
        what = f"which of {len(texts)} lines says it" if texts else "what it said of that at a lower level"
        yield Unknown(f"{what} (the log of {answered.service}, with a trace or request id on each line)")
        return
    one = chosen[0]
    evidence = [one.evidence, *(other.evidence for other in served[:1])]
    sure = Strength.OBSERVED if traced else Strength.ENTAILED if answered.path in one.text else Strength.CONSISTENT
    yield Because(_said(one, log), evidence, strength=sure)


def _habits(close: Sequence[Said], templates: Templates | None) -> dict[str, Evidence]:
    """What a service says at other times as well as beside such an answer, each with its first example and count."""
    found: dict[str, Evidence] = {}
    kinds = {one.text: templates.of(one.text) if templates is not None else None for one in close}
    for text, template in kinds.items():
        beside = sum(1 for one in close if kinds[one.text] == template)
        piece = template.evidence() if template is not None else None
        if template is not None and piece is not None and template.count > beside:
            found[text] = piece
    return found


def _said(one: Said, log: ErrorLog) -> ExceptionRaised | CallAnswered | SaidMeanwhile:
    """The exception that was logged at that place, or what that service was answered in turn, else the words."""
    for item in log:
        if item.owner == one.service and _stands_at(item.evidence, one.evidence):
            found = raised_in(item) or call_in(item)
            if found is not None:
                return found
    return SaidMeanwhile(one.service, one.text)


def _stands_at(pieces: Sequence[Evidence], one: Evidence) -> bool:
    return any(piece.locator == one.locator for piece in pieces)
