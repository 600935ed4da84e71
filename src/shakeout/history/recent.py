"""
The runs that this process knows without asking ClickHouse: what is pending in the spool, and the newest of the rest.

Bounded: the runs longest untouched are forgotten first, delivered ones before pending ones.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shakeout.history.facts import (
    RUN_FIELDS,
    Fact,
    LiveEvent,
    compact,
    counts_of,
    event_of,
    moment,
    run_of_report,
    seconds_of,
    text,
)

RUNS = 1000
EVENTS = 2000
"""How many events of one run are kept; older ones are asked of ClickHouse."""


@dataclass(kw_only=True, slots=True)
class RecentRun:
    """
    One run as its facts tell it. `newest` is the version of its newest run fact, `last` the number of its last fact.

    `begun` says whether its beginning is known, `whole` whether all of its events since then are here.
    """

    id: str
    fields: dict[str, str] = field(default_factory=dict)
    started_ms: int = 0
    finished_ms: int = 0
    status: str = ""
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    newest: int = 0
    last: int = 0
    begun: bool = False
    whole: bool = False
    report: str = ""
    events: deque[LiveEvent] = field(default_factory=lambda: deque(maxlen=EVENTS))
    event_ids: dict[str, None] = field(default_factory=dict)

    def take(self, fact: Fact, number: int) -> LiveEvent | None:
        """Take in a fact; its event, or None when the event is known already."""
        self.last = max(self.last, number)
        if fact.kind == "begun":
            self.whole = self.whole or not (self.begun or self.newest or self.events)
            self.begun = True
            self.fields |= {name: text(fact.body.get(name)) for name in RUN_FIELDS if fact.body.get(name)}
            self.started_ms = int(fact.body.get("started_ms") or fact.at)
        elif fact.kind == "reported" and fact.version >= self.newest:
            self.status = text(fact.body.get("status"))
            self.seconds = seconds_of(fact.body)
            self.counts = counts_of(fact.body)
            self.finished_ms = fact.at
            self.report = compact(fact.body)
            self.fields = {name: value for name, value in run_of_report(fact.body).items() if value} | self.fields
            self.started_ms = self.started_ms or fact.at - int(min(self.seconds, 1e9) * 1000)
        if fact.kind != "event":
            self.newest = max(self.newest, fact.version)
        event = event_of(fact, number)
        if event.id in self.event_ids:
            return None
        if len(self.events) == EVENTS:
            self.whole = False
        if len(self.event_ids) >= 4 * EVENTS:
            del self.event_ids[next(iter(self.event_ids))]
        self.event_ids[event.id] = None
        self.events.append(event)
        return event

    def document(self) -> dict[str, Any]:
        """The run as the API shows it."""
        return run_document(
            id=self.id,
            fields=self.fields,
            state="finished" if self.report else "running",
            status=self.status,
            started_ms=self.started_ms,
            finished_ms=self.finished_ms,
            seconds=self.seconds,
            counts=self.counts,
        )

    def parsed_report(self) -> dict[str, Any] | None:
        """The report, None when the run has none yet."""
        if not self.report:
            return None
        report: dict[str, Any] = json.loads(self.report)
        return report


class Recent:
    """Runs by id, the one touched last at the end."""

    def __init__(self, limit: int = RUNS) -> None:
        self._limit = limit
        self._runs: OrderedDict[str, RecentRun] = OrderedDict()
        self.complete = True
        """False once a pending run was forgotten: reads without ClickHouse do not show everything then."""

    def __iter__(self) -> Iterator[RecentRun]:
        return iter(self._runs.values())

    def get(self, name: str) -> RecentRun | None:
        """A run that is known here."""
        return self._runs.get(name)

    def take(self, fact: Fact, number: int, acknowledged: int) -> LiveEvent | None:
        """Take in a fact; its event, or None when the event is known already."""
        run = self._runs.setdefault(fact.run, RecentRun(id=fact.run))
        self._runs.move_to_end(fact.run)
        event = run.take(fact, number)
        while len(self._runs) > self._limit:
            self._forget(acknowledged)
        return event

    def seed(self, name: str, fields: Mapping[str, str], started_ms: int) -> None:
        """Remember what ClickHouse says of a run's beginning."""
        run = self._runs.setdefault(name, RecentRun(id=name))
        if not run.begun:
            run.begun, run.fields, run.started_ms = True, {**run.fields, **fields}, started_ms

    def pending(self, acknowledged: int) -> list[RecentRun]:
        """The runs that ClickHouse does not hold in full yet."""
        return [run for run in self._runs.values() if run.last > acknowledged]

    def _forget(self, acknowledged: int) -> None:
        delivered = next((run.id for run in self._runs.values() if run.last <= acknowledged), None)
        if delivered is None:
            self.complete = False
            self._runs.popitem(last=False)
        else:
            del self._runs[delivered]


def run_document(
    *,
    id: str,
    fields: Mapping[str, str],
    state: str,
    status: str,
    started_ms: int,
    finished_ms: int,
    seconds: float,
    counts: Mapping[str, int],
) -> dict[str, Any]:
    """
    A run as the API shows it: times in RFC 3339; `status`, `finished_at`, `seconds` and what its report counts
    (`checks`, `issues`) null while it runs.
    """
    finished = state == "finished"
    return {
        "id": id,
        **{name: fields.get(name, "") for name in RUN_FIELDS},
        "state": state,
        "status": status or None,
        "started_at": moment(started_ms),
        "finished_at": moment(finished_ms) if finished else None,
        "seconds": seconds if finished else None,
        "checks": {"passed": counts["passed"], "failed": counts["failed"], "total": counts["checks"]}
        if finished
        else None,
        "issues": counts["issues"] if finished else None,
    }
