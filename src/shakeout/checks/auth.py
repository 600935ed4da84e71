"""
`auth`: can an account sign up and in, is its token accepted, and is every token refused that has to be?

The questions of an entry `auth`: `auth-sign-up` (a throw-away account at example.com with a random password, unless
`account` names one), `auth-sign-in`, `auth-token-accepted` (by every protected address), `auth-token-missing`,
`auth-token-expired` (a token of one second), `auth-token-forged` (one signature byte changed; signed with another key;
not signed), `auth-token-revoked`, `auth-refresh-rotates` (a new pair, and the old refresh token is used up).
By default they are asked of a service called `auth`. A refused token means a status of `refused` (401, 403).

Facts: `service`; `status`, `code` (`error.code`), `message`, `detail_of_error` (`error.detail`: what a service expected
and saw) of the first answer that was wrong; `asked`: `[{service, url, status, code, forgery?}]`; `wrong`: those of them
that were wrong; `token`: `{key_id, algorithm, issuer, audience, issued_at, expires_at}` of the token that was
sent; `fingerprints`: `{service: {token_key_id, token_issuer, token_audience, token_algorithm, clock_ahead}}` as the
services' version answers tell, `clock_ahead` in seconds against ours; network errors as in `shakeout.checks.network`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shakeout.checks.account import AuthOptions, Call, Protected, Session
from shakeout.checks.answers import inconclusive, not_reached, passed, refused_answer
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.client import Reply, dotted
from shakeout.checks.deadline import remaining
from shakeout.checks.fingerprints import fingerprints
from shakeout.checks.kinds import Configured, Kind, configured_for
from shakeout.checks.network import NotReached
from shakeout.checks.tokens import forgeries, read_token, token_facts
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import Plan

Question = Callable[[Configured[AuthOptions], Session, tuple[Protected, ...]], Coroutine[Any, Any, Answer]]


def expand(entry: Configured[AuthOptions], plan: Plan) -> Iterator[Check]:
    """The questions that the options leave something to ask for."""
    options = entry.options
    service = entry.spec.service or "auth"
    protected = _protected(entry, plan)
    services = tuple(dict.fromkeys([service, *(each.service or service for each in protected)]))

    def check(suffix: str, question: str, ask: Question, needs: str | None = None, everywhere: bool = False) -> Check:
        async def run(context: Context) -> Answer:
            try:
                return await ask(entry, Session.of(entry, context), protected)
            except NotReached as error:
                return not_reached(error.fault, expected=f"{service} answers", service=service)

        return Check(
            name=f"{entry.name}-{suffix}",
            kind=entry.spec.kind,
            question=question,
            ask=run,
            service=service,
            services=services if everywhere else (service,),
            needs=(f"{entry.name}-{needs}",) if needs else (),
            required=entry.spec.required,
            deadline=entry.spec.deadline,
        )

    signs_up = options.sign_up is not None and options.account is None
    if signs_up:
        yield check("sign-up", "Can a new account sign up?", sign_up)
    yield check("sign-in", "Can the account sign in?", sign_in, "sign-up" if signs_up else None)
    if protected:
        yield check("token-accepted", "Is the token accepted everywhere?", token_accepted, "sign-in", True)
        yield check("token-missing", "Is a call without a token refused?", token_missing, None, True)
        if options.expires_in is not None:
            yield check("token-expired", "Is an expired token refused?", token_expired, "sign-in", True)
        yield check("token-forged", "Is a forged token refused?", token_forged, "sign-in", True)
        if options.revoke is not None:
            yield check("token-revoked", "Is a revoked token refused?", token_revoked, "sign-in", True)
    if options.refresh is not None:
        yield check("refresh-rotates", "Does refreshing give a new pair, once?", refresh_rotates, "sign-in")


def _protected(entry: Configured[AuthOptions], plan: Plan) -> tuple[Protected, ...]:
    """Those configured; else the account's own address, and a list of runs where there is a service `backend`."""
    if entry.options.protected is not None:
        return entry.options.protected
    others = [each.name for each in plan.services if each.name == "backend" and each.name != entry.spec.service]
    return (Protected(), *(Protected(service=name, path="/v1/runs") for name in others))


async def sign_up(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """A new account."""
    call = entry.options.sign_up
    assert call is not None
    return _called(
        entry,
        session,
        call,
        await session.sign_up(call),
        worked="a throw-away account signed up",
        body=session.shown_credentials,
    )


async def sign_in(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """A session; its token is left for the other questions and for other checks."""
    reply, pair = await session.sign_in()
    call, shown = entry.options.sign_in, session.shown_credentials
    answer = _called(entry, session, call, reply, worked="signed in", body=shown)
    if answer.outcome is not Outcome.PASSED:
        return answer
    if pair.access is None:
        return inconclusive(
            f"{session.url(call)} answers {reply.summary} without a token at '{entry.options.token}'",
            reproduce=session.again(call, body=shown),
            service=session.service,
            status=reply.status,
        )
    session.keep(pair)
    return replace(answer, facts={**answer.facts, "token": token_facts(pair.access)})


async def token_accepted(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """The token is accepted at every protected address."""
    token = session.pair.access or ""
    asked = [(each, await session.ask(each, token)) for each in protected]
    known = [(each, reply) for each, reply in asked if not (entry.assumed and reply.status in {404, 405})]
    facts: dict[str, Any] = {"asked": [_row(session, *each) for each in asked], "token": token_facts(token)}
    wrong = [(each, reply) for each, reply in known if not 200 <= reply.status < 300]
    if not known:
        return inconclusive("no protected address is known; name them in `protected`", **facts)
    if not wrong:
        names = ", ".join(each.service or session.service for each, _ in known)
        return passed(f"accepted by {names}", **facts)
    facts["fingerprints"] = await fingerprints(session.context)
    first, reply = wrong[0]
    return _wrong_answer(session, first, reply, [_row(session, *each) for each in wrong], "2xx with the token", facts)


async def token_missing(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """A call without a token is refused."""
    asked = [(each, await session.ask(each, None), "no token") for each in protected]
    return _all_refused(entry, session, asked, {}, sent=False)


async def token_expired(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """A token of one second is refused once that second is over."""
    reply, pair = await session.sign_in(seconds=1)
    began = time.monotonic()
    if pair.access is None:
        return inconclusive(
            f"no token of one second could be had: {reply.summary} ({reply.error_code() or 'no error code'});"
            " set `expires_in: null` where lifetimes cannot be asked for",
            status=reply.status,
        )
    facts: dict[str, Any] = {"token": token_facts(pair.access)}
    lifetime = _lifetime(pair.access, reply)
    if lifetime is None or lifetime > 2:
        return inconclusive(
            f"the service gave a token of {lifetime or 'unknown'} seconds where one second was asked for", **facts
        )
    await asyncio.sleep(min(lifetime + 0.05, remaining()))
    while True:
        asked = [(each, await session.ask(each, pair.access), "expired") for each in protected]
        waited = time.monotonic() - began
        accepted = any(200 <= reply.status < 300 for _, reply, _ in asked)
        if not accepted or waited > lifetime + entry.options.leeway or remaining() < 1:
            return _all_refused(entry, session, asked, facts, sent=True)
        await asyncio.sleep(0.25)


async def token_forged(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """No forged token is accepted anywhere."""
    asked = [
        (each, await session.ask(each, forged), how)
        for how, forged in forgeries(session.pair.access or "")
        for each in protected
    ]
    return _all_refused(entry, session, asked, {}, sent=True)


async def token_revoked(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """A session of its own is revoked, and its token is refused within the leeway."""
    _, pair = await session.sign_in()
    call = entry.options.revoke
    assert call is not None
    if pair.access is None:
        return inconclusive("no second session could be had")
    reply = await session.send(call, {}, pair.access)
    answer = _called(entry, session, call, reply, worked="revoked", token=True)
    if answer.outcome is not Outcome.PASSED:
        return answer
    began = time.monotonic()
    while True:
        asked = [(each, await session.ask(each, pair.access), "revoked") for each in protected]
        accepted = any(200 <= reply.status < 300 for _, reply, _ in asked)
        if not accepted or time.monotonic() - began > entry.options.leeway or remaining() < 1:
            return _all_refused(entry, session, asked, {"token": token_facts(pair.access)}, sent=True)
        await asyncio.sleep(0.25)


async def refresh_rotates(entry: Configured[AuthOptions], session: Session, protected: tuple[Protected, ...]) -> Answer:
    """A session of its own is refreshed; the old refresh token is used up by it."""
    _, pair = await session.sign_in()
    call = entry.options.refresh
    assert call is not None
    if pair.refresh is None:
        return inconclusive(f"signing in gives no refresh token at '{entry.options.refresh_token}'")
    shown = {entry.options.refresh_field: "$REFRESH_TOKEN"}
    reply = await session.send(call, {entry.options.refresh_field: pair.refresh})
    answer = _called(entry, session, call, reply, worked="refreshed", body=shown)
    if answer.outcome is not Outcome.PASSED:
        return answer
    new = session.read(reply)
    if new.access is None or new.refresh is None:
        return refused_answer(
            _hidden(reply),
            detail="refreshing gives no new pair of tokens",
            expected="a new access token and a new refresh token",
            reproduce=session.again(call, body=shown),
        )
    if new.refresh == pair.refresh:
        return refused_answer(
            _hidden(reply),
            detail="refreshing gives the same refresh token again",
            expected="a new refresh token",
            actual="the old one",
            reproduce=session.again(call, body=shown),
        )
    second = await session.send(call, {entry.options.refresh_field: pair.refresh})
    if 200 <= second.status < 300:
        return refused_answer(
            _hidden(second),
            detail="a refresh token that was used up is accepted again",
            expected=f"status {_statuses(entry)} at its second use",
            reproduce=session.again(call, body=shown),
        )
    if second.status not in (*entry.options.refused, 400):
        return refused_answer(
            second,
            detail=f"a used refresh token is answered {second.summary}, expected {_statuses(entry)}",
            expected=f"status {_statuses(entry)} at its second use",
            reproduce=session.again(call, body=shown),
        )
    return passed(f"a new pair; the old one is refused ({second.error_code() or second.summary})")


def _called(
    entry: Configured[AuthOptions],
    session: Session,
    call: Call,
    reply: Reply,
    *,
    worked: str,
    body: Mapping[str, Any] | None = None,
    token: bool = False,
) -> Answer:
    """Whether a request worked; an assumed address that is not there leaves it open."""
    url = session.url(call)
    if reply.status in call.status:
        return passed(worked, service=session.service, status=reply.status, url=url)
    again = session.again(call, token=token, body=body)
    if reply.status in {404, 405, 501} and entry.assumed and not reply.error_code():
        return inconclusive(
            f"{url} answers {reply.summary}: say where it is, or switch the check off (`{entry.name}: disabled: true`)",
            reproduce=again,
            service=session.service,
            status=reply.status,
        )
    code = reply.error_code()
    return refused_answer(
        reply,
        detail=f"{call.method} {call.path} answers {reply.summary}" + (f": {code}" if code else ""),
        expected=f"status {' or '.join(str(status) for status in call.status)}",
        reproduce=again,
        service=session.service,
        url=url,
        message=dotted(reply.json(), "error.message"),
        detail_of_error=dotted(reply.json(), "error.detail"),
    )


def _all_refused(
    entry: Configured[AuthOptions],
    session: Session,
    asked: list[tuple[Protected, Reply, str]],
    facts: dict[str, Any],
    *,
    sent: bool,
) -> Answer:
    known = [each for each in asked if not (entry.assumed and each[1].status in {404, 405})]
    facts = {**facts, "asked": [_row(session, each, reply) | {"forgery": how} for each, reply, how in asked]}
    wrong = [each for each in known if each[1].status not in entry.options.refused]
    if not known:
        return inconclusive("no protected address is known; name them in `protected`", **facts)
    if not wrong:
        codes = ", ".join(dict.fromkeys(reply.error_code() or reply.summary for _, reply, _ in known))
        return passed(
            f"refused by {', '.join(dict.fromkeys(e.service or session.service for e, _, _ in known))}: {codes}",
            **facts,
        )
    first, reply, how = wrong[0]
    rows = [_row(session, each, answer) | {"forgery": way} for each, answer, way in wrong]
    expected = f"status {_statuses(entry)} ({how})"
    answer = _wrong_answer(session, first, reply, rows, expected, facts, sent=sent)
    accepted = 200 <= reply.status < 300
    verb = "accepts" if accepted else f"answers {reply.summary} to"
    what = {"no token": "a call without a token", "expired": "an expired token", "revoked": "a revoked token"}
    subject = what.get(how, f"a forged token ({how})")
    return replace(answer, detail=f"{first.service or session.service} {verb} {subject} at {first.path}")


def _wrong_answer(
    session: Session,
    protected: Protected,
    reply: Reply,
    wrong: list[dict[str, Any]],
    expected: str,
    facts: Mapping[str, Any],
    *,
    sent: bool = True,
) -> Answer:
    code, message = reply.error_code(), dotted(reply.json(), "error.message")
    service = protected.service or session.service
    return refused_answer(
        reply,
        detail=f"{service} refuses the token ({code or reply.summary})" + (f": {message}" if message else ""),
        expected=expected,
        reproduce=session.again(protected, token=sent),
        **{
            **facts,
            "service": service,
            "message": message,
            "detail_of_error": dotted(reply.json(), "error.detail"),
            "wrong": wrong,
        },
    )


def _row(session: Session, protected: Protected, reply: Reply) -> dict[str, Any]:
    service = protected.service or session.service
    return {"service": service, "url": session.url(protected), "status": reply.status, "code": reply.error_code()}


def _statuses(entry: Configured[AuthOptions]) -> str:
    return " or ".join(str(status) for status in entry.options.refused)


def _hidden(reply: Reply) -> Reply:
    """The same answer without its body, which holds tokens."""
    return replace(reply, body=b"(the body holds tokens)")


def _lifetime(token: str, reply: Reply) -> float | None:
    _, claims = read_token(token)
    issued, expires = claims.get("iat"), claims.get("exp")
    if isinstance(issued, (int, float)) and isinstance(expires, (int, float)):
        return float(expires - issued)
    seconds = dotted(reply.json(), "expires_in")
    return float(seconds) if isinstance(seconds, (int, float)) else None


def defaults(plan: Plan) -> Mapping[str, CheckSpec]:
    """One entry where a service is called `auth` and the manifest configures none of this kind."""
    if configured_for(plan, KIND.name) or all(service.name != "auth" for service in plan.services):
        return {}
    return {"auth": CheckSpec(kind=KIND.name, service="auth", required=plan.service("auth").required)}


KIND = Kind(name="auth", options=AuthOptions, expand=expand, defaults=defaults, order=40)
