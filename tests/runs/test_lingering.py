"""A last look at the platform, for a service that may only be slow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from shakeout.runs.lingering import last_inventory
from shakeout.targets.base import Failure, Inventory, Release, Revision, Running


class Slow:
    """A target whose service listens when it is looked at for the `looks`-th time."""

    name = "slow"

    def __init__(self, looks: int, states: Sequence[str] = ("running",)) -> None:
        self.looks, self.states, self.seen = looks, states, 0

    async def inventory(self) -> Inventory:
        state = self.states[min(self.seen, len(self.states) - 1)]
        self.seen += 1
        listening = ("127.0.0.1:4000",) if self.seen >= self.looks else ()
        item = Running(name="web", kind="service", state=state, listening=listening)
        return Inventory(environment="local", target="slow", items=(item,))


def release(failure: Failure | None) -> Release:
    web = Revision(
        service="web", id="web-1", commit="0" * 40, status="failed" if failure else "deployed", failure=failure
    )
    return Release(
        id="one", application="shop", environment="local", target="slow", commit="0" * 40, dirty=False,
        started_at=datetime.now(UTC), revisions=(web,),
    )  # fmt: skip


LATE = Failure(reason="never-listened", message="it does not listen", facts={"listening": []})


async def look(target: Slow, failure: Failure | None, seconds: float = 5.0) -> tuple[Inventory, list[str]]:
    lines: list[str] = []
    return await last_inventory(target, release(failure), lines.append, seconds), lines  # type: ignore[arg-type]


async def test_a_service_that_comes_late_is_seen_to_listen() -> None:
    found, lines = await look(Slow(3), LATE)
    item = found.get("web")
    assert item is not None and item.listening == ("127.0.0.1:4000",)
    assert lines == ["waiting for web once more, to see whether it is only slow (at most 5 s)"]


async def test_it_is_waited_for_no_longer_than_the_bound() -> None:
    target = Slow(10_000)
    found, _ = await look(target, LATE, 0.3)
    item = found.get("web")
    assert item is not None and item.listening == ()
    assert 1 < target.seen < 10


async def test_it_is_waited_for_no_longer_than_it_lives() -> None:
    target = Slow(10_000, ["running", "running", "exited"])
    await look(target, LATE)
    assert target.seen == 3


@pytest.mark.parametrize(
    "failure",
    [
        None,
        Failure(reason="exited", message="it exited"),
        Failure(reason="never-listened", message="elsewhere", facts={"listening": ["127.0.0.1:9000"]}),
    ],
)
async def test_nothing_else_is_waited_for(failure: Failure | None) -> None:
    target = Slow(10_000)
    _, lines = await look(target, failure)
    assert (target.seen, lines) == (1, [])
