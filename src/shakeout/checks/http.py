"""
`http`: does an address answer as it should?

One question for each entry. By default each service that says where its health is gets one, `<service>-health`.
Failed: no answer, another status, another body, a certificate that is not accepted. Degraded: slower than
`slower_than`, a certificate that ends within `certificate_days`, a service that was restarted since the release began.

Facts: `url`; with an answer `status`, `seconds`, `answer` (the JSON body, where it is JSON), `location`,
`certificate_ends`, `restarts`, `wrong` (list of `{path, expected, seen}`), `code` (`error.code` of the body);
without one those of `shakeout.checks.network` (`kind`, `address`, `host`, `port`, `scheme`, `message`, `phase`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from pydantic import Field, field_validator

from shakeout.checks.answers import not_reached, passed, refused_answer
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.client import Reply, ask_http, curl, dotted
from shakeout.checks.interpolation import resolve
from shakeout.checks.kinds import Configured, Duration, Kind, Options, TLSOptions
from shakeout.checks.network import NotReached
from shakeout.errors import UsageError
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import Plan


class HTTPOptions(Options):
    """What to ask and what to expect of the answer."""

    path: str = "/"
    """Path on the service; or `url`, a whole address, which may hold `${services.NAME.url}`."""
    url: str | None = None
    method: str = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    send: Any = None
    """A JSON body to send."""
    status: tuple[int, ...] = (200,)
    """The status expected, or a list of them."""
    contains: str | None = None
    """Text that the body must hold."""
    expect: dict[str, Any] = Field(default_factory=dict, alias="json")
    """Dotted paths of the JSON body and the values expected there."""
    location: str | None = None
    """Where a redirect must lead; redirects are then not followed."""
    follow_redirects: bool = False
    slower_than: Duration = 2.0
    certificate_days: int = Field(14, ge=0)
    tls: TLSOptions = TLSOptions()

    @field_validator("status", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, int) else value


def expand(entry: Configured[HTTPOptions], plan: Plan) -> Iterator[Check]:
    """One question."""
    options = entry.options
    where = options.url or options.path
    subject = f"{entry.spec.service} " if entry.spec.service else ""

    async def ask(context: Context) -> Answer:
        return await ask_address(entry, context)

    statuses = " or ".join(str(status) for status in options.status)
    yield Check(
        name=entry.name,
        kind=KIND.name,
        question=f"Does {subject}{options.method} {where} answer {statuses}?",
        ask=ask,
        service=entry.spec.service,
        required=entry.spec.required,
        deadline=entry.spec.deadline,
    )


def defaults(plan: Plan) -> Mapping[str, CheckSpec]:
    """The health of each service that says where it is."""
    specs = {}
    for service in plan.services:
        if service.health is not None:
            health = service.health
            keys: dict[str, Any] = {"path": health.path, "status": health.status, "json": health.body}
            specs[f"{service.name}-health"] = CheckSpec(
                kind="http", service=service.name, required=service.required, **keys
            )
    return specs


async def ask_address(entry: Configured[HTTPOptions], context: Context) -> Answer:
    """Ask the address and judge what comes back."""
    options = entry.options
    service = entry.spec.service
    if options.url is not None:
        url = resolve(options.url, context)
    else:
        base = context.url(service) if service else None
        if not base:
            raise UsageError(
                f"check {entry.name} has no address: neither 'url' nor a service that has one",
                hint="give the check a service, or a whole 'url'",
            )
        url = base + "/" + options.path.lstrip("/")
    headers = {name: resolve(value, context) for name, value in options.headers.items()}
    shown = {
        name: f"${name.upper().replace('-', '_')}" if _is_secret(name) else value for name, value in headers.items()
    }
    again = curl(url, method=options.method, headers=shown, body=options.send, more=_curl_tls(options.tls))
    statuses = " or ".join(str(status) for status in options.status)
    try:
        reply = await ask_http(
            options.method,
            url,
            headers=headers,
            body=options.send,
            tls=options.tls,
            follow_redirects=options.follow_redirects,
        )
    except NotReached as error:
        return not_reached(error.fault, expected=f"{options.method} {url} answers {statuses}", reproduce=again, url=url)
    restarts = _restarts(context, service)
    facts = _facts(reply, url, restarts)
    if reply.status not in options.status:
        return refused_answer(
            reply,
            detail=f"{reply.summary}, expected {statuses}",
            expected=f"status {statuses}",
            reproduce=again,
            **facts,
            kind="http-status",
        )
    if wrong := list(_wrong(options, reply, url)):
        return refused_answer(
            reply,
            detail=f"{reply.summary}, but {wrong[0]['path']} is {_shown(wrong[0]['seen'])}",
            expected="; ".join(f"{each['path']}: {_shown(each['expected'])}" for each in wrong),
            actual="; ".join(f"{each['path']}: {_shown(each['seen'])}" for each in wrong),
            reproduce=again,
            **facts,
            wrong=wrong,
        )
    if doubts := list(_doubts(options, reply, restarts)):
        return Answer(
            outcome=Outcome.DEGRADED,
            detail=f"{reply.summary}, but {' and '.join(seen for _, seen in doubts)}",
            expected="; ".join(wanted for wanted, _ in doubts),
            actual="; ".join(seen for _, seen in doubts),
            excerpt=reply.excerpt(),
            reproduce=again,
            facts=facts,
        )
    return passed(reply.summary, **facts)


def _facts(reply: Reply, url: str, restarts: int) -> dict[str, Any]:
    facts: dict[str, Any] = {"url": url, "status": reply.status, "seconds": round(reply.seconds, 4)}
    answer = reply.json()
    if isinstance(answer, dict) and len(reply.body) <= 8192:
        facts["answer"] = answer
    if "location" in reply.headers:
        facts["location"] = reply.headers["location"]
    if reply.certificate_ends is not None:
        facts["certificate_ends"] = reply.certificate_ends.isoformat()
    if restarts:
        facts["restarts"] = restarts
    return facts


def _wrong(options: HTTPOptions, reply: Reply, url: str) -> Iterator[dict[str, Any]]:
    if options.contains is not None and options.contains not in reply.text:
        yield {"path": "body", "expected": options.contains, "seen": reply.text[:120]}
    if options.location is not None:
        seen = reply.headers.get("location")
        if seen is None or urljoin(url, seen) != urljoin(url, options.location):
            yield {"path": "location", "expected": options.location, "seen": seen}
    if options.expect:
        answer = reply.json()
        if not isinstance(answer, (dict, list)):
            yield {"path": "body", "expected": "JSON", "seen": reply.text[:120]}
            return
        for path, expected in options.expect.items():
            seen = dotted(answer, path, "(nothing there)")
            if seen != expected or isinstance(seen, bool) is not isinstance(expected, bool):
                yield {"path": path, "expected": expected, "seen": seen}


def _doubts(options: HTTPOptions, reply: Reply, restarts: int) -> Iterator[tuple[str, str]]:
    """What is wrong though the answer is right: what was expected, what was seen."""
    if restarts:
        times = "once" if restarts == 1 else f"{restarts} times"
        yield "no restart since the release began", f"it was restarted {times} since the release began"
    if reply.seconds > options.slower_than:
        yield f"an answer within {options.slower_than:g} s", f"it took {reply.seconds:.2f} s"
    if reply.certificate_ends is not None:
        left = (reply.certificate_ends - datetime.now(UTC)).days
        if left < options.certificate_days:
            yield (
                f"a certificate for at least {options.certificate_days} more days",
                f"its certificate ends in {left} days",
            )


def _restarts(context: Context, service: str | None) -> int:
    revision = context.release.revision(service) if service else None
    return revision.restarts if revision else 0


def _curl_tls(tls: TLSOptions) -> str:
    if not tls.verify:
        return "--insecure"
    return f"--cacert {tls.ca_file}" if tls.ca_file else ""


def _is_secret(header: str) -> bool:
    return header.lower() in {"authorization", "cookie", "x-api-key", "proxy-authorization"}


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]


KIND = Kind(name="http", options=HTTPOptions, expand=expand, defaults=defaults, order=10)
