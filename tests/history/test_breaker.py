from __future__ import annotations

import asyncio

import pytest

from shakeout.history.breaker import CircuitBreaker
from shakeout.history.errors import CircuitBreakerOpenError, DataRefusedError, HistoryError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("clickhouse", threshold=3, seconds=5, clock=clock)


def fail(breaker: CircuitBreaker, error: Exception | None = None) -> None:
    error = error or HistoryError("db:8123", "gone")
    with pytest.raises(type(error)), breaker.guard():
        raise error


def opened(breaker: CircuitBreaker) -> CircuitBreaker:
    for _ in range(3):
        fail(breaker)
    return breaker


def test_it_opens_after_the_threshold_and_not_before(breaker):
    fail(breaker)
    fail(breaker)
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"
    assert breaker.failures == 3


def test_the_error_of_an_open_breaker_has_exactly_the_known_text(breaker):
    with pytest.raises(CircuitBreakerOpenError) as caught, opened(breaker).guard():
        pytest.fail("the call was made")
    assert str(caught.value) == "SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN"


def test_a_success_in_between_starts_the_count_again(breaker):
    fail(breaker)
    fail(breaker)
    with breaker.guard():
        pass
    fail(breaker)
    assert breaker.state == "closed"


def test_one_trial_is_let_through_when_half_open_and_its_success_closes(breaker, clock):
    opened(breaker)
    clock.now += 5
    assert breaker.state == "half-open"
    with breaker.guard(), pytest.raises(CircuitBreakerOpenError), breaker.guard():
        pytest.fail("a second call was let through beside the trial")
    assert breaker.state == "closed"
    assert breaker.failures == 0


def test_a_failed_trial_opens_it_for_the_whole_time_again(breaker, clock):
    opened(breaker)
    clock.now += 5
    fail(breaker)
    assert breaker.state == "open"
    assert breaker.retry_in == 5


def test_a_cancelled_trial_is_no_failure_and_the_next_call_is_the_trial(breaker, clock):
    opened(breaker)
    clock.now += 5
    with pytest.raises(asyncio.CancelledError), breaker.guard():
        raise asyncio.CancelledError
    assert breaker.state == "half-open"
    with breaker.guard():
        pass
    assert breaker.state == "closed"


def test_data_that_clickhouse_refuses_does_not_open_it(breaker):
    for _ in range(5):
        fail(breaker, DataRefusedError("db:8123", "cannot parse", 27))
    assert breaker.state == "closed"


def test_a_success_that_was_started_before_it_opened_does_not_close_it(breaker):
    with breaker.guard():
        opened(breaker)
    assert breaker.state == "open"
