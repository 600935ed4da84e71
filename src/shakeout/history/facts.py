"""
What is written down: facts, and the rows and live events that follow from each.

A fact is one record of the spool. Writing it twice changes nothing: its rows have the same keys.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from shakeout.history.errors import SpoolError

DAY_MS = 86_400_000
RUN_FIELDS = ("application", "environment", "commit", "target")
STATUSES = ("SUCCESSFUL", "SUCCESSFUL with ISSUES", "FAILED", "INCONCLUSIVE")
EVENT_KINDS = ("progress", "check", "issue", "service", "status")

_RANKS = {"begun": 1, "reported": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """
    One thing that was accepted: a run has begun, something happened in it, or its report is there.

    `at` is milliseconds since 1970, UTC. `id` makes an event idempotent within its run. `body` is the run (the four
    names of `RUN_FIELDS` and `started_ms`), the event, or the report.
    """

    kind: Literal["begun", "event", "reported"]
    run: str
    at: int
    body: Mapping[str, Any]
    id: str = ""

    def encode(self) -> bytes:
        """The fact as one line of JSON, ASCII only."""
        values = {"fact": self.kind, "run": self.run, "at": self.at, "id": self.id, "body": self.body}
        return compact(values).encode("ascii")

    @classmethod
    def decode(cls, payload: bytes) -> Fact:
        """Raises `SpoolError` for a record that some other program wrote."""
        try:
            values = json.loads(payload)
            return cls(kind=values["fact"], run=values["run"], at=values["at"], id=values["id"], body=values["body"])
        except (ValueError, KeyError, TypeError) as error:
            raise SpoolError(f"a record of the spool is not a fact: {error}") from error

    @property
    def version(self) -> int:
        """Orders facts about one run: its report over its beginning, and two of a kind by content, so never a tie."""
        return _RANKS.get(self.kind, 0) << 32 | zlib.crc32(compact(self.body).encode("ascii"))


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveEvent:
    """
    One event of a run as it is streamed. `sequence` grows over all runs and never repeats; `at` is milliseconds.

    `id` tells a repeated event within its run.
    """

    run: str
    sequence: int
    at: int
    id: str
    event: Mapping[str, Any] = field(repr=False)


def event_of(fact: Fact, sequence: int) -> LiveEvent:
    """The event that tells of a fact: the posted one, or a `status` event for a run's beginning and its report."""
    event: Mapping[str, Any] = fact.body
    name = fact.id
    if fact.kind == "begun":
        event, name = {"kind": "status", "state": "running"}, "run-begun"
    elif fact.kind == "reported":
        event, name = {"kind": "status", "state": "finished", "status": fact.body.get("status")}, "run-reported"
    return LiveEvent(run=fact.run, sequence=sequence, at=fact.at, id=name, event=event)


def rows_of(fact: Fact, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a fact as (table, row); `number` is the fact's number in the spool."""
    event = event_of(fact, number)
    yield (
        "events",
        {
            "run": fact.run,
            "id": event.id,
            "sequence": number,
            "at_ms": event.at,
            "kind": text(event.event.get("kind")),
            "document": compact(event.event),
        },
    )
    if fact.kind == "begun":
        yield "runs", _run_row(fact, fact.body, started_ms=int(fact.body.get("started_ms") or fact.at))
    elif fact.kind == "reported":
        report = fact.body
        yield "runs", _report_row(fact)
        for table, name in (("checks", "checks"), ("issues", "issues"), ("services", "services")):
            for position, item in enumerate(objects(report.get(name))):
                yield (
                    table,
                    {"run": fact.run, "version": fact.version, "position": position, **_ITEMS[table](item, fact)},
                )


def run_of_report(report: Mapping[str, Any]) -> dict[str, str]:
    """What a report says of its run, for a run whose beginning is not known."""
    release = report.get("release")
    release = release if isinstance(release, Mapping) else {}
    return {
        "application": text(report.get("application")),
        "environment": text(report.get("environment")),
        "commit": text(release.get("commit")),
        "target": text(report.get("target") or release.get("target")),
    }


def seconds_of(report: Mapping[str, Any]) -> float:
    """How long the run took: the report's total, else the sum of its phases, else of its checks; in seconds."""
    seconds = report.get("seconds")
    if isinstance(seconds, Mapping):
        return number(seconds["total"]) if "total" in seconds else sum(number(value) for value in seconds.values())
    if seconds is not None:
        return number(seconds)
    return sum(number(check.get("seconds")) for check in objects(report.get("checks")))


def counts_of(report: Mapping[str, Any]) -> dict[str, int]:
    """How many checks a report has (`checks`), how many of them passed and failed, and how many issues."""
    outcomes = [check.get("outcome") for check in objects(report.get("checks"))]
    passed, failed = outcomes.count("passed"), outcomes.count("failed")
    return {"passed": passed, "failed": failed, "checks": len(outcomes), "issues": len(objects(report.get("issues")))}


def objects(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects in a JSON array; empty for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def number(value: object) -> float:
    """A finite number from a JSON value; 0 for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return float(value)
    return 0.0


def text(value: object) -> str:
    """A JSON value as text that UTF-8 can hold; empty for null."""
    return "" if value is None else str(value)[:2000].encode("utf-8", "replace").decode()


def compact(value: object) -> str:
    """JSON without blanks, ASCII only, keys sorted: the same value gives the same text."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def moment(milliseconds: int) -> str:
    """Milliseconds since 1970 as `2025-09-03T12:00:00.000Z`."""
    when = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(milliseconds: int) -> int:
    """The UTC day as a count of days since 1970."""
    return milliseconds // DAY_MS


def _run_row(fact: Fact, run: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    row = {
        "id": fact.run,
        "version": fact.version,
        "state": "running",
        "status": "",
        "started_ms": 0,
        "finished_ms": 0,
        "seconds": 0.0,
        "report": "",
    } | counts_of({})
    return row | {name: text(run.get(name)) for name in RUN_FIELDS} | more


def _report_row(fact: Fact) -> dict[str, Any]:
    seconds = seconds_of(fact.body)
    return _run_row(
        fact,
        run_of_report(fact.body),
        state="finished",
        status=text(fact.body.get("status")),
        started_ms=fact.at - int(min(seconds, 1e9) * 1000),
        finished_ms=fact.at,
        seconds=seconds,
        report=compact(fact.body),
        **counts_of(fact.body),
    )


def _check_row(item: Mapping[str, Any], fact: Fact) -> dict[str, Any]:
    names = ("name", "kind", "service", "outcome", "detail")
    return {name: text(item.get(name)) for name in names} | {
        "environment": text(fact.body.get("environment")),
        "day": day(fact.at),
        "seconds": number(item.get("seconds")),
        "document": compact(item),
    }


def _issue_row(item: Mapping[str, Any], _: Fact) -> dict[str, Any]:
    return {name: text(item.get(name)) for name in ("id", "title", "priority")} | {"document": compact(item)}


def _service_row(item: Mapping[str, Any], _: Fact) -> dict[str, Any]:
    names = ("name", "url", "status", "revision")
    return {name: text(item.get(name)) for name in names} | {"document": compact(item)}


_ITEMS = {"checks": _check_row, "issues": _issue_row, "services": _service_row}
