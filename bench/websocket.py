"""
How fast the backend hands live events to many clients, beside a bare server that does nothing else.

Data: 200 progress events of about 200 bytes, posted over HTTP in 4 calls, to 1,000 clients that subscribed to the run.
Method: the backend is the real process (history disabled, one worker). The baseline is a bare ASGI application under
the same uvicorn: it writes the same number of messages of the same size to every client in turn, without queues,
schema, tokens or HTTP. The same clients (one process, the `websockets` library) read both, so that what the clients
cost is in both numbers. Measured from the first post until the last client has heard the last event; the best of three.

    make bench NAME=websocket        or        python -m bench.websocket [clients] [events]
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from shakeout.console.tokens import Tokens, TokenSettings

KEY = secrets.token_hex(16)
ROUNDS = 3
TEXT = "x" * 120

BARE = """
import asyncio, sys, uvicorn

sends = []

async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    sends.append(send)
    while (message := await receive())["type"] != "websocket.disconnect":
        count, text = message["text"].split(" ", 1)
        for _ in range(int(count)):
            for other in sends:
                await other({"type": "websocket.send", "text": text})
    sends.remove(send)

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off",
            ws_per_message_deflate=False)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answering(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise RuntimeError(f"nothing listens on port {port}")


async def heard(socket: ClientConnection, count: int) -> None:
    for _ in range(count):
        await socket.recv()


async def best(sockets: list[ClientConnection], events: int, start: Callable[[], Awaitable[Any]]) -> float:
    """Messages a second over all clients, the best of some rounds."""
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await asyncio.gather(start(), *(heard(socket, events) for socket in sockets))
        rates.append(events * len(sockets) / (time.perf_counter() - began))
    return max(rates)


async def opened(url: str, count: int, **options: Any) -> list[ClientConnection]:
    sockets: list[ClientConnection] = []
    while len(sockets) < count:
        batch = min(50, count - len(sockets))
        sockets += await asyncio.gather(
            *(connect(url, compression=None, proxy=None, ping_interval=None, open_timeout=30, max_queue=None, **options)
              for _ in range(batch))
        )  # fmt: skip
    return sockets


async def backend(clients: int, events: int) -> float:
    """Messages a second of the real backend."""
    port = free_port()
    token = Tokens(TokenSettings(keys=(KEY,))).issue(account_id="a", email="a@example.com", session_id="s")[0]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "PORT": str(port), "HISTORY_URL": "disabled",
                       "SPOOL_DIR": folder, "TOKEN_KEY": KEY}  # fmt: skip
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "shakeout.console.backend"], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            await answering(port)
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as http:
                run = {"id": "bench", "application": "a", "environment": "e", "commit": "c", "target": "t"}
                (await http.post("/v1/runs", json={"run": run})).raise_for_status()
                offered = ["shakeout.1", f"bearer.{token}"]
                sockets = await opened(f"ws://127.0.0.1:{port}/v1/live", clients, subprotocols=offered)
                for place, client in enumerate(sockets):
                    await client.send(
                        json.dumps({"type": "subscribe", "protocol": 1, "id": str(place), "run": "bench"})
                    )
                    await client.recv()

                async def post() -> None:
                    part = [{"kind": "progress", "text": TEXT}] * (events // 4)
                    for _ in range(4):
                        (await http.post("/v1/runs/bench/events", json={"events": part})).raise_for_status()

                rate = await best(sockets, events, post)
                await asyncio.gather(*(client.close() for client in sockets))
                return rate
        finally:
            process.terminate()
            process.wait(10)


async def bare(clients: int, events: int) -> float:
    """Messages a second of a server that does nothing else."""
    port = free_port()
    command = [sys.executable, "-c", BARE, str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        await answering(port)
        sockets = await opened(f"ws://127.0.0.1:{port}/", clients)
        message = {"type": "event", "protocol": 1, "run": "bench", "sequence": 1795437219000,
                   "at": "2026-01-01T00:00:00.000Z", "event": {"kind": "progress", "text": TEXT}}  # fmt: skip
        text = f"{events} {json.dumps(message, separators=(',', ':'))}"
        rate = await best(sockets, events, lambda: sockets[0].send(text))
        await asyncio.gather(*(client.close() for client in sockets))
        return rate
    finally:
        process.terminate()
        process.wait(10)


async def main() -> None:
    """Measure both, print the table to standard error and one JSON object to standard output."""
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    events = (int(sys.argv[2]) if len(sys.argv) > 2 else 200) // 4 * 4
    bare_rate = await bare(clients, events)
    rate = await backend(clients, events)
    print(f"{clients} clients, {events} events, best of {ROUNDS}", file=sys.stderr)
    print(f"{'':24}{'messages/s':>12}{'ratio':>8}", file=sys.stderr)
    print(f"{'bare uvicorn':24}{bare_rate:>12,.0f}{1:>8.2f}", file=sys.stderr)
    print(f"{'backend':24}{rate:>12,.0f}{rate / bare_rate:>8.2f}", file=sys.stderr)
    result = {
        "benchmark": "websocket",
        "clients": clients,
        "events": events,
        "messages_per_second": round(rate),
        "baseline": "a bare ASGI application under the same uvicorn",
        "baseline_messages_per_second": round(bare_rate),
        "ratio": round(rate / bare_rate, 3),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(main())
