"""What a local service has come to, as a revision and as an item of the inventory."""

from __future__ import annotations

from datetime import datetime

from shakeout.manifest.plan import ServicePlan
from shakeout.targets.base import Failure, Revision, RevisionStatus, Running
from shakeout.targets.capture import FOLDER as LOGS_FOLDER
from shakeout.targets.processes import alive
from shakeout.targets.supervised import EVENTS_FOLDER
from shakeout.targets.watched import Watched, WatchedService


def made(
    service: ServicePlan,
    dirty: bool,
    status: RevisionStatus,
    *,
    url: str | None = None,
    watched: WatchedService | None = None,
    failure: Failure | None = None,
) -> Revision:
    """The revision of a service that came out so; one that is ready is recorded as such."""
    facts: dict[str, object] = {}
    started_at, ready_seconds = None, None
    if watched:
        log = watched.log
        url = watched.url
        facts = {
            **watched.facts,
            "port": watched.port,
            "log": f"{LOGS_FOLDER}/{service.name}.log",
            "platform": f"{EVENTS_FOLDER}/{service.name}.jsonl",
        }
        if first := next((event for event in log.events if event.name == "started"), None):
            started_at = datetime.fromisoformat(first.details["at"])
        if log.process:
            facts["pid"] = log.process.pid
        if not failure:
            ready_seconds = round(watched.seconds, 3)
            log.add("ready", seconds=ready_seconds, url=url)
    return Revision(
        service=service.name,
        id=f"{service.name}-{service.commit[:12]}{'-dirty' if dirty else ''}",
        commit=service.commit,
        status=status,
        url=url,
        started_at=started_at,
        ready_seconds=ready_seconds,
        restarts=watched.log.restarts if watched else 0,
        failure=failure,
        dirty=dirty,
        facts=facts,
    )


def look_at(service: ServicePlan, watched: Watched | None) -> Running:
    """What `/proc` and the supervisor's record say of a service now; `watched` is None where it was not started."""
    if watched is None:
        status = "unknown" if service.url else "absent"
        return Running(name=service.name, kind="service", state=status, address=service.url)
    log = watched.supervised.events
    log.new()
    process, last = log.process, log.last("exited")
    running = process is not None and alive(process)
    return Running(
        name=service.name,
        kind="service",
        state="running" if running else "exited" if log.last("started") else "absent",
        address=watched.url,
        process=process.pid if process and running else None,
        exit_status=last.details.get("exit_status") if last and not running else None,
        restarts=log.restarts,
        listening=tuple(str(one) for one in watched.listening()),
        commit=service.commit,
        facts={"processes": len(watched.pids()), **({"last_exit": dict(last.details)} if last else {})},
    )
