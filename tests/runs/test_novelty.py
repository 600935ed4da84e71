"""What changed in the logs since an earlier release."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import msgspec

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.report.model import LogChange
from shakeout.runs.folder import RunFolder
from shakeout.runs.novelty import last_good_run, log_changes


def said(*messages: str) -> list[LogEntry]:
    return [
        LogEntry(message=message, locator=Locator(source="log", path="app.log", line=number))
        for number, message in enumerate(messages, 1)
    ]


def test_the_same_events_with_other_values_are_no_change() -> None:
    before = said(*(f"request {number} took {number * 3} ms" for number in range(200)))
    after = said(*(f"request {number} took {number * 7} ms" for number in range(500, 900)))
    assert log_changes(before, after) == ()


def test_a_new_event_is_named_with_its_count_and_an_example() -> None:
    before = said(*(f"request {number} done" for number in range(200)))
    after = said(*(f"request {number} done" for number in range(100)), *(f"payment {n} refused" for n in range(30)))
    (change,) = [item for item in log_changes(before, after) if item.kind == "new"]
    assert (change.before, change.after, change.sure) == (0, 30, True)
    assert "refused" in change.template
    assert "refused" in change.evidence[0].quote


def test_an_event_that_became_frequent_is_told_and_twice_the_traffic_is_not() -> None:
    before = said(*(f"request {n} done" for n in range(1000)), *(f"retry {n}" for n in range(10)))
    twice = said(*(f"request {n} done" for n in range(2000)), *(f"retry {n}" for n in range(20)))
    often = said(*(f"request {n} done" for n in range(1000)), *(f"retry {n}" for n in range(200)))
    assert log_changes(before, twice) == ()
    assert [item.kind for item in log_changes(before, often)] == ["more frequent"]


def test_files_of_two_programs_that_name_no_service_are_no_instances_of_one() -> None:
    def file(name: str, *messages: str) -> list[LogEntry]:
        return [
            LogEntry(message=text, locator=Locator(source="file", path=name, line=number), stream=name)
            for number, text in enumerate(messages, 1)
        ]

    before = file("web.log", *(f"page {n} sent" for n in range(30)))
    after = [*before, *file("mail.log", *(f"page {n} sent" for n in range(9)), *(f"letter {n}" for n in range(30)))]
    assert {change.kind for change in log_changes(before, after)} <= {"new", "more frequent"}


def test_a_traceback_is_one_new_event_by_what_was_raised_however_it_is_cut_into_lines() -> None:
    calm = [f"request {n} done" for n in range(200)]
    frames = [
        "Traceback (most recent call last):",
        '  File "/srv/shop/cart.py", line 3, in total',
        "    return rate * 2",
    ]
    raised = [*frames, "           ^^^^", "NameError: name 'rate' is not defined"]
    whole = ["cannot total\n" + "\n".join(raised[:-1]), raised[-1]]
    for lines in (["cannot total", *raised] * 3, whole * 3):
        found = log_changes(said(*calm), said(*calm, *lines, "request 7 done"))
        assert {change.kind for change in found} == {"new"}
        texts = " / ".join(sorted(change.template for change in found))
        assert "name 'rate' is not defined" in texts and "cannot total" in texts
        assert "File" not in texts and "^" not in texts and "Traceback" not in texts


def test_a_change_without_a_ratio_can_be_saved_and_read_again(tmp_path: Path) -> None:
    def entry(number: int, text: str) -> LogEntry:
        where = Locator(source="log", path="app.log", line=number)
        return LogEntry(message=text, locator=where, service="api", labels={"instance": f"i-{number % 2}"})

    calm = [entry(number, f"request {number} done") for number in range(20)]
    odd = [entry(2 * number, f"cannot bind port {number}") for number in range(9)]
    (change,) = [item for item in log_changes(calm, [*calm, *odd]) if item.kind == "intermittent"]
    assert change.ratio is None
    RunFolder(tmp_path).save("change.json", [change, replace(change, ratio=math.nan)])
    read = msgspec.json.decode((tmp_path / "change.json").read_bytes(), type=list[LogChange])
    assert read == [change, change]


def test_without_an_earlier_run_there_is_no_baseline(tmp_path) -> None:
    assert last_good_run(tmp_path, "local", "20260101T000000Z-abc") is None
