"""The runner: order, deadlines, blocked checks, broken checks, interruption, evidence."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from shakeout.checks.base import Answer, Outcome
from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.targets.base import Failure


@pytest.fixture(autouse=True)
def no_margin(monkeypatch):
    """So that nothing has to be waited for."""
    monkeypatch.setattr("shakeout.checks.runner.MARGIN_SECONDS", 0.0)


def saying(outcome=Outcome.PASSED, detail="well", **keys):
    async def ask(context):
        return Answer(outcome=outcome, detail=detail, **keys)

    return ask


async def test_results_stand_in_the_order_of_the_checks_whatever_ends_first(world, question):
    first_may_end = asyncio.Event()

    async def waits(context):
        await first_may_end.wait()
        return Answer(outcome=Outcome.PASSED, detail="late")

    async def ends(context):
        first_may_end.set()
        return Answer(outcome=Outcome.PASSED, detail="early")

    results = await world.run([question("slow", waits), question("fast", ends)])
    assert [result.name for result in results] == ["slow", "fast"]


async def test_at_most_as_many_checks_as_asked_run_at_once(world, question):
    now, most = 0, 0

    async def ask(context):
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return Answer(outcome=Outcome.PASSED, detail="ok")

    await world.run([question(f"c{n}", ask) for n in range(20)], concurrency=3)
    assert most == 3


async def test_a_check_is_skipped_when_what_it_needs_failed_and_names_the_first_cause(world, question):
    results = await world.run(
        [
            question("c", saying(), needs=("b",)),
            question("b", saying(), needs=("a",)),
            question("a", saying(Outcome.FAILED, "broken")),
        ]
    )
    assert [result.outcome for result in results] == ["skipped", "skipped", "failed"]
    assert {result.blocked_by for result in results} == {"a", None}
    assert results[0].detail == "blocked by a (failed)"


async def test_a_degraded_need_does_not_block(world, question):
    results = await world.run([question("a", saying(Outcome.DEGRADED)), question("b", saying(), needs=("a",))])
    assert results[1].outcome == "passed"


async def test_an_inconclusive_need_blocks(world, question):
    results = await world.run([question("a", saying(Outcome.INCONCLUSIVE)), question("b", saying(), needs=("a",))])
    assert results[1].outcome == "skipped"


async def test_a_need_that_is_not_asked_blocks(world, question):
    (result,) = await world.run([question("b", saying(), needs=("nowhere",))])
    assert (result.outcome, result.blocked_by) == ("skipped", "nowhere")


async def test_checks_that_need_each_other_are_inconclusive_and_do_not_hang(world, question):
    results = await world.run([question("a", saying(), needs=("b",)), question("b", saying(), needs=("a",))])
    assert [result.outcome for result in results] == ["inconclusive", "inconclusive"]


async def test_a_check_of_a_service_that_is_not_deployed_is_skipped(world, question):
    world.service("web", None, status="failed", failure=Failure(reason="exited", message="exit status 3"))
    (result,) = await world.run([question("a", saying(), service="web")])
    assert (result.outcome, result.blocked_by, result.detail) == ("skipped", "web", "blocked by web (exited)")


async def test_an_exception_inside_a_check_is_inconclusive_with_its_reason(world, question):
    async def ask(context):
        raise KeyError("colour")

    (result,) = await world.run([question("a", ask)])
    assert result.outcome == "inconclusive"
    assert result.detail == "the check itself failed: KeyError: 'colour'"
    assert "raise KeyError" in result.excerpt


async def test_a_check_past_its_deadline_is_inconclusive(world, question):
    async def ask(context):
        await asyncio.Event().wait()

    (result,) = await world.run([question("a", ask, deadline=0.05)])
    assert (result.outcome, result.facts["kind"]) == ("inconclusive", "deadline")
    assert result.detail == "not finished within its deadline of 0.05 s"


async def test_what_a_check_says_while_it_is_cut_off_still_counts(world, question):
    async def ask(context):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Answer(outcome=Outcome.FAILED, detail="ended by force")

    (result,) = await world.run([question("a", ask, deadline=0.05)])
    assert (result.outcome, result.detail) == ("failed", "ended by force")


async def test_cancellation_leaves_a_result_for_every_check(world, question):
    running = asyncio.Event()
    done = {}

    async def hangs(context):
        running.set()
        await asyncio.Event().wait()

    checks = [
        question("a", saying()),
        question("b", hangs, needs=("a",), deadline=60),
        question("c", saying(), needs=("b",)),
    ]
    task = asyncio.create_task(world.run(checks, on_result=lambda result: done.setdefault(result.name, result)))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {name: result.outcome.value for name, result in done.items()} == {
        "a": "passed",
        "b": "inconclusive",
        "c": "skipped",
    }


async def test_the_probe_is_recorded_and_its_quote_stands_at_its_locator(world, question):
    ask = saying(Outcome.FAILED, "503", excerpt="HTTP 503\n\nbody\r\nmore", expected="200", actual="503")
    (result,) = await world.run([question("a", ask)])
    (evidence,) = result.evidence
    lines = (world.folder / evidence.locator.path).read_text().splitlines()
    assert "\n".join(lines[evidence.locator.line - 1 : evidence.locator.end_line]) == evidence.quote
    assert evidence.quote == "HTTP 503\n\nbody\nmore"


async def test_the_last_log_lines_of_the_service_stand_under_a_check_that_failed(world, question):
    world.service("web", "http://127.0.0.1:1")
    entries = [
        LogEntry(message=f"line {n}", locator=Locator(source="log", path="logs/web.log", line=n), service="web")
        for n in range(1, 20)
    ]
    asked = []

    async def last_lines(service):
        asked.append(service)
        return entries

    results = await world.run(
        [question("good", saying(), service="web"), question("bad", saying(Outcome.FAILED), service="web")],
        last_lines=last_lines,
    )
    assert asked == ["web"]
    assert [evidence.quote for evidence in results[1].evidence[1:]] == [f"line {n}" for n in range(15, 20)]


async def test_no_secret_is_in_a_result_or_in_its_record(world, question):
    world.secrets = ("hunter2hunter2",)
    ask = saying(
        Outcome.FAILED,
        "saw hunter2hunter2",
        excerpt="x hunter2hunter2 y",
        reproduce="curl -H hunter2hunter2",
        facts={"deep": [{"hunter2hunter2": "hunter2hunter2"}], "at": datetime(2026, 1, 1, tzinfo=UTC)},
    )
    (result,) = await world.run([question("a", ask)])
    assert "hunter2hunter2" not in repr(result)
    assert "hunter2hunter2" not in (world.folder / result.evidence[0].locator.path).read_text()
    assert json.loads(json.dumps(result.facts))["deep"] == [{"[redacted]": "[redacted]"}]


async def test_long_texts_are_cut_and_control_characters_taken_out(world, question):
    ask = saying(Outcome.FAILED, "d" * 9999, excerpt="\x1b[31mred" + "x" * 9999, facts={"f": "y" * 99_999})
    (result,) = await world.run([question("a", ask)])
    assert (len(result.detail), len(result.excerpt), len(result.facts["f"])) == (500, 2000, 4000)
    assert "\x1b" not in result.excerpt


async def test_a_line_says_what_is_waited_for(world, question, monkeypatch):
    monkeypatch.setattr("shakeout.checks.runner.WAITING_SECONDS", 0.02)
    said = asyncio.Event()

    async def ask(context):
        await said.wait()
        return Answer(outcome=Outcome.PASSED, detail="ok")

    lines = []

    def progress(line):
        lines.append(line)
        said.set()

    await world.run([question("a", ask)], progress=progress)
    assert lines[0].startswith("waiting for a because it has not answered yet")
