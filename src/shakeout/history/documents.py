"""What the API shows, from ClickHouse's rows or from what is known here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shakeout.history.facts import RUN_FIELDS, LiveEvent, objects
from shakeout.history.recent import RecentRun, run_document


def run_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `statements.run` or `statements.runs`."""
    return run_document(
        id=row["id"],
        fields={name: row[name] for name in RUN_FIELDS},
        state=row["state"],
        status=row["status"],
        started_ms=int(row["started_ms"]),
        finished_ms=int(row["finished_ms"]),
        seconds=float(row["seconds"]),
        counts={name: int(row[name]) for name in ("passed", "failed", "checks", "issues")},
    )


def event_of_row(row: Mapping[str, Any]) -> LiveEvent:
    """A row of `statements.events`."""
    document = json.loads(row["document"])
    return LiveEvent(run=row["run"], sequence=int(row["first"]), at=int(row["at_ms"]), id=row["id"], event=document)


def detail_of(known: RecentRun) -> dict[str, Any]:
    """A run that is known here, with its checks, issues and services."""
    report = known.parsed_report()
    if report is None:
        return {"run": known.document(), **items_of_events([event.event for event in known.events])}
    return {"run": known.document()} | {
        name: list(objects(report.get(name))) for name in ("checks", "issues", "services")
    }


def items_of_events(events: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """What a running run's events say so far: the newest event of each check, issue and service, without its kind."""
    found: dict[str, dict[Any, Mapping[str, Any]]] = {"check": {}, "issue": {}, "service": {}}
    for event in events:
        kind = event.get("kind")
        if kind in found:
            inner = event.get(kind)
            item = inner if isinstance(inner, Mapping) else {k: v for k, v in event.items() if k != "kind"}
            found[kind][str(item.get("id") if kind == "issue" else item.get("name"))] = item
    return {f"{kind}s": list(items.values()) for kind, items in found.items()}
