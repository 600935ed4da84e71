"""
`websocket`: does a live connection work for the client that is really served?

The questions of an entry `websocket`: `websocket-handshake` (at the client's protocol), `websocket-subscribe` (several
connections), `websocket-event` (an event of a live run, made through the service's API with the token of the auth
check, arrives on every connection), `websocket-malformed` (a message without a required field, and one that is not
JSON, are answered with a structured error, and the connection lives on), `websocket-version-refused` (a protocol that
nobody speaks is refused at the handshake with a reason).
By default they are asked where one service says its protocol and another serves a bundle.

Facts: `service`, `url`, `client` (the service whose schema was used), `client_protocol`, `server_protocol`,
`connections_total`, `connections_with_errors`, `connections`: `[{connection, opened, errors: [{event, field, code,
message, server_protocol}], fault, refused: {status, code, message, detail}, closed}]`, `events` and `fields`: what the
errors are about, `codes`; `messages`: the types that the client's schema has; `subscribed`, `events_received`: on how
many connections, where it was not on all of them; a handshake that failed: `status`, `code`, `message`, or those of
`shakeout.checks.network`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

from shakeout.checks.answers import inconclusive, not_reached, passed, refused_answer
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.client import Reply, ask_http, curl, dotted
from shakeout.checks.deadline import remaining
from shakeout.checks.kinds import Configured, Kind, configured_for
from shakeout.checks.live import Schema, Talk, handshake_command, open_talk, token_of
from shakeout.checks.live_asking import Asking, Step, WebSocketOptions, distinct
from shakeout.checks.network import NotReached
from shakeout.checks.tokens import account_check
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import Plan

Question = Callable[[Asking], Coroutine[Any, Any, Answer]]


def expand(entry: Configured[WebSocketOptions], plan: Plan) -> Iterator[Check]:
    """The questions that the options leave something to ask for."""
    options = entry.options
    service = entry.spec.service or _server(plan)
    if service is None:
        return
    bundled = next((each.name for each in plan.services if each.version and each.version.bundle), None)
    client = options.client or bundled or service
    needs = account_check(plan) if options.account else ()

    def check(suffix: str, question: str, ask: Question, *more: str) -> Check:
        async def run(context: Context) -> Answer:
            return await _prepared(entry, context, service, client, ask)

        return Check(
            name=f"{entry.name}-{suffix}",
            kind=entry.spec.kind,
            question=question,
            ask=run,
            service=service,
            services=(service, client) if client != service else (service,),
            needs=(*needs, *(f"{entry.name}-{each}" for each in more)),
            required=entry.spec.required,
            deadline=entry.spec.deadline,
        )

    yield check("handshake", f"Does {service} open a live connection for {client}'s protocol?", handshake)
    yield check("subscribe", "Can a client subscribe?", subscribe, "handshake")
    if options.trigger is not None:
        yield check("event", "Does an event of a live run arrive?", event, "subscribe")
    yield check(
        "malformed", "Is a malformed message answered, and does the connection live on?", malformed, "handshake"
    )
    if any("{protocol}" in each for each in options.subprotocols):
        yield check("version-refused", "Is a protocol that nobody speaks refused?", version_refused)


async def _prepared(
    entry: Configured[WebSocketOptions], context: Context, service: str, client: str, ask: Question
) -> Answer:
    """Read the client's schema, then ask."""
    options = entry.options
    schema = Schema(protocol=options.protocol, client={}, source=None)
    token = token_of(context) if options.account else None
    if options.account and token is None:
        return inconclusive("no account to connect with: no auth check gave a token", service=service)
    if options.schema_path is not None:
        url = f"{context.url(client)}/{options.schema_path.lstrip('/')}"
        try:
            reply = await ask_http("GET", url, tls=options.tls)
        except NotReached as error:
            return not_reached(error.fault, expected=f"the schema of {client}'s messages", reproduce=curl(url))
        answer = reply.json()
        messages = dotted(answer, options.schema_messages)
        if reply.status != 200 or not isinstance(messages, Mapping):
            return inconclusive(
                f"unknown: {url} ({reply.summary}) has no messages at '{options.schema_messages}';"
                " say where the schema is, or give `messages` and `schema: null`",
                reproduce=curl(url),
                service=service,
                client=client,
            )
        protocol = dotted(answer, options.schema_protocol)
        schema = Schema(protocol=options.protocol or protocol, client=messages, source=url)
    asking = Asking(entry, context, service, client, schema, token)
    try:
        return await ask(asking)
    except NotReached as error:
        return not_reached(error.fault, expected=f"{service} answers", **asking.facts())


async def handshake(asking: Asking) -> Answer:
    """One connection at the client's protocol."""
    async with AsyncExitStack() as stack:
        (talk,) = await asking.open(stack, 1)
        facts = asking.facts(talk)
        if answer := _not_open(asking, [talk], facts):
            return answer
        wanted = (asking.options.subprotocols or ("",))[0].format(protocol=asking.schema.protocol, token="")
        if wanted and talk.subprotocol != wanted:
            seen = talk.subprotocol or "none"
            return _failed(asking, f"the server chose subprotocol {seen}", f"subprotocol {wanted}", seen, facts)
        return passed(f"connected{f', subprotocol {wanted}' if wanted else ''}", **facts)


async def subscribe(asking: Asking) -> Answer:
    """Several connections, each of which subscribes."""
    run = await _run(asking)
    if isinstance(run, Answer):
        return run
    async with AsyncExitStack() as stack:
        talks = await asking.open(stack, asking.options.connections)
        return await _subscribed(asking, talks, run) or passed(
            f"{len(talks)} of {len(talks)} connections subscribed", **asking.facts(*talks)
        )


async def event(asking: Asking) -> Answer:
    """An event arrives on every subscribed connection."""
    options, run = asking.options, await _run(asking)
    if isinstance(run, Answer):
        return run
    assert options.trigger is not None
    async with AsyncExitStack() as stack:
        talks = await asking.open(stack, options.connections)
        if wrong := await _subscribed(asking, talks, run):
            return wrong
        marker = f"shakeout-{secrets.token_hex(8)}"
        reply = await asking.step(options.trigger, run=run, marker=marker)
        if not 200 <= reply.status < 300:
            return _not_triggered(asking, options.trigger, reply)

        def wanted(message: dict[str, Any]) -> bool:
            return message.get(options.type) == options.event and marker in json.dumps(message)

        seconds = remaining() * 0.8
        got = await asyncio.gather(*(talk.until(options, wanted, seconds) for talk in talks))
        if options.finish is not None:
            await asking.step(options.finish, run=run, marker=marker)
        facts, arrived = asking.facts(*talks), sum(message is not None for message in got)
        facts["events_received"] = arrived
        if arrived == len(talks):
            return passed(f"the event arrived on {arrived} of {len(talks)} connections", **facts)
        detail = f"the event arrived on {arrived} of {len(talks)} connections" + _what(talks)
        return _failed(asking, detail, f"the event on all {len(talks)}", f"on {arrived}", facts, _shown(talks))


async def malformed(asking: Asking) -> Answer:
    """A message without a required field, and one that is not JSON; then the connection is used again."""
    options = asking.options
    async with AsyncExitStack() as stack:
        (talk,) = await asking.open(stack, 1)
        if answer := _not_open(asking, [talk], asking.facts(talk)):
            return answer
        whole = asking.schema.message(options, options.subscribe, options.run, "malformed-1")
        if whole is None:
            return inconclusive(f"the client's schema has no message '{options.subscribe}'", **asking.facts(talk))
        own = [key for key in whole if key not in {options.type, options.protocol_field, options.id_field}]
        left_out = own[-1] if own else options.type
        for sent, what in (
            ({key: value for key, value in whole.items() if key != left_out}, f"without '{left_out}'"),
            ("{", "that is not JSON"),
        ):
            await talk.send(sent)
            error = await talk.until(options, lambda each: each.get(options.type) == options.error, remaining() / 3)
            facts = asking.facts(talk) | {"left_out": left_out}
            if error is None or not error.get(options.error_code):
                seen = talk.closed or ("no answer" if error is None else f"an error without '{options.error_code}'")
                expected = f"an answer of type '{options.error}' with '{options.error_code}'"
                return _failed(asking, f"a message {what}: {seen}", expected, seen, facts, _shown([talk]))
        if not await _lives(asking, talk):
            seen = talk.closed or "no answer"
            detail = f"after a malformed message the connection is of no use: {seen}"
            return _failed(asking, detail, "the connection lives on", seen, asking.facts(talk), _shown([talk]))
        codes = distinct(each.get(options.error_code) for each in talk.received)
        return passed(f"answered with {', '.join(codes)}; the connection lives on", **asking.facts(talk))


async def version_refused(asking: Asking) -> Answer:
    """A handshake at a protocol that nobody speaks."""
    options = asking.options
    talk = await open_talk(options, asking.base, options.wrong_protocol, asking.token)
    expected = f"refused with status {' or '.join(str(status) for status in options.refused)} and a reason"
    again = handshake_command(options, asking.base, options.wrong_protocol)
    try:
        facts = asking.facts(talk) | {"wrong_protocol": options.wrong_protocol}
        if talk.fault is not None:
            return not_reached(talk.fault, expected=expected, reproduce=again, **facts)
        if talk.connection is not None:
            detail = f"protocol {options.wrong_protocol} is accepted"
            return _failed(asking, detail, expected, "connected", facts, again=again)
    finally:
        await talk.close()
    refused = talk.refused or {}
    status, reason = refused.get("status"), str(refused.get("message") or refused.get("body") or "").strip()
    facts |= {"status": status, "code": refused.get("code"), "message": reason}
    if status not in options.refused:
        detail = f"protocol {options.wrong_protocol} is answered with status {status}"
        return _failed(asking, detail, expected, f"status {status}", facts, reason, again=again)
    if not reason:
        return _failed(
            asking, f"refused with status {status} without a reason", expected, "no reason", facts, again=again
        )
    return passed(f"refused with status {status}: {reason[:200]}", **facts)


async def _run(asking: Asking) -> str | Answer:
    """The live run of this entry; begun by whoever asks first."""
    options, key = asking.options, f"websocket-run:{asking.entry.name}"
    if options.begin is None:
        return options.run
    if key not in asking.context.shared:
        reply = await asking.step(options.begin, marker="begin")
        run = dotted(reply.json(), options.begin.run) if options.begin.run else options.run
        if not 200 <= reply.status < 300:
            return _not_triggered(asking, options.begin, reply)
        if not isinstance(run, (str, int)):
            return inconclusive(f"the answer to {options.begin.path} has no run at '{options.begin.run}'")
        asking.context.shared[key] = str(run)
    run_id: str = asking.context.shared[key]
    return run_id


async def _subscribed(asking: Asking, talks: list[Talk], run: str) -> Answer | None:
    """Subscribe on each; None where all of them are subscribed."""
    options = asking.options
    if answer := _not_open(asking, talks, asking.facts(*talks)):
        return answer

    async def one(talk: Talk) -> bool:
        message = asking.schema.message(options, options.subscribe, run, f"subscribe-{talk.number}")
        if message is None:
            return False
        await talk.send(message)
        return await talk.until(options, lambda each: each.get(options.type) == options.subscribed, 5) is not None

    if asking.schema.message(options, options.subscribe, run, "1") is None:
        return inconclusive(f"the client's schema has no message '{options.subscribe}'", **asking.facts(*talks))
    good = sum(await asyncio.gather(*(one(talk) for talk in talks)))
    if good == len(talks):
        return None
    facts = asking.facts(*talks) | {"subscribed": good}
    detail = f"{len(talks) - good} of {len(talks)} connections could not subscribe{_what(talks)}"
    if facts["server_protocol"] not in {None, asking.schema.protocol}:
        detail += f" (client protocol {asking.schema.protocol}, server protocol {facts['server_protocol']})"
    return _failed(asking, detail, f"{len(talks)} of {len(talks)} subscribed", f"{good}", facts, _shown(talks))


async def _lives(asking: Asking, talk: Talk) -> bool:
    options = asking.options
    name, wanted = (options.ping, options.pong) if options.ping else (options.subscribe, options.subscribed)
    message = asking.schema.message(options, name, options.run, "alive-1")
    if message is None:
        name, wanted = options.subscribe, options.subscribed
        message = asking.schema.message(options, name, options.run, "alive-1")
    await talk.send(message or {})
    return await talk.until(options, lambda each: each.get(options.type) == wanted, remaining()) is not None


def _not_open(asking: Asking, talks: list[Talk], facts: dict[str, Any]) -> Answer | None:
    """The answer where a connection could not be opened."""
    closed = [talk for talk in talks if talk.connection is None]
    if not closed:
        return None
    first = closed[0]
    expected = f"{len(talks)} of {len(talks)} connections open at protocol {asking.schema.protocol}"
    if first.fault is not None:
        return not_reached(first.fault, expected=expected, reproduce=asking.again, **facts)
    refused = first.refused or {}
    status, said = refused.get("status"), refused.get("message") or refused.get("code") or ""
    facts |= {"kind": "http-status", "status": status, "code": refused.get("code"), "message": refused.get("message")}
    detail = f"the handshake is refused with status {status}" + (f": {said}" if said else "")
    if asking.entry.assumed and status == 404:
        return inconclusive(f"{detail}; say where live connections are, or switch the check off", **facts)
    return _failed(asking, detail, expected, f"status {status}", facts, str(refused.get("body") or ""))


def _not_triggered(asking: Asking, step: Step, reply: Reply) -> Answer:
    detail = f"no event could be made: {step.method} {step.path} answers {reply.summary}"
    headers = {"Authorization": "Bearer $TOKEN"}
    again = curl(f"{asking.base}{step.path}", method=step.method, headers=headers, body=step.body)
    if asking.entry.assumed and reply.status in {404, 405}:
        return inconclusive(detail, reproduce=again, **asking.facts())
    return refused_answer(
        reply, detail=detail, expected="status 2xx", reproduce=again, **asking.facts(), kind="http-status"
    )


def _failed(
    asking: Asking,
    detail: str,
    expected: str,
    actual: str,
    facts: dict[str, Any],
    excerpt: str | None = None,
    again: str | None = None,
) -> Answer:
    return Answer(
        outcome=Outcome.FAILED,
        detail=detail,
        expected=expected,
        actual=actual,
        excerpt=excerpt or None,
        reproduce=again or asking.again,
        facts=facts,
    )


def _what(talks: list[Talk]) -> str:
    """What went wrong on the first connection that something went wrong on."""
    for talk in talks:
        for error in talk.errors:
            return f": {error['message'] or error['code']}"
        if talk.closed:
            return f": closed, {talk.closed}"
    return ": no answer in time" if any(not talk.wrong for talk in talks) else ""


def _shown(talks: list[Talk]) -> str:
    return "\n".join(
        f"connection {talk.number}: {json.dumps(message, ensure_ascii=False)[:400]}"
        for talk in talks
        for message in talk.received[-3:]
    )


def _server(plan: Plan) -> str | None:
    """The service that says its protocol and serves no bundle."""
    found = [each for each in plan.services if each.version and each.version.protocol and not each.version.bundle]
    return found[0].name if found else None


def defaults(plan: Plan) -> Mapping[str, CheckSpec]:
    """One entry where a service says its protocol, another serves a bundle, and none of this kind is configured."""
    server = _server(plan)
    bundled = any(each.version and each.version.bundle for each in plan.services)
    if configured_for(plan, KIND.name) or server is None or not bundled:
        return {}
    return {"websocket": CheckSpec(kind=KIND.name, service=server, required=plan.service(server).required)}


KIND = Kind(name="websocket", options=WebSocketOptions, expand=expand, defaults=defaults, order=50)
