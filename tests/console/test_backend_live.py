"""The live WebSocket, spoken to by the `websockets` client over a real connection."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from fixtures.backend import issue_token
from shakeout.console import protocol
from shakeout.console.backend.hub import TOO_SLOW, Client, Hub
from shakeout.history.facts import LiveEvent


def live(backend, *, version: str = "1", token: str | None = None, **options):
    offered = [f"shakeout.{version}", f"bearer.{backend.token if token is None else token}"]
    return connect(backend.live_url, subprotocols=offered, proxy=None, **options)


async def say(socket: ClientConnection, **message) -> None:
    await socket.send(json.dumps({"protocol": 1, "id": "1"} | message))


async def hear(socket: ClientConnection) -> dict:
    message = json.loads(await asyncio.wait_for(socket.recv(), 5))
    assert protocol.fault_of(message, "server") is None
    return message


async def post(backend, run: str, *texts: str) -> None:
    events = [{"kind": "progress", "text": text} for text in texts]
    status, _ = await asyncio.to_thread(backend.call, "POST", f"/v1/runs/{run}/events", {"events": events})
    assert status == 202


@pytest.fixture
def run(disabled_backend, request) -> str:
    name = "live-" + str(abs(hash(request.node.nodeid)))
    assert disabled_backend.begin(name)[0] == 201
    return name


async def test_the_right_version_is_accepted_and_picked(disabled_backend):
    async with live(disabled_backend) as socket:
        assert socket.subprotocol == "shakeout.1"
        await say(socket, type="ping", id="p")
        assert await hear(socket) == {"type": "pong", "protocol": 1, "id": "p"}


@pytest.mark.parametrize("version", ["2", "x"])
async def test_another_version_is_refused_with_426_and_both_versions(disabled_backend, version):
    with pytest.raises(InvalidStatus) as caught:
        async with live(disabled_backend, version=version):
            pass
    assert caught.value.response.status_code == 426
    error = json.loads(caught.value.response.body)["error"]
    assert error["code"] == "PROTOCOL_MISMATCH"
    assert "the server speaks protocol 1" in error["message"]
    if version == "2":
        assert "the client speaks protocol 2" in error["message"]
        assert error["detail"] == {"client_protocol": 2, "server_protocol": 1}


@pytest.mark.parametrize(("token", "code"), [("", "TOKEN_MISSING"), ("a.b.c", "TOKEN_MALFORMED")])
async def test_a_bad_token_is_refused_with_401_and_its_code(disabled_backend, token, code):
    offered = ["shakeout.1"] + ([f"bearer.{token}"] if token else [])
    with pytest.raises(InvalidStatus) as caught:
        async with connect(disabled_backend.live_url, subprotocols=offered, proxy=None):
            pass
    assert caught.value.response.status_code == 401
    assert json.loads(caught.value.response.body)["error"]["code"] == code


@pytest.mark.parametrize(
    ("sent", "answer", "logged"),
    [
        (
            '{"type": "subscribe", "protocol": 1, "id": "7"}',
            {"id": "7", "code": "MALFORMED_EVENT", "field": "run", "event": "subscribe"},
            "event=subscribe field=run reason=missing client_protocol=1 server_protocol=1 connection=c",
        ),
        (
            '{"type": "shout", "protocol": 1}',
            {"id": None, "code": "UNKNOWN_TYPE", "field": "type", "event": "shout"},
            "event=shout field=type reason=unknown client_protocol=1 server_protocol=1 connection=c",
        ),
        (
            '{"type": "ping", "protocol": 3, "id": "8"}',
            {"id": "8", "code": "PROTOCOL_MISMATCH", "field": "protocol", "event": "ping"},
            "event=ping field=protocol reason=not-accepted client_protocol=3 server_protocol=1 connection=c",
        ),
        (
            "{",
            {"id": None, "code": "MALFORMED_EVENT", "field": None, "event": None},
            "event=none field=none reason=not-json client_protocol=1 server_protocol=1 connection=c",
        ),
        (
            b"\xff\x00",
            {"id": None, "code": "MALFORMED_EVENT", "field": None, "event": None},
            "reason=not-json",
        ),
    ],
)
async def test_a_malformed_message_is_answered_and_logged_and_the_connection_lives_on(
    disabled_backend, sent, answer, logged
):
    async with live(disabled_backend) as socket:
        await socket.send(sent)
        heard = await hear(socket)
        assert heard["type"] == "error"
        assert {name: heard[name] for name in answer} == answer
        await say(socket, type="ping", id="after")
        assert (await hear(socket))["id"] == "after"
    assert f"WARNING shakeout.console.backend.live malformed WebSocket event: {logged}" in disabled_backend.log or (
        isinstance(sent, bytes) and logged in disabled_backend.log
    )


async def test_events_of_a_run_arrive_live_in_order_and_stop_after_unsubscribing(disabled_backend, run):
    async with live(disabled_backend) as socket:
        await say(socket, type="subscribe", id="s", run=run)
        subscribed = await hear(socket)
        assert (subscribed["type"], subscribed["id"], subscribed["run"]) == ("subscribed", "s", run)
        texts = [str(number) for number in range(50)]
        await post(disabled_backend, run, *texts)
        heard = [await hear(socket) for _ in texts]
        assert [event["event"]["text"] for event in heard] == texts
        sequences = [event["sequence"] for event in heard]
        assert sequences == sorted(set(sequences))
        assert sequences[0] > subscribed["sequence"]
        await say(socket, type="unsubscribe", id="u", run=run)
        assert (await hear(socket))["type"] == "unsubscribed"
        await post(disabled_backend, run, "unheard")
        await say(socket, type="ping", id="p")
        assert (await hear(socket))["type"] == "pong"


async def test_the_past_is_replayed_before_what_is_live_without_a_gap_or_a_double(disabled_backend, run):
    await post(disabled_backend, run, "a", "b")
    async with live(disabled_backend) as socket:
        await say(socket, type="subscribe", run=run, since=0)
        await hear(socket)
        past = [await hear(socket) for _ in range(3)]
        assert [event["event"].get("text") for event in past] == [None, "a", "b"]
        assert past[0]["event"] == {"kind": "status", "state": "running"}
        await post(disabled_backend, run, "c")
        assert (await hear(socket))["event"]["text"] == "c"
    async with live(disabled_backend) as socket:
        await say(socket, type="subscribe", run=run, since=past[1]["sequence"])
        await hear(socket)
        assert [(await hear(socket))["event"]["text"] for _ in range(2)] == ["b", "c"]


async def test_posting_and_replaying_at_once_gives_each_event_once(disabled_backend, run):
    async def follow() -> list[str]:
        async with live(disabled_backend) as socket:
            await say(socket, type="subscribe", run=run, since=0)
            texts: list[str] = []
            while len(texts) < 200:
                text = (await hear(socket)).get("event", {}).get("text")
                texts += [text] if text else []
            return texts

    async def write() -> None:
        for number in range(40):
            await post(disabled_backend, run, *(f"{number}.{part}" for part in range(5)))

    *followed, _ = await asyncio.gather(*(follow() for _ in range(4)), write())
    for texts in followed:
        assert texts == [f"{number}.{part}" for number in range(40) for part in range(5)]


async def test_two_hundred_clients_all_hear_every_event(disabled_backend, run):
    async def follow(ready: asyncio.Semaphore) -> int:
        async with live(disabled_backend, open_timeout=30) as socket:
            await say(socket, type="subscribe", run="*")
            await hear(socket)
            ready.release()
            heard = 0
            while heard < 20:
                heard += (await hear(socket)).get("run") == run
            return heard

    ready = asyncio.Semaphore(0)
    clients = [asyncio.create_task(follow(ready)) for _ in range(200)]
    for _ in clients:
        await asyncio.wait_for(ready.acquire(), 30)
    await post(disabled_backend, run, *(str(number) for number in range(20)))
    assert await asyncio.gather(*clients) == [20] * 200


async def test_an_expired_token_ends_the_connection_with_its_reason(disabled_backend):
    async with live(disabled_backend, token=issue_token(seconds=2)) as socket:
        with pytest.raises(ConnectionClosedError) as caught:
            await asyncio.wait_for(socket.recv(), 5)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4001, "TOKEN_EXPIRED")


async def test_a_client_that_does_not_read_is_dropped_and_does_not_hold_up_the_others(disabled_backend, run):
    narrow = socket.create_connection(("127.0.0.1", disabled_backend.port))
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    async with live(disabled_backend, sock=narrow, max_queue=1) as slow, live(disabled_backend) as quick:
        for client in (slow, quick):
            await say(client, type="subscribe", run=run)
            await hear(client)
        posted = 0
        while "is dropped: it does not keep up" not in disabled_backend.log:
            assert posted < 1_000
            await post(disabled_backend, run, *("x" * 40_000 for _ in range(20)))
            posted += 20
            heard = [(await hear(quick))["type"] for _ in range(20)]
            assert heard == ["event"] * 20
        with pytest.raises(ConnectionClosedError) as caught:
            while True:
                await asyncio.wait_for(slow.recv(), 10)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == TOO_SLOW


def test_a_full_queue_marks_its_client_and_leaves_the_others():
    hub = Hub()
    slow, quick = Client("slow", messages=2), Client("quick")
    for client in (slow, quick):
        hub.subscribe(client, "r")
    for number in range(3):
        hub.publish(LiveEvent(run="r", sequence=number, at=0, id=str(number), event={"kind": "progress"}))
    assert slow.too_slow
    assert not quick.too_slow
    assert sum(quick.take() is not None for _ in range(5)) == 3
