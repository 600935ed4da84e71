"""Trends in one shape, from ClickHouse's rows or from the runs that are known here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from shakeout.history.facts import day, number, objects
from shakeout.history.recent import RecentRun

PASSED = ("SUCCESSFUL", "SUCCESSFUL with ISSUES")


def from_rows(days: Sequence[Mapping[str, Any]], checks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rows of `statements.trend_days` and `statements.trend_checks`."""
    return {
        "days": [
            _day(int(row["day"]), int(row["runs"]), int(row["passed"]), int(row["failed"]), row["mean"]) for row in days
        ],
        "checks": [
            _check(row["name"], int(row["passed"]), int(row["failed"]), row["p50"], row["p95"]) for row in checks
        ],
    }


def from_runs(runs: Iterable[RecentRun], since_ms: int, environment: str | None) -> dict[str, Any]:
    """The same from runs in memory."""
    by_day: dict[int, list[RecentRun]] = {}
    by_check: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        if run.started_ms < since_ms or environment not in (None, run.fields.get("environment", "")):
            continue
        by_day.setdefault(day(run.started_ms), []).append(run)
        for check in objects((run.parsed_report() or {}).get("checks")):
            by_check.setdefault(str(check.get("name", "")), []).append(check)
    days = []
    for key, found in sorted(by_day.items()):
        finished = [run.seconds for run in found if run.report]
        passed = sum(run.status in PASSED for run in found)
        failed = sum(run.status == "FAILED" for run in found)
        days.append(_day(key, len(found), passed, failed, sum(finished) / len(finished) if finished else None))
    checks = []
    for name, results in sorted(by_check.items()):
        seconds = sorted(number(check.get("seconds")) for check in results)
        outcomes = [check.get("outcome") for check in results]
        median, high = (_quantile(seconds, level) for level in (0.5, 0.95))
        checks.append(_check(name, outcomes.count("passed"), outcomes.count("failed"), median, high))
    return {"days": days, "checks": checks}


def _quantile(ordered: Sequence[float], level: float) -> float:
    """The value at that level, as ClickHouse's quantileExact picks it."""
    return ordered[min(int(level * len(ordered)), len(ordered) - 1)]


def _day(key: int, runs: int, passed: int, failed: int, seconds: float | None) -> dict[str, Any]:
    when = (date(1970, 1, 1) + timedelta(days=key)).isoformat()
    return {"day": when, "runs": runs, "passed": passed, "failed": failed, "seconds": seconds}


def _check(name: str, passed: int, failed: int, median: float, high: float) -> dict[str, Any]:
    return {"name": name, "passed": passed, "failed": failed, "seconds_p50": median, "seconds_p95": high}
