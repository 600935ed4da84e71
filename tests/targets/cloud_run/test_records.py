"""Entries that Cloud Logging hands out later than they were written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from google.cloud.logging_v2.types import LogEntry
from google.protobuf.timestamp_pb2 import Timestamp

from shakeout.targets.capture import entries
from shakeout.targets.cloud_run import records

BEGUN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def entry(number: int) -> LogEntry:
    moment = Timestamp()
    moment.FromDatetime(BEGUN + timedelta(seconds=number))
    return LogEntry(
        log_name="projects/p/logs/run.googleapis.com%2Fstderr",
        resource={"type": "cloud_run_revision", "labels": {"revision_name": "orders-00001"}},
        insert_id=f"i{number}",
        timestamp=moment,
        text_payload=f"line {number}",
    )


class Slow:
    """A logging service that has one entry more at each of the first looks."""

    endpoints = SimpleNamespace(double=True)

    def __init__(self, *counts: int) -> None:
        self._counts = list(counts)

    async def entries(self, wanted: str, limit: int) -> list[LogEntry]:
        count = self._counts.pop(0) if len(self._counts) > 1 else self._counts[0]
        return [entry(number) for number in range(count)]


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_QUIET_DOUBLE", 0.1)

    def made(*counts: int) -> records.Recorder:
        found = records.Recorder(Slow(*counts), tmp_path, BEGUN, str)  # type: ignore[arg-type]
        found.follow("orders", "orders", "orders-00001")
        return found

    return made


async def test_one_look_takes_what_is_there(recorder, tmp_path):
    assert await recorder(1, 2, 3).take() == 1
    assert [found.message for found in entries(tmp_path, "orders")] == ["line 0"]


async def test_entries_that_come_late_are_waited_for_and_each_is_taken_once(recorder, tmp_path):
    await recorder(0, 1, 1, 2, 3).take_late()
    assert [found.message for found in entries(tmp_path, "orders")] == ["line 0", "line 1", "line 2"]
