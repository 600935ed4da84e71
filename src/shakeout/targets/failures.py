"""Why a local service is not there, in the vocabulary of `base.Failure`, from what was seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shakeout.evidence.model import Locator
from shakeout.targets.base import Failure
from shakeout.targets.capture import last_lines
from shakeout.targets.health import Answer
from shakeout.targets.ports import HOST
from shakeout.targets.sockets import Listener, holder
from shakeout.targets.supervised import EVENTS_FOLDER, Event

if TYPE_CHECKING:
    from shakeout.targets.watched import Watched

_IN_USE = re.compile(r"(?i)address (?:is )?already in use|EADDRINUSE|only one usage of each socket address")


def ended(watched: Watched, event: Event | None) -> Failure | None:
    """The failure of a service that its supervisor has given up (`event` is its last word), or None."""
    if event is None:
        if watched.supervised.ended:
            complaint = watched.redact(watched.supervised.complaint())
            return _failure(watched, "killed", "its supervisor ended", {"supervisor": complaint[-2000:]})
        return None
    log = watched.supervised.events
    if problem := log.last("not-started"):
        facts = {"problem": problem.details["problem"], "command": _command(watched)}
        return _failure(watched, "command-not-found", problem.details["message"], facts, problem)
    last = log.last("exited")
    if last is None:
        return _failure(watched, "killed", "it was stopped before it ran", {}, event)
    facts = {
        name: last.details[name] for name in ("exit_status", "signal", "seconds", "left") if last.details.get(name)
    }
    facts |= {"exit_status": last.details["exit_status"]} if "exit_status" in last.details else {}
    facts |= {"command": _command(watched), "restarts": log.restarts, "port": watched.port}
    message = f"{how_it_ended(last)} after {last.details['seconds']:.1f} s"
    if log.restarts:
        message += f", the last of {log.restarts + 1} starts"
    taken, note = _port_in_use(watched)
    reason = "killed" if "signal" in last.details else "exited"
    return _failure(watched, reason, message + note, facts | taken, last)


def late(watched: Watched, answer: Answer | None, listening: list[Listener]) -> Failure:
    """The failure of a service that lives and was not ready at its deadline."""
    deadline = watched.service.start.deadline
    addresses = [str(one) for one in listening]
    facts: dict[str, Any] = {
        "port": watched.port,
        "host": HOST,
        "listening": addresses,
        "seconds": deadline,
        "restarts": watched.supervised.events.restarts,
        "command": _command(watched),
    }
    taken, note = _port_in_use(watched)
    facts |= taken
    if not any(one.port == watched.port and one.reaches_loopback for one in listening):
        instead = f"; it listens on {', '.join(addresses)}" if addresses else ""
        message = f"it does not listen on {HOST}:{watched.port} after {deadline:g} s{instead}{note}"
        return _failure(watched, "never-listened", message, facts)
    health = watched.service.health
    facts |= {"path": health.path if health else None, "expected_status": health.status if health else None}
    facts |= {"status": answer.status, "body": watched.redact(answer.body or "")} if answer else {}
    why = watched.redact(answer.why) if answer else "it never answered"
    return _failure(watched, "not-ready", f"it is not ready after {deadline:g} s because {why}", facts)


def how_it_ended(event: Event) -> str:
    """`it exited with status 1` or `it was ended by SIGSEGV`."""
    if name := event.details.get("signal"):
        return f"it was ended by {name}"
    return f"it exited with status {event.details['exit_status']}"


def somebody_else(port: int) -> str:
    """Who answers on a port on which the service does not listen."""
    found = holder(port)
    who = f"process {found[0]} ({found[1][:120]})" if found else "another program"
    return f"port {port} belongs to {who}, not to the service"


def port_in_use(port: int) -> tuple[str, dict[str, Any]]:
    """Message and facts for a fixed port on which somebody listens already."""
    found = holder(port)
    facts: dict[str, Any] = {"port": port, "port_in_use": True}
    if not found:
        return f"port {port} is in use by a process that this account may not see", facts
    return f"port {port} is in use by process {found[0]} ({found[1][:120]})", facts | {
        "held_by": {"pid": found[0], "command": found[1][:500]}
    }


def _port_in_use(watched: Watched) -> tuple[dict[str, Any], str]:
    """Facts and a half-sentence, where the service's own log says that its address is taken."""
    line = next(
        (entry for entry in last_lines(watched.run_folder, watched.service.name, 50) if _IN_USE.search(entry.message)),
        None,
    )
    if line is None:
        return {}, ""
    message, facts = port_in_use(watched.port)
    if "held_by" not in facts or facts["held_by"]["pid"] in watched.pids():
        return {"port_in_use": True, "log": str(line.locator)}, "; its log says that its address is in use"
    return facts | {"log": str(line.locator)}, f"; its log says that its address is in use: {message}"


def _command(watched: Watched) -> str:
    return watched.redact(" ".join(watched.command))


def _failure(watched: Watched, reason: str, message: str, facts: dict[str, Any], event: Event | None = None) -> Failure:
    """Without an event of the supervisor, what was seen is recorded as one, so that it can be looked at again."""
    message = watched.redact(message)
    if event is None:
        event = watched.supervised.events.add("failed", reason=reason, message=message, facts=facts)
    path = f"{EVENTS_FOLDER}/{watched.service.name}.jsonl"
    locator = Locator(source="platform", path=path, line=event.line)
    return Failure(reason=reason, message=message, facts=facts, at=locator)
