"""Requests on their way to an instance and back."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets

from fixtures.rehearsal import Clients, Start
from shakeout.rehearsal import Command

CHAT = """
import asyncio, os, websockets
async def talk(socket):
    async for message in socket:
        await socket.send(socket.request.path + " " + message)
async def refuse(connection, request):
    if request.path == "/closed":
        return connection.respond(418, "not today")
async def main():
    port = int(os.environ["PORT"])
    async with websockets.serve(talk, "0.0.0.0", port, process_request=refuse, subprotocols=["shop.v2"]) as server:
        await server.serve_forever()
asyncio.run(main())
"""


async def test_a_request_and_its_answer_arrive_as_they_were_sent(clients: Clients) -> None:
    made = await clients.create()
    body = bytes(range(256)) * 2000
    answer = await clients.http.post(f"{made.uri}/orders?limit=3&x=%20", content=body, headers={"X-Shop": "Ü".encode()})
    assert (answer.status_code, answer.content) == (201, body)
    headers = (await clients.http.get(made.uri, headers={"Host": "shop.example"})).json()["headers"]
    assert headers["Host"] == "shop.example"
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert "X-Cloud-Trace-Context" in headers


async def test_a_request_is_logged_in_cloud_loggings_shape(clients: Clients) -> None:
    made = await clients.create(labels={"commit": "0123abc"})
    await clients.http.get(f"{made.uri}/orders", headers={"User-Agent": "shopper"})
    [entry] = await clients.logs('log_id("run.googleapis.com/requests")')
    assert entry.http_request.request_url == f"{made.uri}/orders"
    assert (entry.http_request.status, entry.http_request.request_method) == (200, "GET")
    assert entry.http_request.user_agent == "shopper"
    assert entry.resource.type == "cloud_run_revision"
    assert dict(entry.resource.labels) == {
        "project_id": "shop",
        "location": "europe-west1",
        "service_name": "web",
        "configuration_name": "web",
        "revision_name": made.latest_ready_revision.rpartition("/")[2],
    }
    assert entry.labels["commit"] == "0123abc"
    assert len(entry.labels["instanceId"]) > 60
    assert 0 <= entry.http_request.latency.ToTimedelta().total_seconds() < 30


async def test_a_request_that_takes_too_long_is_ended_with_504(clients: Clients) -> None:
    made = await clients.create(timeout={"seconds": 1})
    answer = await clients.http.get(f"{made.uri}/sleep/30")
    assert (answer.status_code, answer.text) == (504, "upstream request timeout")
    [entry] = await clients.logs("httpRequest.status=504")
    assert entry.text_payload.startswith("The request has been terminated because it has reached the maximum request")
    assert 1 <= entry.http_request.latency.ToTimedelta().total_seconds() < 3


async def test_several_requests_share_a_connection(clients: Clients) -> None:
    made = await clients.create()
    host, port = made.uri.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for _ in range(2):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(length)
    writer.close()


async def test_what_is_no_http_does_no_harm(clients: Clients) -> None:
    made = await clients.create()
    host, port = made.uri.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    assert (await clients.http.get(made.uri)).status_code == 200


@pytest.fixture
async def chat(rehearse: Start, tmp_path: Path) -> Any:
    (tmp_path / "chat.py").write_text(CHAT, encoding="utf-8")
    command = Command(words=(sys.executable, "chat.py"), folder=tmp_path)
    clients = await rehearse(commands={"docker.io/shop/chat": command}, startup_seconds=10.0)
    made = await clients.create("chat", image="docker.io/shop/chat:2", timeout={"seconds": 2})
    return clients, made.uri.replace("http://", "ws://")


async def test_a_websocket_passes_and_is_limited_by_the_request_timeout(chat: Any) -> None:
    clients, url = chat
    async with websockets.connect(f"{url}/room", subprotocols=["shop.v1", "shop.v2"], proxy=None) as socket:
        assert socket.subprotocol == "shop.v2"
        await socket.send("hello")
        assert await socket.recv() == "/room hello"
        with pytest.raises(websockets.ConnectionClosedError):
            await socket.recv()
    [entry] = await clients.logs("httpRequest.status=101")
    assert entry.text_payload.startswith("The request has been terminated")


async def test_a_refused_handshake_arrives_as_it_was_refused(chat: Any) -> None:
    _, url = chat
    with pytest.raises(websockets.InvalidStatus) as caught:
        await websockets.connect(f"{url}/closed", proxy=None)
    assert caught.value.response.status_code == 418
    assert b"not today" in caught.value.response.body


async def test_an_answer_that_breaks_off_is_cut_off_and_told(rehearse: Start, tmp_path: Path) -> None:
    script = (
        "import os, socket\n"
        "server = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))\n"
        "while True:\n"
        "    connection, _ = server.accept()\n"
        "    if connection.recv(4096):\n"
        "        connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nhalf')\n"
        "    connection.close()\n"
    )
    (tmp_path / "half.py").write_text(script, encoding="utf-8")
    command = Command(words=(sys.executable, "-I", "-S", "half.py"), folder=tmp_path)
    clients = await rehearse(commands={"docker.io/shop/half": command})
    made = await clients.create("half", image="docker.io/shop/half")
    with pytest.raises(httpx2.RemoteProtocolError):
        await clients.http.get(made.uri)
    text = await clients.until_logged('textPayload:"Truncated response body"')
    assert text.startswith("Truncated response body.")
