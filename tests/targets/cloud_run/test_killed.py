"""Killing shakeout at any step of a release leaves the old release serving, and the next run finishes what is open."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shakeout.rehearsal import Command, Rehearsal
from shakeout.targets.cloud_run.endpoints import Endpoints
from shakeout.testing import SmallRepository
from targets.cloud_run.shop import PROJECT, REGION, SERVER

pytestmark = pytest.mark.xdist_group("cloud-run-killed")

MANIFEST = f"""
version: 1
application: shop
services:
  api: {{run: python server.py, health: {{path: /}}, image: "registry.example.com/shop/api:${{commit}}"}}
  web: {{run: python server.py, health: {{path: /}}, image: "registry.example.com/shop/web:${{commit}}", needs: [api]}}
environments:
  staging: {{target: cloud-run, options: {{project: {PROJECT}, region: {REGION}, public: true}}}}
"""
SERVICES = ("api", "web")


class Shop:
    """An application on the double, and the driver that releases it."""

    def __init__(self, cloud: Rehearsal, driver: asyncio.subprocess.Process, journal: Path) -> None:
        self.cloud, self.driver, self.journal = cloud, driver, journal

    async def run(self, line: str) -> dict[str, Any]:
        assert self.driver.stdin is not None and self.driver.stdout is not None
        self.driver.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(60):
            answer = json.loads(await self.driver.stdout.readline())
        assert isinstance(answer, dict)
        return answer

    def serving(self) -> dict[str, Mapping[str, int]]:
        """The revisions that have traffic, by service."""
        return {record.name.id: dict(record.percents) for record in self.cloud.services.values()}

    def tags(self) -> set[str]:
        return {tag for record in self.cloud.services.values() for tag in record.tags}

    async def until_ended(self) -> None:
        """Until somebody has finished the release that was killed."""
        async with asyncio.timeout(30):
            while '"step": "end"' not in self.journal.read_text():  # noqa: ASYNC110 (another process writes it)
                await asyncio.sleep(0.05)

    async def until(self, wanted: Mapping[str, Mapping[str, int]]) -> None:
        async with asyncio.timeout(20):
            while self.serving() != wanted or self.tags():  # noqa: ASYNC110 (another process changes it)
                await asyncio.sleep(0.05)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    small = SmallRepository(tmp_path / "shop")
    small.commit("Open the shop", {"server.py": SERVER, "shakeout.yaml": MANIFEST})
    words = (sys.executable, "-I", "-S", "server.py")
    commands = {
        f"registry.example.com/shop/{name}": Command(words=words, folder=tmp_path / "shop") for name in SERVICES
    }
    async with Rehearsal(commands=commands, project=PROJECT, idle_seconds=1.0) as cloud:
        endpoints = Endpoints(run=cloud.run_address, logging=cloud.logging_address)
        driver = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("driver.py")),
            str(tmp_path / "shop" / "shakeout.yaml"),
            str(tmp_path / "home"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **endpoints.variables()},
        )
        try:
            yield Shop(cloud, driver, tmp_path / "home" / "state" / "staging.steps.jsonl")
        finally:
            assert driver.stdin is not None
            driver.stdin.close()
            await asyncio.wait_for(driver.wait(), 20)


async def test_killed_at_every_step_the_next_run_gives_the_traffic_back_and_then_releases(shop: Shop) -> None:
    assert (await shop.run("0"))["status"] == 0
    old = shop.serving()
    steps: list[str] = []
    while "signal" in (killed := await shop.run(f"{len(steps) + 1} alone")):
        if steps:
            assert "an earlier run was ended while it released" in killed["told"], killed
        steps.append(killed["step"])
        if killed["step"] in {"proved", "end"}:
            assert shop.serving() != old
            old = shop.serving()
        elif "shift" in steps:
            # The next run, killed when it has begun its own release: what was open is finished by then.
            await shop.run("begin alone")
            await shop.until(old)
        else:
            assert shop.serving() == old, killed
    assert killed["status"] == 0
    assert steps == [
        "begin", "guard", "revise", "updated", "revised", "revise", "updated", "revised",
        "shift", "updated", "shifted", "shift", "updated", "shifted", "proved", "end",
    ]  # fmt: skip
    assert all(list(shares.values()) == [100] for shares in shop.serving().values())


async def test_a_first_release_that_is_killed_leaves_no_service_behind(shop: Shop) -> None:
    killed = await shop.run("4 alone")
    assert (killed["step"], killed["signal"]) == ("created", 9)
    assert list(shop.serving()) == ["api"]
    await shop.run("begin alone")
    assert shop.serving() == {}


@pytest.mark.parametrize("number", [4, 10])
async def test_the_guardian_gives_the_traffic_back_when_shakeout_is_killed(shop: Shop, number: int) -> None:
    assert (await shop.run("0"))["status"] == 0
    old = shop.serving()
    killed = await shop.run(str(number))
    assert killed["signal"] == 9
    await shop.until_ended()
    assert shop.serving() == old
    assert not shop.tags()
    after = await shop.run("0")
    assert "its guardian gave the traffic back" in after["told"]
    assert after["status"] == 0
