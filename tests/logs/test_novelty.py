"""What is new, gone, more frequent and intermittent between two windows."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime

import pytest

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.novelty import Change, binomial_tail, changes, threshold
from shakeout.logs.templates import TemplateMiner


def _window(counts: dict[str, int]) -> TemplateMiner:
    miner = TemplateMiner()
    miner.add_lines(line.replace("#", str(number)) for line, count in counts.items() for number in range(count))
    return miner


def _kinds(found: tuple[Change, ...]) -> dict[str, str]:
    return {change.template.text: change.kind for change in found}


def test_a_template_without_an_earlier_line_is_new() -> None:
    found = changes(_window({"request # done": 1000}), _window({"request # done": 1000, "cannot connect to db #": 8}))
    assert _kinds(found) == {"cannot connect to db <*>": "new"}
    assert found[0].sure


def test_a_new_template_is_unsure_where_the_baseline_was_short() -> None:
    found = changes(_window({"request # done": 10}), _window({"request # done": 1000, "cannot connect to db #": 8}))
    assert found[0].kind == "new"
    assert not found[0].sure


def test_a_template_that_should_have_come_and_did_not_is_gone() -> None:
    found = changes(_window({"request # done": 900, "heartbeat #": 100}), _window({"request # done": 500}))
    assert _kinds(found) == {"heartbeat <*>": "gone"}


def test_a_template_is_not_gone_in_a_window_too_short_for_it() -> None:
    assert not changes(_window({"request # done": 900, "heartbeat #": 9}), _window({"request # done": 50}))


def test_twice_the_traffic_is_not_more_frequent() -> None:
    assert not changes(
        _window({"request # done": 900, "retry #": 100}), _window({"request # done": 1800, "retry #": 200})
    )


def test_five_times_the_rate_is_more_frequent() -> None:
    found = changes(_window({"request # done": 980, "retry #": 20}), _window({"request # done": 1800, "retry #": 200}))
    assert _kinds(found) == {"retry <*>": "more frequent"}
    assert found[0].ratio == pytest.approx(5.0)


def test_three_lines_after_one_are_chance() -> None:
    assert not changes(_window({"request # done": 1000, "retry #": 1}), _window({"request # done": 1000, "retry #": 3}))


def test_an_event_has_one_name_in_both_windows() -> None:
    old = _window({"request # done": 100, "session of user alice opened": 50})
    new = _window({"request # done": 100, "session of user bob opened": 50})
    assert not changes(old, new)


def test_nothing_is_new_against_nothing() -> None:
    assert not changes(TemplateMiner(), _window({"request # done": 5}))


def test_a_template_of_one_instance_of_three_is_intermittent() -> None:
    def entry(text: str, instance: str) -> LogEntry:
        where = Locator(source="log", path="x.log", line=1)
        return LogEntry(
            message=text,
            locator=where,
            severity=Severity.ERROR,
            time=datetime(2026, 1, 1, tzinfo=UTC),
            labels={"instance": instance},
        )

    calm = [entry(f"request {number} done", f"i-{number % 3}") for number in range(30)]
    before, miner = TemplateMiner(), TemplateMiner()
    before.add_entries(calm)
    miner.add_entries([*calm, *(entry(f"cannot bind port {number}", "i-1") for number in range(9))])
    found = [change for change in changes(before, miner) if change.kind == "intermittent"]
    assert [(change.template.text, change.instances, change.of) for change in found] == [("cannot bind port <*>", 1, 3)]
    assert changes(miner, miner) == ()


def test_another_service_or_output_is_no_instance_that_lacks_a_template() -> None:
    def entry(text: str, service: str, instance: str, stream: str = "stdout") -> LogEntry:
        where = Locator(source="log", path=f"{service}.log", line=1)
        labels = {"instance": instance} if instance else {}
        return LogEntry(message=text, locator=where, service=service, labels=labels, stream=stream)

    before, miner = TemplateMiner(), TemplateMiner()
    before.add_entries([entry(f"request {number} done", "api", f"api-{number % 2}") for number in range(30)])
    miner.add_entries([entry(f"request {number} done", "api", f"api-{number % 2}") for number in range(30)])
    miner.add_entries([entry(f"packed {number}", "worker", "worker-0") for number in range(30)])
    miner.add_entries([entry(f"page {number} sent", "web", "", "stdout") for number in range(30)])
    miner.add_entries([entry(f"line {number} to errors", "web", "", "stderr") for number in range(30)])
    assert [change for change in changes(before, miner) if change.kind == "intermittent"] == []
    miner.add_entries([entry(f"cannot bind port {number}", "api", "api-1") for number in range(9)])
    (found,) = [change for change in changes(before, miner) if change.kind == "intermittent"]
    assert (found.template.text, found.instances, found.of) == ("cannot bind port <*>", 1, 2)


def test_the_binomial_tail_is_exact() -> None:
    for n, share in ((5, 0.5), (40, 0.1), (300, 0.7)):
        for k in range(n + 1):
            exact = math.fsum(math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k, n + 1))
            assert binomial_tail(k, n, share) == pytest.approx(exact, rel=1e-6, abs=1e-12)


def test_the_binomial_tail_of_millions_is_quick() -> None:
    assert binomial_tail(5_100_000, 10_000_000, 0.5) < 1e-9
    assert binomial_tail(5_000_000, 10_000_000, 0.5) == pytest.approx(0.5, abs=1e-3)


def test_the_threshold_is_that_of_benjamini_and_hochberg() -> None:
    assert threshold([0.001, 0.008, 0.039, 0.041, 0.9], 0.05) == 0.008
    assert threshold([0.5, 0.9], 0.05) == -1.0


def test_one_more_name_where_a_large_release_had_many_is_nothing_new() -> None:
    rng = random.Random(4)
    names = ["".join(rng.choices("abcdefghij", k=7)) for _ in range(9000)]
    before, after = TemplateMiner(), TemplateMiner()
    before.add_lines(f"pool for {name} was drained" for name in names)
    before.add_lines(["pump started"] * 50)
    after.add_lines(["pool for kobo was drained", "pool kobo drained twice", *["pump started"] * 50])
    assert [change.template.text for change in changes(before, after) if change.kind == "new"] == [
        "pool kobo drained twice"
    ]
