"""What a revision that did not start says in its logs, made into the failure that other targets would report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shakeout.logs.entry import LogEntry
from shakeout.logs.platform_words import LIMIT, how_ended
from shakeout.targets.base import Failure
from shakeout.targets.cloud_run.conditions import one_line

_SIGNAL = re.compile(r"was ended by (\S+)")
_STATUS = re.compile(r"exited with status (\d+)")
_LISTENS = re.compile(
    r"\b(?:running|listening|serving|started|listen(?:s|ing)?)\b[^\n]{0,40}?\b(?:on|at)\b:?\s"
    r"(?:https?://|tcp://|address |port |:)?(?P<host>\[[0-9a-fA-F:]+\]|[\w.-]*)?:?(?P<port>\d{2,5})\b",
    re.I,
)
_PROBLEM = re.compile(
    r"Application failed to start:|failed to load: |exec format error|no such file or directory|permission denied", re.I
)


def refined(
    failure: Failure,
    entries: Sequence[LogEntry],
    port: int,
    seconds: float | None = None,
    *,
    own_ports: bool = False,
) -> Failure:
    """
    The failure of a revision that did not start, with what its logs tell: that it exited, was ended, used too much
    memory, or listens elsewhere. Only for failures of the kinds `start` and `late`. With `own_ports`, instances are
    given other ports than `port` (a double runs them as processes), so that only the address can be wrong where it is
    one that nobody asks.
    """
    if failure.facts.get("kind") not in {"start", "late"}:
        return failure
    facts: dict[str, Any] = {**failure.facts, "port": port, "host": "0.0.0.0"}
    if seconds is not None:
        facts["seconds"] = seconds
    told = ended(entries)
    if told is None and _PROBLEM.search(failure.message):
        return replace(failure, reason="command-not-found", facts={**facts, "problem": _problem(failure.message)})
    if told is None:
        where = listening(entries)
        if not where:
            return replace(failure, reason="never-listened", facts=facts)
        entry, address = where
        if own_ports and not address.startswith(("0.0.0.0:", "[::]:")):
            facts["port"] = int(address.rpartition(":")[2])
        said = f"{failure.message} Its log says: {one_line(entry.message)[:200]}"
        return replace(
            failure,
            reason="never-listened",
            message=said,
            facts={**facts, "listening": [address], "said_at": str(entry.locator)},
        )
    entry, reason, more = told
    return replace(
        failure, reason=reason, message=f"{failure.message} The platform says: {one_line(entry.message)[:200]}",
        facts={**facts, **more},
    )  # fmt: skip


def ended(entries: Sequence[LogEntry]) -> tuple[LogEntry, str, Mapping[str, Any]] | None:
    """The platform's own line about the end of an instance, with the reason and the facts that it has."""
    for entry in reversed(entries):
        if not entry.system:
            continue
        if limit := LIMIT.search(entry.message):
            size = f"{limit['limit']} {limit['unit']}" if limit["limit"] else None
            return entry, "out-of-memory", {"memory_limit": size}
        how = how_ended(entry.message)
        if how is None:
            continue
        if status := _STATUS.search(how):
            return entry, "exited", {"exit_status": int(status[1])}
        if signal := _SIGNAL.search(how):
            return entry, "killed", {"signal": signal[1]}
    return None


def restarts(entries: Sequence[LogEntry]) -> int:
    """How often an instance ended, as the platform's own lines count it."""
    return sum(entry.system and how_ended(entry.message) is not None for entry in entries)


def listening(entries: Sequence[LogEntry]) -> tuple[LogEntry, str] | None:
    """Where the service says that it listens, with the line that says so: the last one of its own."""
    for entry in reversed(entries):
        if not entry.system and (found := _LISTENS.search(entry.message)):
            host = found["host"] or "0.0.0.0"
            host = "127.0.0.1" if host == "localhost" else host
            return entry, f"{host}:{found['port']}"
    return None


def _problem(message: str) -> str:
    if "exec format error" in message:
        return "wrong-format"
    return "not-executable" if "permission denied" in message.lower() else "command-absent"
