"""
`versions`: does what runs come from the commit that was deployed, and do the services fit together?

`versions-<service>` for each service that says its version: the running commit against the deployed one.
`versions-bundle`: the bundle that the frontend really serves against the frontend's deployed commit.
`versions-together`: every running commit and the bundle against each other, and their protocols.

A commit is `same`, `different` or `unknown`. Unknown is inconclusive. Different is degraded while the protocols are
compatible (or none is declared), failed where they are not: a client's protocol must be among what the server accepts
(`accepts` of its version answer, else exactly its own).

Facts: `service`, `state`, `expected_commit`, `seen_commit`, `pinned`, `version`, `protocol`; `bundle_commit`,
`bundle_protocol`; for `versions-together` `services`: `{name: {expected_commit, seen_commit, state, protocol, accepts,
pinned, version}}`, where the bundle stands as `<service> bundle`, `incompatible`: `[{client, client_protocol, server,
server_protocol, accepts}]`, `client_protocol`, `server_protocol` of the first of them. Network errors as in
`shakeout.checks.network`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from shakeout.checks.answers import inconclusive, not_reached, passed
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.client import Reply, ask_http, curl, dotted
from shakeout.checks.kinds import Configured, Kind, Options, TLSOptions, configured_for
from shakeout.checks.network import NetworkFault, NotReached
from shakeout.manifest.model import CheckSpec, Version
from shakeout.manifest.plan import Plan, ServicePlan

State = Literal["same", "different", "unknown"]


class VersionsOptions(Options):
    """
    Where versions are found comes from each service's `version` in the manifest.

    `bundle_commit` and `bundle_protocol` are dotted paths in the document that `version.bundle` names, `accepts` one in
    the version answer.
    """

    bundle_commit: str = "commit"
    bundle_protocol: str = "protocol"
    accepts: str = "accepts"
    tls: TLSOptions = TLSOptions()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one running thing says of itself; `problem` is why it does not, `fault` where the network is the reason."""

    name: str
    url: str
    expected: str
    commit: str | None = None
    version: str | None = None
    protocol: int | str | None = None
    accepts: tuple[int | str, ...] = ()
    pinned: bool = False
    client: bool = False
    problem: str | None = None
    fault: NetworkFault | None = None
    excerpt: str | None = None

    @property
    def state(self) -> State:
        if self.commit is None:
            return "unknown"
        return "same" if same_commit(self.commit, self.expected) else "different"

    def facts(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "expected_commit": self.expected,
            "seen_commit": self.commit,
            "protocol": self.protocol,
            "accepts": list(self.accepts),
            "version": self.version,
            "pinned": self.pinned,
        }


def same_commit(one: str, other: str) -> bool:
    """Whether two hashes are one commit; at least seven characters of the shorter one count."""
    one, other = one.lower(), other.lower()
    return min(len(one), len(other)) >= 7 and (one.startswith(other) or other.startswith(one))


def expand(entry: Configured[VersionsOptions], plan: Plan) -> Iterator[Check]:
    """One question for each service that says its version, one for each bundle, one for all of them together."""
    speakers = [service for service in plan.services if service.version is not None]
    bundles = [service for service in speakers if service.version and service.version.bundle]
    for service in speakers:
        yield _check(
            entry, service.name, f"Does {service.name} run the commit that was deployed?", _one(entry, service), service
        )
    for service in bundles:
        name = "bundle" if len(bundles) == 1 else f"bundle-{service.name}"
        yield _check(
            entry, name, f"Is the bundle that {service.name} serves of its commit?", _bundle(entry, service), service
        )
    if len(speakers) + len(bundles) > 1:
        names = ", ".join(service.name for service in speakers)
        yield _check(
            entry,
            "together",
            f"Are {names} of one commit, with protocols that fit?",
            _together(entry, speakers, [service.name for service in plan.services if service.version is None]),
            *speakers,
        )


def _check(entry: Configured[VersionsOptions], name: str, question: str, ask: Any, *services: ServicePlan) -> Check:
    return Check(
        name=f"{entry.name}-{name}",
        kind=KIND.name,
        question=question,
        ask=ask,
        service=services[0].name if len(services) == 1 else None,
        services=tuple(service.name for service in services),
        required=entry.spec.required,
        deadline=entry.spec.deadline,
    )


def _one(entry: Configured[VersionsOptions], service: ServicePlan) -> Any:
    async def ask(context: Context) -> Answer:
        return _judge(await see_service(entry.options, service, context))

    return ask


def _bundle(entry: Configured[VersionsOptions], service: ServicePlan) -> Any:
    async def ask(context: Context) -> Answer:
        seen = await see_bundle(entry.options, service, context)
        return _judge(seen, bundle_commit=seen.commit, bundle_protocol=seen.protocol)

    return ask


def _together(entry: Configured[VersionsOptions], speakers: list[ServicePlan], silent: list[str]) -> Any:
    async def ask(context: Context) -> Answer:
        questions = [see_service(entry.options, service, context) for service in speakers]
        questions += [
            see_bundle(entry.options, service, context)
            for service in speakers
            if service.version and service.version.bundle
        ]
        return compare(await asyncio.gather(*questions), context.plan.commit, silent)

    return ask


async def see_service(options: VersionsOptions, service: ServicePlan, context: Context) -> Seen:
    """Ask a service for its version."""
    version = service.version or Version()
    url = f"{context.url(service.name)}/{version.path.lstrip('/')}"
    reply, missing = await _ask(options, service.name, url, service, context)
    if reply is None:
        return missing
    answer = reply.json()
    accepts = dotted(answer, options.accepts)
    return _seen(
        missing,
        reply,
        version.commit,
        version=_text(dotted(answer, version.version)),
        protocol=_protocol(dotted(answer, version.protocol)) if version.protocol else None,
        accepts=tuple(each for each in accepts if isinstance(each, (int, str))) if isinstance(accepts, list) else (),
        client=bool(version.bundle),
    )


async def see_bundle(options: VersionsOptions, service: ServicePlan, context: Context) -> Seen:
    """Ask the frontend for the document that stands beside its bundle."""
    version = service.version or Version()
    path = version.bundle or ""
    url = path if "://" in path else f"{context.url(service.name)}/{path.lstrip('/')}"
    reply, missing = await _ask(options, f"{service.name} bundle", url, service, context)
    if reply is None:
        return missing
    answer = reply.json()
    return _seen(
        missing,
        reply,
        options.bundle_commit,
        version=_text(dotted(answer, "version")),
        protocol=_protocol(dotted(answer, options.bundle_protocol)),
        client=True,
    )


async def _ask(
    options: VersionsOptions, name: str, url: str, service: ServicePlan, context: Context
) -> tuple[Reply | None, Seen]:
    revision = context.release.revision(service.name)
    expected = revision.commit if revision else service.commit
    seen = Seen(name=name, url=url, expected=expected, pinned=service.pinned)
    try:
        reply = await ask_http("GET", url, tls=options.tls)
    except NotReached as error:
        return None, replace(seen, problem=str(error.fault), fault=error.fault, excerpt=error.fault.message)
    return reply, seen


def _seen(seen: Seen, reply: Reply, commit_path: str, **values: Any) -> Seen:

    commit = _text(dotted(reply.json(), commit_path))
    problem = None
    if reply.status != 200:
        commit, problem = None, f"{seen.url} answers {reply.summary}"
    elif not isinstance(reply.json(), dict):
        problem = f"{seen.url} does not answer a JSON object"
    elif commit is None:
        problem = f"{seen.url} has no commit at '{commit_path}'"
    return replace(seen, commit=commit, problem=problem, excerpt=reply.excerpt(), **values)


def _judge(seen: Seen, **more: Any) -> Answer:
    facts = {"service": seen.name.removesuffix(" bundle"), **seen.facts(), **more}
    again = curl(seen.url)
    wanted = f"commit {seen.expected[:12]}"
    if seen.fault is not None:
        return not_reached(seen.fault, expected=wanted, reproduce=again, **facts)
    if seen.commit is None:
        unknown = inconclusive(f"unknown: {seen.problem}", reproduce=again, **facts)

        return replace(unknown, expected=wanted, actual="no commit", excerpt=seen.excerpt)
    if seen.state == "same":
        return passed(f"{wanted}{' (pinned)' if seen.pinned else ''}", **facts)
    return Answer(
        outcome=Outcome.DEGRADED,
        detail=f"runs commit {seen.commit[:12]}, deployed was {seen.expected[:12]}",
        expected=wanted,
        actual=f"commit {seen.commit[:12]}",
        excerpt=seen.excerpt,
        reproduce=again,
        facts=facts,
    )


def compare(all_seen: list[Seen], commit: str, silent: list[str]) -> Answer:
    """Whether these run one commit and speak protocols that fit."""
    facts: dict[str, Any] = {"release_commit": commit, "services": {seen.name: seen.facts() for seen in all_seen}}
    wrong = list(_incompatible(all_seen))
    facts["incompatible"] = wrong
    table = "\n".join(
        f"{seen.name}: commit {(seen.commit or 'unknown')[:12]}"
        + (f", protocol {seen.protocol}" if seen.protocol is not None else "")
        + (f" ({seen.problem})" if seen.problem else "")
        for seen in all_seen
    )
    known = [seen for seen in all_seen if seen.commit is not None]
    unknown = [seen.name for seen in all_seen if seen.commit is None]
    reference = known[0].commit or "" if known else ""
    differ = any(not same_commit(seen.commit or "", reference) for seen in known)
    commits = ", ".join(f"{seen.name} {(seen.commit or '')[:12]}" for seen in known)
    expected = "one commit, and each client's protocol among those that its server accepts"
    again = " ; ".join(curl(seen.url) for seen in all_seen)
    if wrong:
        first = wrong[0]
        detail = f"{first['client']} speaks protocol {first['client_protocol']}, {first['server']} accepts " + (
            " or ".join(str(each) for each in first["accepts"])
        )
        outcome = Outcome.FAILED
        facts |= {name: first[name] for name in ("client", "client_protocol", "server", "server_protocol")}
    elif differ:
        outcome, detail = Outcome.DEGRADED, f"different commits with protocols that fit: {commits}"
    elif unknown:
        outcome, detail = Outcome.INCONCLUSIVE, f"unknown: {', '.join(unknown)} named no commit"
    else:
        left_out = f"; not asked, no version in the manifest: {', '.join(silent)}" if silent else ""
        return passed(f"{len(known)} of one commit, {reference[:12]}{left_out}", **facts)
    return Answer(
        outcome=outcome, detail=detail, expected=expected, actual=table, excerpt=table, reproduce=again, facts=facts
    )


def _incompatible(all_seen: list[Seen]) -> Iterator[dict[str, Any]]:
    """Each client (the bundle, else its service) against each server that names a protocol."""
    bundled = {
        seen.name.removesuffix(" bundle") for seen in all_seen if seen.name.endswith(" bundle") and seen.protocol
    }
    servers = [seen for seen in all_seen if not seen.client and seen.protocol is not None]
    clients = [seen for seen in all_seen if seen.client and seen.protocol is not None and seen.name not in bundled]
    pairs = [(client, server) for client in clients for server in servers]
    if not clients:
        pairs = [(server, servers[0]) for server in servers[1:]]
    for client, server in pairs:
        accepts = server.accepts or (server.protocol,)
        if client.protocol not in accepts:
            yield {
                "client": client.name,
                "client_protocol": client.protocol,
                "server": server.name,
                "server_protocol": server.protocol,
                "accepts": list(accepts),
            }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() and value.lower() not in {"unknown", "none"} else None


def _protocol(value: Any) -> int | str | None:
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) and value != "" else None


def defaults(plan: Plan) -> Mapping[str, CheckSpec]:
    """One entry, `versions`, where any service says its version and the manifest configures no other."""
    if configured_for(plan, KIND.name) or all(service.version is None for service in plan.services):
        return {}
    return {"versions": CheckSpec(kind=KIND.name)}


KIND = Kind(name="versions", options=VersionsOptions, expand=expand, defaults=defaults, order=60)
