"""The limiter, apart from HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from shakeout.console.auth.limits import Limiter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_try_counts_for_a_minute():
    clock = Clock()
    limiter = Limiter(2, clock=clock)
    assert [limiter.take("a"), limiter.take("a"), limiter.take("a")] == [0, 0, 60]
    clock.now = 59.5
    assert limiter.take("a") == 1
    clock.now = 60.0
    assert [limiter.take("a"), limiter.take("a"), limiter.take("a")] == [0, 0, 60]


def test_refused_tries_do_not_prolong_the_wait():
    clock = Clock()
    limiter = Limiter(1, clock=clock)
    waits = []
    for clock.now in (0.0, 10.0, 50.0, 60.0):
        waits.append(limiter.take("a"))
    assert waits == [0, 50, 10, 0]


def test_keys_do_not_share_their_tries():
    limiter = Limiter(1)
    assert [limiter.take("a"), limiter.take("b")] == [0, 0]


def test_an_undecided_try_is_given_back_and_a_success_clears_all():
    limiter = Limiter(2)
    limiter.take("a")
    limiter.give_back("a")
    assert [limiter.take("a"), limiter.take("a")] == [0, 0]
    limiter.forget("a")
    assert limiter.take("a") == 0


def test_a_flood_of_keys_is_bounded():
    limiter = Limiter(1, keys=100)
    for number in range(1000):
        limiter.take(number)
    assert len(limiter._tries) == 100


def test_parallel_tries_are_counted_one_by_one():
    limiter = Limiter(5)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: limiter.take("a"), range(200)))
    assert waits.count(0) == 5
