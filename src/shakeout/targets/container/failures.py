"""Why a service's container is not there, in the vocabulary of `base.Failure`, from what was seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shakeout.evidence.model import Locator
from shakeout.targets.base import Failure
from shakeout.targets.failures import how_it_ended
from shakeout.targets.health import Answer
from shakeout.targets.supervised import EVENTS_FOLDER, Event

if TYPE_CHECKING:
    from shakeout.targets.container.contained import Contained

EXEC_PROBLEMS = {
    "exec format error": "not-a-program",
    "no such file or directory": "interpreter-absent",
    "permission denied": "not-executable",
    "not found": "command-absent",
    "command not found": "command-absent",
}
"""What the kernel says of a program, and the problem's name."""

_PROBLEMS = (
    (re.compile(r"(?i)executable file `?\S*`? ?not found"), "command-absent"),
    (re.compile(r"(?i)exec format error"), "not-a-program"),
    (re.compile(r"(?i)(?:exec|starting container process).*permission denied"), "not-executable"),
    (re.compile(r"(?i)workdir|working directory|chdir to cwd"), "working-folder-absent"),
    (re.compile(r"(?i)unable to find user|no matching entries in passwd|no such user"), "user-absent"),
    (re.compile(r"(?i)exec.*no such file or directory"), "command-absent"),
)
_NOISE = re.compile(r"^Error: |unable to start container \S+: |(?:Error response from daemon|runc|crun): ")


def ended(contained: Contained) -> Failure | None:
    """The failure of a service that was given up, or None."""
    contained.log.new()
    event = contained.log.last("ended")
    if event is None:
        return None
    log = contained.log
    if problem := log.last("not-started"):
        kind = problem.details["problem"]
        facts = {"problem": kind, "command": " ".join(contained.command)}
        facts |= {"program": problem.details["program"]} if problem.details.get("program") else {}
        reason = "rejected" if kind in {"rejected", "user-absent", "unknown"} else "command-not-found"
        return _failure(contained, reason, problem.details["message"], facts, problem)
    last = log.last("exited")
    if last is None:
        return _failure(contained, "killed", "it was stopped before it ran", {}, event)
    facts = {name: last.details[name] for name in ("exit_status", "signal", "seconds") if name in last.details}
    facts |= {"command": " ".join(contained.command), "restarts": log.restarts, "port": contained.inner_port}
    message = f"{how_it_ended(last)} after {last.details['seconds']:.1f} s"
    reason = "killed" if "signal" in last.details else "exited"
    if last.details.get("oom_killed"):
        reason = "out-of-memory"
        facts |= {"oom_killed": True, "kernel": last.details.get("kernel"), "memory_limit": contained.limit}
        limit = f" of {contained.limit / (1 << 20):g} MiB" if contained.limit else ""
        message += f" by the kernel, since it went beyond its memory limit{limit}"
    if log.restarts:
        message += f", the last of {log.restarts + 1} starts"
    return _failure(contained, reason, message, facts, last)


def late(contained: Contained, answer: Answer | None) -> Failure:
    """The failure of a service that lives and was not ready at its deadline."""
    deadline = contained.service.start.deadline
    listening = contained.listening()
    addresses = [str(one) for one in listening]
    port = contained.inner_port
    facts: dict[str, Any] = {
        "port": port,
        "host": "0.0.0.0",
        "listening": addresses,
        "seconds": deadline,
        "restarts": contained.log.restarts,
        "command": " ".join(contained.command),
    }
    if not contained.listens(listening):
        instead = f"; it listens on {', '.join(addresses)}" if addresses else ""
        message = f"it does not listen on port {port} of its container after {deadline:g} s{instead}"
        return _failure(contained, "never-listened", message, facts)
    health = contained.service.health
    facts |= {"path": health.path if health else None, "expected_status": health.status if health else None}
    facts |= {"status": answer.status, "body": contained.redact(answer.body or "")} if answer else {}
    why = contained.redact(answer.why) if answer else "it never answered"
    return _failure(contained, "not-ready", f"it is not ready after {deadline:g} s because {why}", facts)


def reached(host: str) -> bool:
    """Whether a connection from outside of the container arrives at a socket on `host`."""
    return not host.startswith("127.") and host not in {"::1", "::ffff:127.0.0.1"}


def nothing_inside(contained: Contained) -> str:
    """Why an answer at the published port is not the service's."""
    return f"nothing in its container listens on port {contained.inner_port}"


def not_started(said: str, command: tuple[str, ...]) -> tuple[str, str]:
    """The problem's name, and the engine's words without what every one of its errors begins with."""
    problem = next((name for pattern, name in _PROBLEMS if pattern.search(said)), "unknown")
    while (shorter := _NOISE.sub("", said, count=1)) != said:
        said = shorter
    said = re.sub(r"\b[0-9a-f]{64}\b", "it", said)
    if problem == "command-absent" and command:
        return problem, f"there is no command '{command[0]}' in the image: {said}"
    return problem, said


def _failure(
    contained: Contained, reason: str, message: str, facts: dict[str, Any], event: Event | None = None
) -> Failure:
    """Without an event of the container's life, what was seen is recorded as one."""
    message = contained.redact(message)
    if event is None:
        event = contained.log.add("failed", reason=reason, message=message, facts=facts)
    path = f"{EVENTS_FOLDER}/{contained.service.name}.jsonl"
    return Failure(
        reason=reason, message=message, facts=facts, at=Locator(source="platform", path=path, line=event.line)
    )
