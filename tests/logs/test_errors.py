"""Equal errors are one, different ones are not; and what is no error is none."""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.errors import EXAMPLES, KINDS, VARIANTS, errors
from shakeout.logs.normal import coarse, normal

START = datetime(2025, 9, 3, 10, tzinfo=UTC)
TRACEBACK = 'Traceback (most recent call last):\n  File "/app/a.py", line {line}, in f\n    g()\nValueError: order {order} is bad'


def entry(message: str, number: int = 1, *, severity: Severity = Severity.ERROR, unsure: bool = False,
          service: str | None = "backend", stream: str = "s", headed: bool = True) -> LogEntry:  # fmt: skip
    return LogEntry(
        message=message,
        locator=Locator(source="log", path="a.log", line=number),
        time=START + timedelta(seconds=number),
        severity=severity,
        unsure=unsure,
        service=service,
        stream=stream,
        headed=headed,
    )


def test_equal_errors_are_one_with_count_times_and_examples() -> None:
    (found,) = errors(entry(f"request {number:08x}-aaaa failed after {number}.123 s", number) for number in range(100))
    assert (found.count, found.first, found.last) == (100, START, START + timedelta(seconds=99))
    assert [one.line for one in found.examples] == list(range(EXAMPLES))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Container called exit(3).", "Container called exit(1)."),
        ("upstream answered 502", "upstream answered 503"),
        ("no module named a", "no module named b"),
        (TRACEBACK.format(line=3, order=1), TRACEBACK.format(line=4, order=1)),
        ("cannot connect to 10.0.0.1:5432", "cannot connect to 10.0.0.1:9000"),
    ],
)
def test_different_errors_stay_apart(one: str, other: str) -> None:
    assert len(list(errors([entry(one), entry(other, 2)]))) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("job 123e4567-e89b-12d3-a456-426614174000 failed", "job 00000000-e89b-12d3-a456-426614174999 failed"),
        ("at 2025-09-03T10:00:00Z it failed", "at 2025-09-03T11:11:11.5Z it failed"),
        ("object at 0x7f24fc1798a6 failed", "object at 0x7f24fc000000 failed"),
        ("user 12345678 failed", "user 87654321 failed"),
        (TRACEBACK.format(line=3, order=1234567), TRACEBACK.format(line=3, order=7654321)),
    ],
)
def test_what_varies_between_equal_errors_is_masked(one: str, other: str) -> None:
    (found,) = errors([entry(one), entry(other, 2)])
    assert found.count == 2


def test_the_same_error_of_two_services_is_two() -> None:
    assert len(list(errors([entry("failed", service="a"), entry("failed", service="b")]))) == 2


def test_too_many_variants_are_folded_and_said() -> None:
    found = list(errors(entry(f"order {number} failed", number) for number in range(500)))
    assert len(found) == VARIANTS + 1
    assert [one.count for one in found if one.folded] == [500 - VARIANTS]


def test_the_number_of_kinds_is_bounded() -> None:
    def letters(number: int) -> str:
        return "".join(chr(ord("g") + int(digit)) for digit in str(number))

    found = list(errors(entry(f"table {letters(number)} is missing", number) for number in range(KINDS + 500)))
    assert len(found) == KINDS + 1
    assert sum(one.count for one in found) == KINDS + 500


@pytest.mark.parametrize(
    "text",
    [
        "0 errors",
        "tests: 12 passed, 0 failed",
        "error=None",
        "listening on port 8080",
        "no errors found",
        '"exit code": 0',
    ],
)
def test_words_that_report_no_failure_are_no_error(text: str) -> None:
    assert list(errors([entry(text, severity=Severity.DEFAULT, unsure=True, headed=False)])) == []


@pytest.mark.parametrize("text", ["auth check failed: name 'env' is not defined", "connection refused", "✗ health"])
def test_words_of_failure_without_a_severity_are_an_uncertain_error(text: str) -> None:
    (found,) = errors([entry(text, severity=Severity.DEFAULT, unsure=True, headed=False)])
    assert not found.certain


def test_a_lower_severity_of_its_own_is_no_error_whatever_the_words() -> None:
    assert list(errors([entry("retrying after error: refused", severity=Severity.INFO)])) == []
    assert list(errors([entry("malformed event", severity=Severity.WARNING)])) == []
    assert len(list(errors([entry("malformed event", severity=Severity.WARNING)], threshold=Severity.WARNING))) == 1


def test_the_type_is_recognised_without_a_traceback() -> None:
    (found,) = errors([entry("CircuitBreakerOpenError: SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN")])
    assert found.type == "CircuitBreakerOpenError"
    assert found.text == "SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN"


def lines(text: str, stream: str, offset: int) -> Iterator[LogEntry]:
    for number, line in enumerate(text.split("\n")):
        yield entry(line, 10 * number + offset, severity=Severity.DEFAULT, unsure=True, stream=stream, headed=False)


def test_tracebacks_of_interleaved_streams_are_kept_apart() -> None:
    first = TRACEBACK.format(line=3, order="one")
    second = TRACEBACK.format(line=9, order="two")
    mixed = [one for pair in zip(lines(first, "a", 1), lines(second, "b", 2), strict=True) for one in pair]
    found = list(errors(mixed))
    assert [(one.text, one.traceback and one.traceback.last.frames[0].line) for one in found] == [
        ("order one is bad", 3),
        ("order two is bad", 9),
    ]


def test_two_tracebacks_after_each_other_are_two() -> None:
    text = TRACEBACK.format(line=3, order="one") + "\n" + TRACEBACK.format(line=4, order="two")
    assert [one.text for one in errors(lines(text, "a", 1))] == ["order one is bad", "order two is bad"]


def test_the_lines_of_a_validation_error_belong_to_it() -> None:
    text = (
        'Traceback (most recent call last):\n  File "/app/a.py", line 3, in f\n    Settings()\n'
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\ndatabase_url\n"
        "  Field required [type=missing, input_value={}, input_type=dict]\nINFO:     going on"
    )
    (found,) = errors(lines(text, "a", 1))
    assert found.traceback is not None
    assert found.traceback.last.notes == (
        "database_url",
        "  Field required [type=missing, input_value={}, input_type=dict]",
    )


def test_normal_forms() -> None:
    assert normal("in 12.34 s at 2025-09-03 10:00:00 by 0xdeadbeef") == "in <duration> at <time> by <address>"
    assert normal("exit 3, port 5432, HTTP 502") == "exit 3, port 5432, HTTP 502"
    assert coarse("exit 3") == "exit <number>"
