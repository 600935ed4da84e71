"""
`analytics`: does ClickHouse answer queries and take inserts, and does the service's breaker let calls through?

`<entry>-reported`: what the service's health answer says. `<entry>-breaker`: the state of the breaker there.
`<entry>-query` and `<entry>-insert`: by our own connection where the address is an HTTP one (a table of a unique name
is made and dropped); otherwise, for ClickHouse inside the service, through an endpoint of that service (`probe`) which
tries both. By default each enabled backing service of kind `clickhouse` is asked about.

Facts: `backing_service`, `reported_by`, `reported_status`, `reported_detail`, `address`, `breaker`: `{name, state,
failures}`, `url`, `status`, `code` (the service's error code); own connection: `host`, `port`, `database`, `user`,
`server_version`, `clickhouse_code`, `kind`: as in `shakeout.checks.network`, or `wrong-credentials`,
`database-missing`, `table-missing`, `read-only`, `not-allowed`, `no-space`, `out-of-memory`, `not-clickhouse`,
`clickhouse-error`; `message`; through the service: `through`, `error`: its error object.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from shakeout.checks.answers import inconclusive, not_reached, passed, refused_answer
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.clickhouse import ClickHouse, ClickHouseRefused
from shakeout.checks.client import Reply, ask_http, curl, dotted
from shakeout.checks.interpolation import resolve
from shakeout.checks.kinds import Configured, Kind, Options, configured_for
from shakeout.checks.network import NotReached
from shakeout.checks.records import keep_secret
from shakeout.checks.reported import (
    Ask,
    BackingOptions,
    Told,
    ask_health,
    ask_reported,
    find_backing,
    make_check,
    reported_facts,
)
from shakeout.checks.tokens import account_check, token_header
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import BackingServicePlan, Plan

_KINDS = ("clickhouse",)


class ProbeOptions(Options):
    """
    An endpoint of a service that really inserts and queries: an answer of 2xx says how many rows at these fields.

    `account`: whether it is asked with the token of the auth check.
    """

    service: str | None = None
    method: str = "GET"
    path: str = "/v1/history/probe"
    inserted: str = "inserted"
    read: str = "read"
    account: bool = True


class AnalyticsOptions(BackingOptions):
    """Which ClickHouse, and how the service that has it is asked where there is no address of its own."""

    probe: ProbeOptions = Field(default_factory=ProbeOptions)


def expand(entry: Configured[AnalyticsOptions], plan: Plan) -> Iterator[Check]:
    """Four questions, as far as the manifest gives someone to ask."""
    options = entry.options
    backing = find_backing(options, plan, _KINDS)
    if backing is None or backing.disabled:
        return
    reporter = backing.reported_by
    if reporter is not None:
        yield make_check(
            entry,
            "reported",
            f"Does {reporter} say that {backing.name} is up?",
            ask_reported(options, backing, plan),
            service=reporter,
            required=backing.required,
        )
    template = options.url or backing.url or ""
    direct = template.startswith(("http://", "https://"))
    service = None if direct else (options.probe.service or reporter)
    if direct or service:
        needs = () if direct or not options.probe.account else account_check(plan)
        for suffix, question in (("query", "Does {} answer a query?"), ("insert", "Does {} take an insert?")):
            ask = _directly(suffix, template, options, backing) if direct else _through(suffix, entry, backing, service)
            subject = question.format(backing.name)
            yield make_check(entry, suffix, subject, ask, service=service, needs=needs, required=backing.required)
    if reporter is not None:
        yield make_check(
            entry,
            "breaker",
            f"Does {reporter}'s circuit breaker let calls to {backing.name} through?",
            _breaker(options, backing, plan),
            service=reporter,
            required=backing.required,
        )


def _directly(suffix: str, template: str, options: AnalyticsOptions, backing: BackingServicePlan) -> Ask:
    async def ask(context: Context) -> Answer:
        server = ClickHouse.at(resolve(template, context), options.tls)
        keep_secret(context, server.password)
        facts = {
            "backing_service": backing.name,
            "address": server.address,
            "host": server.host,
            "port": server.port,
            "database": server.database,
            "user": server.user,
        }
        again = server.curl("SELECT 1")
        expected = "an answer to a query" if suffix == "query" else "one row inserted and read back"
        try:
            if suffix == "query":
                version = await server.version()
                return passed(f"ClickHouse {version} answers", **facts, server_version=version)
            rows = await server.insert_and_read()
        except NotReached as error:
            return not_reached(error.fault, expected=expected, reproduce=again, **facts)
        except ClickHouseRefused as error:
            return refused_answer(
                error.reply,
                detail=error.summary,
                expected=expected,
                actual=error.summary,
                reproduce=again,
                **facts,
                kind=error.kind,
                message=error.summary,
                clickhouse_code=error.code,
            )
        if rows != 1:
            return Answer(
                outcome=Outcome.FAILED,
                detail=f"{rows} rows read back after one was inserted",
                expected=expected,
                actual=f"{rows} rows",
                reproduce=again,
                facts={**facts, "read": rows},
            )
        return passed("one row inserted and read back", **facts, read=1)

    return ask


def _through(suffix: str, entry: Configured[AnalyticsOptions], backing: BackingServicePlan, service: str | None) -> Ask:
    probe = entry.options.probe
    field = probe.read if suffix == "query" else probe.inserted

    async def ask(context: Context) -> Answer:
        url = f"{context.url(service or '')}/{probe.path.lstrip('/')}"
        headers = token_header(context) if probe.account else {}
        facts: dict[str, Any] = {"backing_service": backing.name, "through": service, "url": url}
        if probe.account and not headers:
            return inconclusive(f"no account to ask {service} with: no auth check gave a token", **facts)
        again = curl(url, method=probe.method, headers={"Authorization": "Bearer $TOKEN"} if headers else None)
        expected = f"{service} {'reads' if suffix == 'query' else 'inserts'} a row ('{field}': 1)"
        try:
            reply = await _once(context, entry.name, probe, url, headers, entry.options)
        except NotReached as error:
            return not_reached(error.fault, expected=expected, reproduce=again, **facts)
        answer = reply.json()
        facts |= {"error": dotted(answer, "error")} if dotted(answer, "error") is not None else {}
        if reply.status in {404, 405} and entry.assumed:
            return inconclusive(
                f"{service} has no {probe.path} ({reply.summary}); name its endpoint in `probe.path`", **facts
            )
        rows = dotted(answer, field)
        if 200 <= reply.status < 300 and isinstance(rows, int) and rows >= 1:
            return passed(f"{service} {'read' if suffix == 'query' else 'inserted'} {rows} row", **facts, rows=rows)
        message = dotted(answer, "error.message")
        return refused_answer(
            reply,
            detail=f"{reply.error_code() or reply.summary}: {message}" if message else f"{reply.summary}, no '{field}'",
            expected=expected,
            reproduce=again,
            **facts,
            message=message,
        )

    return ask


async def _once(
    context: Context, name: str, probe: ProbeOptions, url: str, headers: Mapping[str, str], options: AnalyticsOptions
) -> Reply:
    """One call answers both questions; whoever comes second waits for the first."""
    key = f"analytics-probe:{name}"
    if key not in context.shared:
        asking = ask_http(probe.method, url, headers=headers, tls=options.tls)
        context.shared[key] = asyncio.ensure_future(asking)
    reply: Reply = await asyncio.shield(context.shared[key])
    return reply


def _breaker(options: AnalyticsOptions, backing: BackingServicePlan, plan: Plan) -> Ask:
    async def ask(context: Context) -> Answer:
        told = await ask_health(options, backing, plan, context)
        if isinstance(told, Answer):
            return told
        return _judge_breaker(options, backing, told)

    return ask


def _judge_breaker(options: AnalyticsOptions, backing: BackingServicePlan, told: Told) -> Answer:
    facts = reported_facts(options, backing, told)
    breaker = facts.get("breaker")
    if not breaker or "state" not in breaker:
        return inconclusive(
            f"unknown: {backing.reported_by} tells of no breaker at '{told.where}.{options.reported.breaker}'",
            reproduce=curl(told.reply.url),
            **facts,
        )
    name, state, failures = breaker.get("name", backing.name), breaker["state"], breaker.get("failures") or 0
    if state == "closed" and not failures:
        return passed(f"circuit breaker '{name}' is closed", **facts)
    after = f" after {failures} failures" if failures else ""
    said = facts["reported_detail"]
    answer = refused_answer(
        told.reply,
        detail=f"circuit breaker '{name}' is {str(state).upper()}{after}" + (f": {said}" if said else ""),
        expected=f"circuit breaker '{name}' is closed",
        actual=f"{state}, {failures} failures",
        reproduce=curl(told.reply.url),
        **facts,
    )
    return answer if state == "open" else replace(answer, outcome=Outcome.DEGRADED)


def defaults(plan: Plan) -> Mapping[str, CheckSpec]:
    """One entry for each enabled ClickHouse, where the manifest configures none of this kind."""
    found = [each for each in plan.backing_services if each.kind in _KINDS and not each.disabled]
    if configured_for(plan, KIND.name):
        return {}
    keys: dict[str, dict[str, Any]] = {
        "analytics" if len(found) == 1 else f"analytics-{each.name}": {"backing_service": each.name} for each in found
    }
    return {name: CheckSpec(kind=KIND.name, **options) for name, options in keys.items()}


KIND = Kind(name="analytics", options=AnalyticsOptions, expand=expand, defaults=defaults, order=30)
