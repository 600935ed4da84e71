"""Services that run and listen, and do not say at their health address that they are well."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.connectivity.family import View
from shakeout.catalogue.connectivity.seen import Seen
from shakeout.catalogue.connectivity.wording import said
from shakeout.catalogue.process.claims import HealthPathUnknown, HealthPathWrong, NotReady
from shakeout.catalogue.process.family import declared_at, process, quoted
from shakeout.catalogue.process.routes import moved, other_route, routes
from shakeout.catalogue.symptoms import CheckFailed, ServiceNotDeployed
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.platform import Platform
from shakeout.evidence.probes import Probes
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

_UNKNOWN_PATH = frozenset({404, 405, 410, 501})
_BLOCK = re.compile(r"^(?P<indent>\s*)health:\s*(?:\{\s*\})?\s*(?P<comment>#.*)?$")


@process.rule
def health_path_unknown(
    failed: ServiceNotDeployed | CheckFailed, platform: Platform, probes: Probes | None
) -> Iterator[Because | RuledOut]:
    """
    The service answers, and knows no such health address.

    ## What you see
    A service that is up by its own log, and never ready: `GET /health` answers 404.

    ## Why it happens
    The address moved in the code, or the manifest never had the right one.

    ## How we know
    The answer itself: the service's own 404, from the port on which its process listens.

    ## What to change
    The path in the manifest, or the route in the code; the next link says which one moved.
    """
    if isinstance(failed, ServiceNotDeployed):
        item = platform.get(failed.service)
        path = item.facts.get("path") if item is not None else None
        if item is None or item.reason != "not-ready" or item.facts.get("status") not in _UNKNOWN_PATH or not path:
            return
        yield Because(HealthPathUnknown(failed.service, str(path)), item.evidence[:1])
        yield RuledOut(f"the process of {failed.service} ended", item.evidence[:1])
        return
    probe = probes.get(failed.check) if probes is not None else None
    if probe is None or probe.service is None or probe.kind != "http" or probe.name != f"{probe.service}-health":
        return
    if probe.facts.get("status") in _UNKNOWN_PATH:
        path = "/" + str(probe.facts.get("url") or "").split("://", 1)[-1].partition("/")[2]
        yield Because(HealthPathUnknown(probe.service, path), probe.evidence[:1])


@process.rule
def health_path_wrong(
    unknown: HealthPathUnknown, declarations: Declarations, repository: Repository | None
) -> Iterator[Because]:
    """
    The manifest asks where the service does not say its health.

    ## What you see
    A 404 at the health address that the manifest has.

    ## Why it happens
    The route was renamed in the code and the manifest was not, or the manifest has a slip.

    ## How we know
    The manifest's line asks for that path, and no source of the deployed commit names it as a route.
    Where the history had it, the commit that took it out also says what it put in its place.

    ## What to change
    `health.path` in the manifest.
    """
    declared = declarations.services.get(unknown.service)
    at = declared_at(declared, "health.path", "health")
    if declared is None or at is None or not unknown.path.endswith(declared.value("health.path") or "/health"):
        return
    evidence = [*quoted(declarations, at, f"asks for {unknown.path}")]
    fix: Remedy | None = None
    if repository is not None:
        if routes(repository, unknown.path):
            return
        gone = moved(repository, unknown.path)
        if gone is not None:
            evidence += gone[1]
        to = gone[2] if gone is not None else other_route(repository, declarations, unknown.service)
        fix = _patch(declarations, at, unknown.path, to) if to is not None else None
    if evidence:
        fix = fix or Remedy("words", f"ask {unknown.service} for its health at an address that it knows: {at}")
        yield Because(HealthPathWrong(unknown.service, unknown.path, at), evidence, fix=fix)


@process.rule
def health_path_change(wrong: HealthPathWrong, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit moved the health address, or wrote a wrong one into the manifest.

    ## What you see
    A manifest and a service that name different addresses.

    ## Why it happens
    The route and the manifest's line stand in different files, and only one of them was changed.

    ## How we know
    The newest commit after which no source names the route. Where none ever did, the commit that wrote the line of the
    manifest.

    ## What to change
    Change the other one too.
    """
    gone = moved(repository, wrong.path)
    if gone is not None:
        to = f" and put {gone[2]} in its place" if gone[2] else ""
        yield Because(introduced(gone[0], f"took the route {wrong.path} out of the code{to}"), [gone[0].evidence()])
        return
    origin = repository.origin(wrong.at.path, wrong.at.line or 1)
    if origin is None or origin.boundary:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
    else:
        yield Because(introduced(origin.commit, "introduced that line"), [origin.commit.evidence()])


def _patch(declarations: Declarations, at: Locator, path: str, to: str) -> Remedy | None:
    """The manifest with the new path at its line, whether the line names a path or only says `health: {}`."""
    rows = declarations.lines
    row = rows[at.line - 1] if at.line is not None and at.line <= len(rows) else ""
    block = _BLOCK.match(row)
    if row.count(path) == 1:
        new = row.replace(path, to)
    elif block is not None and "{" in row:
        new = f"{block['indent']}health: {{path: {to}}}"
    else:
        return None
    text = "".join(f"{line}\n" for line in rows)
    patch = unified(at.path, text, with_line(text, at.line or 1, new))
    return Remedy("manifest", f"ask for the health at {to}: {at}", patch=patch)


@process.rule
def not_ready(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The service runs and answers that it is not well.

    ## What you see
    `/health` answers 503 or 500 until the deadline.

    ## Why it happens
    Something that the service needs is not there, and the service says so.

    ## How we know
    The answer itself, with its status and the beginning of its body.

    ## What to change
    What the service lacks, which the next link says.
    """
    item = platform.get(failed.service)
    status = item.facts.get("status") if item is not None else None
    if item is not None and item.reason == "not-ready" and isinstance(status, int) and status >= 500:
        yield Because(NotReady(failed.service, status), item.evidence[:1])


@process.rule
def backing_service_down(
    not_ready_: NotReady, platform: Platform, declarations: Declarations | None
) -> Iterator[Because]:
    """
    The service's own answer names a connection that fails.

    ## What you see
    A health answer that says which backing service is down, and how its connection failed.

    ## Why it happens
    The service cannot reach what it needs.

    ## How we know
    The body of the answer has a failed connection in the words of the usual libraries, with its address.

    ## What to change
    What makes the connection fail, which the next link says.
    """
    item = platform.get(not_ready_.service)
    body = str(item.facts.get("body") or "") if item is not None else ""
    found = said(body) if body else None
    if item is None or found is None:
        return
    seen = Seen(
        kind=found.kind,
        host=found.host,
        port=found.port,
        path=None,
        name=None,
        database=found.name,
        service=item.name,
        text=body,
        evidence=item.evidence[:1],
    )
    claim = View(declarations=declarations, platform=platform).claim(seen)
    yield Because(claim, item.evidence[:1], strength=Strength.OBSERVED)
