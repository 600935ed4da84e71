"""What was written is waited for until nothing more comes, and never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from shakeout.targets.capture import log_path, until_written
from shakeout.targets.quiet import until_quiet


def looking(answers: Iterable[bool]) -> tuple[list[bool], object]:
    """A look that gives these answers, then no news; and what it gave."""
    given: list[bool] = []
    left = iter(answers)

    async def news() -> bool:
        given.append(next(left, False))
        return given[-1]

    return given, news


async def test_it_looks_until_there_was_no_news_for_a_while():
    given, news = looking([True, False, True, True])
    assert await until_quiet(news, quiet=0.3, most=30.0, pause=0.02)
    assert given[:4] == [True, False, True, True] and len(given) > 4 and not any(given[4:])


async def test_time_alone_is_no_silence():
    given, news = looking([False, False, True])
    assert await until_quiet(news, quiet=0.0, most=30.0, pause=0.0)
    assert given == [False, False, True, False, False, False]


async def test_what_never_becomes_quiet_is_not_waited_for_for_ever():
    async def news() -> bool:
        return True

    assert not await until_quiet(news, quiet=1.0, most=0.05, pause=0.01)


@pytest.mark.parametrize("there", [True, False])
async def test_output_that_is_still_growing_is_waited_for(tmp_path, monkeypatch, there):
    monkeypatch.setattr("shakeout.targets.capture._QUIET", 0.6)
    monkeypatch.setattr("shakeout.targets.capture._MOST", 60.0)
    path = log_path(tmp_path, "orders")
    path.parent.mkdir()
    if there:
        path.write_text("the first line\n")

    async def write() -> None:
        for _ in range(4):
            await asyncio.sleep(0.02)
            with path.open("a") as file:
                file.write("another line\n")

    writing = asyncio.ensure_future(write())
    await until_written(tmp_path)
    assert writing.done()
    assert path.read_text().count("another line\n") == 4


async def test_a_run_without_any_output_is_quiet(tmp_path):
    await until_written(tmp_path)
