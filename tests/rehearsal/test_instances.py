"""Instances: how they start, are probed, end, and how many there are."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path

import httpx2
import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from fixtures.rehearsal import Clients, Start
from shakeout.rehearsal.instances import instance
from shakeout.rehearsal.instances.instance import Instance

SYSTEM = 'log_id("run.googleapis.com/varlog/system")'


def there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_the_system_log_tells_the_start_and_its_probe(clients: Clients) -> None:
    await clients.create()
    texts = await clients.texts(SYSTEM)
    assert texts[0].startswith("Starting new instance. Reason: DEPLOYMENT_ROLLOUT - ")
    assert texts[1] == 'Default STARTUP TCP probe succeeded after 1 attempt for container "web-1" on port 8080.'
    [event] = await clients.logs('log_id("cloudaudit.googleapis.com/system_event")')
    assert re.search("Ready condition status changed to True for Revision web-00001-...", str(event))


async def test_a_container_that_ends_is_told_at_once_with_its_status(rehearse: Start) -> None:
    clients = await rehearse(startup_seconds=60.0)
    with pytest.raises(exceptions.GoogleAPICallError, match="failed to start and listen"):
        await clients.create(EXIT=3)
    texts = await clients.texts(f"{SYSTEM} severity>=WARNING")
    assert "Container called exit(3)." in texts
    assert any(
        text.startswith('Default STARTUP TCP probe failed 1 time consecutively for container "web-1" on port 8080.')
        for text in texts
    )


async def test_a_container_that_listens_elsewhere_is_told_after_the_probes_time(rehearse: Start) -> None:
    clients = await rehearse(startup_seconds=1.0)
    with pytest.raises(exceptions.GoogleAPICallError, match="PORT=8080"):
        await clients.create(ELSEWHERE=os.getpid() % 1000 + 18_000)
    assert "Connection failed with status DEADLINE_EXCEEDED." in str(await clients.texts(SYSTEM))


async def test_an_own_startup_probe_is_kept_and_named(clients: Clients) -> None:
    probe = {"http_get": {"path": "/nothing"}, "period_seconds": 1, "timeout_seconds": 1, "failure_threshold": 2}
    await clients.create("slow", container={"startup_probe": {**probe, "http_get": {"path": "/health"}}}, SLOW=1.5)
    succeeded = next(text for text in await clients.texts(SYSTEM) if "succeeded" in text)
    assert succeeded == (
        'STARTUP HTTP probe succeeded after 2 attempts for container "slow-1" on port 8080 path "/health".'
    )
    with pytest.raises(exceptions.GoogleAPICallError, match="failed the configured startup probe checks"):
        await clients.create(container={"startup_probe": probe}, EXIT=4)


async def test_a_failing_liveness_probe_ends_the_instance(clients: Clients) -> None:
    probe = {"http_get": {"path": "/health"}, "period_seconds": 1, "timeout_seconds": 1, "failure_threshold": 1}
    made = await clients.create(container={"liveness_probe": probe})
    before = (await clients.http.get(f"{made.uri}/sick")).json()["pid"]
    await clients.until_logged('textPayload:"LIVENESS HTTP probe failed 1 time"')
    assert (await clients.http.get(made.uri)).json()["pid"] != before


async def test_an_instance_that_dies_fails_its_request_and_is_replaced(clients: Clients) -> None:
    made = await clients.create()
    assert (await clients.http.get(f"{made.uri}/die")).status_code == 503
    assert (await clients.http.get(made.uri)).status_code == 200
    texts = await clients.texts(SYSTEM)
    assert "Container called exit(7)." in texts
    assert any("Reason: AUTOSCALING" in text for text in texts)
    [failed] = await clients.logs("httpRequest.status=503")
    assert "connection to the instance had an error" in failed.text_payload


@pytest.mark.parametrize("path", ["/close-first", "/close-late"])
async def test_an_instance_that_is_dying_is_not_asked_again(
    clients: Clients, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_END_SECONDS", 20.0)  # a busy machine is slow, not wrong
    made = await clients.create()
    with contextlib.suppress(httpx2.RemoteProtocolError):
        assert (await clients.http.get(f"{made.uri}{path}")).status_code == 503
    assert (await clients.http.get(made.uri)).status_code == 200
    assert "Container called exit(7)." in await clients.texts(SYSTEM)


async def test_an_instance_that_answers_garbage_did_not_hang_up(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await clients.create()
    asked: list[Instance] = []

    async def hung_up(one: Instance) -> None:
        asked.append(one)

    monkeypatch.setattr(Instance, "hung_up", hung_up)
    assert (await clients.http.get(f"{made.uri}/garbage")).status_code == 503
    assert asked == []
    assert (await clients.http.get(f"{made.uri}/close")).status_code == 503
    assert len(asked) == 1


async def test_an_instance_that_hangs_up_and_lives_is_asked_again(clients: Clients) -> None:
    made = await clients.create()
    pid = (await clients.http.get(made.uri)).json()["pid"]
    assert (await clients.http.get(f"{made.uri}/close")).status_code == 503
    assert (await clients.http.get(made.uri)).json()["pid"] == pid


async def test_the_memory_limit_ends_the_instance_with_the_platforms_words(clients: Clients) -> None:
    made = await clients.create(container={"resources": {"limits": {"memory": "128Mi"}}})
    await clients.http.get(f"{made.uri}/eat")
    text = await clients.until_logged('textPayload:"Memory limit"')
    assert re.match(r"Memory limit of 128 MiB exceeded with \d+ MiB used\. Consider increasing", text)


async def test_idle_instances_go_and_a_request_starts_one_again(rehearse: Start) -> None:
    clients = await rehearse(idle_seconds=0.3)
    made = await clients.create()
    first = (await clients.http.get(made.uri)).json()["pid"]
    async with asyncio.timeout(10):
        while there(first):  # noqa: ASYNC110 (what is waited for is another process)
            await asyncio.sleep(0.05)
    assert (await clients.http.get(made.uri)).json()["pid"] != first


async def test_the_least_number_of_instances_stays(rehearse: Start) -> None:
    clients = await rehearse(idle_seconds=0.2)
    made = await clients.create(
        scaling=run_v2.RevisionScaling(min_instance_count=2), max_instance_request_concurrency=1
    )
    await asyncio.sleep(1.5)
    answers = await asyncio.gather(*(clients.http.get(f"{made.uri}/sleep/0.3") for _ in range(2)))
    assert len({answer.json()["pid"] for answer in answers}) == 2
    assert not any("AUTOSCALING" in text for text in await clients.texts(SYSTEM))


async def test_requests_beyond_the_concurrency_start_another_instance_up_to_the_most(clients: Clients) -> None:
    made = await clients.create(
        max_instance_request_concurrency=1, scaling=run_v2.RevisionScaling(max_instance_count=2)
    )
    answers = await asyncio.gather(*(clients.http.get(f"{made.uri}/sleep/0.4") for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["pid"] for answer in answers}) == 2


async def test_many_requests_at_a_cold_start_share_one_instance(rehearse: Start) -> None:
    clients = await rehearse(idle_seconds=0.2)
    made = await clients.create()
    first = (await clients.http.get(made.uri)).json()["pid"]
    async with asyncio.timeout(20):
        while there(first):  # noqa: ASYNC110 (what is waited for is another process)
            await asyncio.sleep(0.05)
    answers = await asyncio.gather(*(clients.http.get(made.uri) for _ in range(5)))
    assert len({answer.json()["pid"] for answer in answers}) == 1


async def test_nothing_is_left_when_the_double_ends(rehearse: Start) -> None:
    clients = await rehearse()
    made = await clients.create()
    pid = (await clients.http.get(made.uri)).json()["pid"]
    await clients.cloud.__aexit__(None, None, None)
    assert not there(pid)
