"""Templates of log entries: what each keeps beside its text."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.templates import TemplateMiner, templates_of

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _entry(message: str, at: int = 0, severity: Severity = Severity.INFO, service: str = "api") -> LogEntry:
    return LogEntry(
        message=message,
        locator=Locator(source="log", path="export.json", line=at + 1),
        time=START + timedelta(seconds=at),
        severity=severity,
        service=service,
        labels={"instance": f"i-{at % 2}"},
    )


def test_times_severities_services_and_instances_are_kept() -> None:
    severities = (Severity.ERROR, Severity.INFO, Severity.ERROR)
    entries = [_entry(f"job {at} failed", at, severities[at], ("api", "auth", "api")[at]) for at in range(3)]
    (template,) = templates_of(reversed(entries))
    assert (template.first, template.last) == (START, START + timedelta(seconds=2))
    assert dict(template.severities) == {"ERROR": 2, "INFO": 1}
    assert dict(template.services) == {"api": 2, "auth": 1}
    assert template.instances == ("i-0", "i-1")


def test_the_example_is_the_first_entry_with_its_locator() -> None:
    (template,) = templates_of(_entry(f"job {at} failed", at) for at in range(9))
    assert template.example is not None
    assert str(template.example.locator) == "export.json:1"
    found = template.evidence()
    assert found is not None
    assert (found.quote, found.kind) == ("job 0 failed", "log")


def test_a_message_of_several_lines_is_known_by_its_first_and_last() -> None:
    traceback = "Traceback (most recent call last):\n  File \"/app/x.py\", line {}, in f\n    f()\nKeyError: 'a'"
    found = templates_of(_entry(traceback.format(line), line) for line in range(4))
    assert [(t.count, t.text) for t in found] == [(4, "Traceback (most recent call last): … KeyError: 'a'")]


def test_a_json_message_is_what_it_says() -> None:
    said = [f'{{"level": "info", "msg": "request {at} done", "ts": {at}}}' for at in range(3)]
    bare = ['{"b": 2, "a": "x y"}', '{"b": 3, "a": "z w"}']
    found = templates_of(_entry(text) for text in [*said, *bare, '{"broken": '])
    assert [(t.text, t.count) for t in found] == [("request <*> done", 3), ('a="<*> <*>" b=<*>', 2), ('{"broken":', 1)]


def test_kinds_of_values_are_told_apart() -> None:
    lines = [
        f"got {at} from 10.0.0.{at}:80 id 550e8400-e29b-41d4-a716-44665544000{at} in /v/x{at}/y for {at}.5ms as u{at}x"
        for at in range(3)
    ]
    (template,) = templates_of(map(_entry, lines))
    assert [values.kind for values in template.values] == [
        "number",
        "address",
        "uuid",
        "path",
        "duration",
        "identifier",
    ]


def test_a_template_of_at_least_a_severity_was_logged_so_once() -> None:
    found = templates_of(
        [_entry("fine", 0), _entry("bad thing", 1, Severity.ERROR), _entry("odd thing", 2, Severity.WARNING)]
    )
    assert [template.text for template in found.at_least(Severity.ERROR)] == ["bad thing"]


def test_entries_and_lines_give_the_same_templates() -> None:
    texts = [f"user u{at}x opened /a/b{at}" for at in range(5)] + ["done"] * 3
    lines, entries = TemplateMiner(), TemplateMiner()
    lines.add_lines(texts)
    entries.add_entries(map(_entry, texts))
    assert [(t.id, t.count, t.values) for t in lines.snapshot()] == [
        (t.id, t.count, t.values) for t in entries.snapshot()
    ]


def test_entries_with_names_that_are_new_in_each_are_counted_exactly_in_any_portions() -> None:
    rng = random.Random(3)
    said = ("logged in", "was refused", "asked for more time")
    entries = [_entry(f"user {''.join(rng.choices('abcdefghij', k=9))} {said[at % 3]}", at) for at in range(15_000)]
    whole, parts = TemplateMiner(numbered=True), TemplateMiner(numbered=True)
    whole.add_entries(entries)
    for start in range(0, len(entries), 4_321):
        parts.add_entries(entries[start : start + 4_321])
        assert parts.lines == min(start + 4_321, len(entries))
    for miner in (whole, parts):
        assert {t.text: (t.count, t.estimated) for t in miner.snapshot()} == {
            f"user <*> {words}": (5000, False) for words in said
        }
        assert list(miner.instances) == ["i-0", "i-1"]
    assert set(whole.table.seen) == set(parts.table.seen)
    assert [c.to_list() for c in whole.numbers()] == [c.to_list() for c in parts.numbers()]


def test_entries_and_lines_are_counted_in_the_order_in_which_they_came() -> None:
    miner = TemplateMiner(numbered=True)
    miner.add_entries([_entry("door opened"), _entry("door closed")])
    miner.add_lines(["door opened", "lamp lit"])
    miner.add_entries([_entry("lamp lit")])
    ids = [number for column in miner.numbers() for number in column]
    assert ids == [ids[0], ids[1], ids[0], ids[3], ids[3]]
    assert miner.lines == 5 == sum(template.count for template in miner.snapshot())
