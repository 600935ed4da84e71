"""What a service's health answer says of a backing service: shared by the kinds that ask about one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from shakeout.checks.answers import inconclusive, not_reached, passed, refused_answer
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.client import Reply, ask_http, curl, dotted
from shakeout.checks.kinds import Configured, Options, TLSOptions
from shakeout.checks.network import NotReached
from shakeout.manifest.model import Health
from shakeout.manifest.plan import BackingServicePlan, Plan

Ask = Callable[[Context], Awaitable[Answer]]

_PATIENCE = 6.0
"""Seconds for which a service is asked again that cannot say yet how its backing service is."""
_PAUSE = 0.3


class ReportedOptions(Options):
    """
    Where a backing service's state stands in a health answer.

    `at` is the dotted path of its object, with `{name}` for the backing service's name there; `status`, `detail` and
    `address` are fields of that object; `up`, `degraded`, `disabled` and `pending` (nobody can say yet) are the
    values that mean so.
    """

    path: str | None = None
    at: str = "backing_services.{name}"
    status: str = "status"
    detail: str = "detail"
    address: str = "address"
    up: tuple[str | bool, ...] = ("up", "ok", "healthy", "connected", True)
    degraded: tuple[str | bool, ...] = ("degraded",)
    disabled: tuple[str | bool, ...] = ("disabled",)
    pending: tuple[str | bool, ...] = ("unknown", "pending", "starting", "connecting")
    breaker: str = "breaker"
    """The breaker's object: its `name`, its `state` (closed, open, half-open) and its `failures`."""


class BackingOptions(Options):
    """Which backing service is asked about (by default the only one of the kind) and how."""

    backing_service: str | None = None
    url: str | None = None
    reported: ReportedOptions = Field(default_factory=ReportedOptions)
    tls: TLSOptions = TLSOptions()


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A backing service's object in a health answer; `entry` is None where the answer has none."""

    reply: Reply
    entry: Mapping[str, Any] | None
    where: str


def find_backing(options: BackingOptions, plan: Plan, kinds: tuple[str, ...]) -> BackingServicePlan | None:
    """The backing service of these options: the one named, else the first enabled one of `kinds`."""
    if options.backing_service is not None:
        return next((each for each in plan.backing_services if each.name == options.backing_service), None)
    return next((each for each in plan.backing_services if each.kind in kinds and not each.disabled), None)


def make_check(
    entry: Configured[Any],
    suffix: str,
    question: str,
    ask: Ask,
    *,
    service: str | None = None,
    services: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    required: bool = True,
) -> Check:
    """One question of an entry."""
    return Check(
        name=f"{entry.name}-{suffix}",
        kind=entry.spec.kind,
        question=question,
        ask=ask,
        service=service,
        services=services,
        needs=needs,
        required=entry.spec.required and required,
        deadline=entry.spec.deadline,
    )


def ask_reported(options: BackingOptions, backing: BackingServicePlan, plan: Plan) -> Ask:
    """The question whether the service that uses it says that it is up."""

    async def ask(context: Context) -> Answer:
        until = time.monotonic() + _PATIENCE
        while True:
            told = await ask_health(options, backing, plan, context)
            pending = (
                isinstance(told, Told) and (told.entry or {}).get(options.reported.status) in options.reported.pending
            )
            if not pending or time.monotonic() > until:
                break
            await asyncio.sleep(_PAUSE)
        return told if isinstance(told, Answer) else _judge(options, backing, told)

    return ask


async def ask_health(
    options: BackingOptions, backing: BackingServicePlan, plan: Plan, context: Context
) -> Told | Answer:
    """The backing service's object in the health answer, or the answer of the check where there is no such thing."""
    service = backing.reported_by or ""
    health = next((each.health for each in plan.services if each.name == service), None) or Health()
    url = f"{context.url(service)}/{(options.reported.path or health.path).lstrip('/')}"
    where = options.reported.at.format(name=backing.reported_as or backing.name)
    facts = {"backing_service": backing.name, "reported_by": service, "url": url}
    try:
        reply = await ask_http("GET", url, tls=options.tls)
    except NotReached as error:
        return not_reached(
            error.fault, expected=f"{service} tells of {backing.name}", reproduce=curl(url), **facts, through=service
        )
    entry = dotted(reply.json(), where)
    if isinstance(entry, (str, bool)):
        entry = {options.reported.status: entry}
    if not isinstance(entry, Mapping) or options.reported.status not in entry:
        detail = f"unknown: {service}'s health answer ({reply.summary}) has no '{where}.{options.reported.status}'"
        return inconclusive(detail, reproduce=curl(url), **facts, status=reply.status)
    return Told(reply=reply, entry=entry, where=where)


def reported_facts(options: BackingOptions, backing: BackingServicePlan, told: Told) -> dict[str, Any]:
    """`backing_service`, `reported_by`, `reported_status`, `reported_detail`, `address`, `breaker`, `url`, `status`."""
    entry = told.entry or {}
    facts = {
        "backing_service": backing.name,
        "reported_by": backing.reported_by,
        "reported_status": entry.get(options.reported.status),
        "reported_detail": entry.get(options.reported.detail),
        "address": entry.get(options.reported.address),
        "url": told.reply.url,
        "status": told.reply.status,
    }
    breaker = entry.get(options.reported.breaker)
    return facts | ({"breaker": dict(breaker)} if isinstance(breaker, Mapping) else {})


def _judge(options: BackingOptions, backing: BackingServicePlan, told: Told) -> Answer:
    facts = reported_facts(options, backing, told)
    status, said = facts["reported_status"], facts["reported_detail"]
    shown = f"{status}" + (f": {said}" if said else "")
    if status in options.reported.up and not (isinstance(status, int) and not isinstance(status, bool)):
        return passed(f"{backing.reported_by} says {shown}", **facts)
    refused = refused_answer(
        told.reply,
        detail=f"{backing.reported_by} says that {backing.name} is {shown}",
        expected=f"{told.where}.{options.reported.status}: {options.reported.up[0]}",
        actual=shown,
        reproduce=curl(told.reply.url),
        **facts,
    )
    degraded = status in options.reported.degraded
    return replace(refused, outcome=Outcome.DEGRADED) if degraded else refused
