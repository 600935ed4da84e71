"""
One request on its way to an instance and back, WebSocket too.

What was asked for in an `Upgrade` is passed through as bytes once both sides have agreed, so that subprotocols,
extensions and a refused handshake arrive as they were sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import h11

from shakeout.rehearsal import messages
from shakeout.rehearsal.ingress.peer import Peer, header
from shakeout.rehearsal.instances.probes import Endpoint

_CONNECT_SECONDS = 5.0
_READ = 65_536
_OURS = {b"connection", b"keep-alive", b"proxy-connection", b"x-forwarded-for", b"x-forwarded-proto", b"forwarded"}


@dataclass(kw_only=True, slots=True)
class Exchange:
    """
    A request, and what became of it: `status` is 0 until there is an answer; sizes are in bytes.

    `hung_up`: the instance closed the connection.
    """

    client: Peer
    request: h11.Request
    remote: str
    trace: str
    status: int = 0
    asked: int = 0
    answered: int = 0
    text: str = ""
    hung_up: bool = False
    began: float = field(default_factory=time.monotonic)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def upgrade(self) -> bool:
        """Whether the client asks for another protocol, such as WebSocket."""
        return bool(header(self.request.headers, "upgrade"))

    async def refuse(self, status: int, body: str, text: str, kind: str = "text/plain") -> None:
        """Answer in the instance's place; `text` is what the log says of it."""
        self.status, self.text = status, text
        with contextlib.suppress(ConnectionError, h11.LocalProtocolError):
            await self.client.answer(status, body.encode(), kind, [(b"Connection", b"close")])

    async def connect(self, endpoint: Endpoint) -> Peer:
        """A connection to an instance; OSError (a TimeoutError too) where there is none to be had."""
        async with asyncio.timeout(_CONNECT_SECONDS):
            return Peer(h11.CLIENT, *await asyncio.open_connection(*endpoint))

    async def forward(self, server: Peer, seconds: float, over: Callable[[], Awaitable[None]]) -> None:
        """
        Let the instance answer, within so many seconds.

        Where it hangs up in the middle, `over` is awaited before the client hears of it: an instance that ends closes
        its connections some time before its end is known, and must not be asked again meanwhile.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._forward(server)
        except TimeoutError:
            if self.status:
                self.text = messages.TIMED_OUT
                await self._cut_off()
            else:
                await self.refuse(504, "upstream request timeout", messages.TIMED_OUT)
        except (OSError, h11.RemoteProtocolError, h11.LocalProtocolError, EOFError):
            if self.hung_up:
                await over()
            if self.status:
                self.text = messages.TRUNCATED
                await self._cut_off()
            else:
                await self.refuse(503, "Service Unavailable", messages.MALFORMED)

    async def _forward(self, server: Peer) -> None:
        sending: asyncio.Task[None] | None = None
        try:
            head = h11.Request(method=self.request.method, target=self.request.target, headers=self._headers())
            await server.send(head)
            sending = asyncio.ensure_future(self._send_body(server))
            await self._answer(server, sending)
        finally:
            if sending:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            self.hung_up = server.gone
            await server.close()

    def _headers(self) -> list[tuple[bytes, bytes]]:
        kept = [(key, value) for key, value in self.request.headers.raw_items() if key.lower() not in _OURS]
        forwarded = header(self.request.headers, "x-forwarded-for")
        chain = f"{forwarded}, {self.remote}" if forwarded else self.remote
        added = [(b"X-Forwarded-For", chain.encode()), (b"X-Forwarded-Proto", b"http"),
                 (b"Forwarded", f'for="{self.remote}";proto=http'.encode())]  # fmt: skip
        if not header(self.request.headers, "x-cloud-trace-context"):
            added.append((b"X-Cloud-Trace-Context", f"{self.trace}/1;o=0".encode()))
        if self.upgrade:
            added.append((b"Connection", b"Upgrade"))
        return [*kept, *added]

    async def _send_body(self, server: Peer) -> None:
        while True:
            event = await self.client.receive()
            if isinstance(event, h11.Data):
                self.asked += len(event.data)
                await server.send(event)
            elif isinstance(event, h11.EndOfMessage):
                await server.send(event)
                return
            else:
                raise EOFError("the client is gone")

    async def _answer(self, server: Peer, sending: asyncio.Task[None]) -> None:
        while True:
            event = await server.receive()
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                await sending
                await self.client.send(event)
                self.status = 101
                await self._pump(server)
                return
            if isinstance(event, h11.InformationalResponse):
                continue
            if isinstance(event, h11.Response):
                self.status = event.status_code
                fields = [(key, value) for key, value in event.headers.raw_items() if key.lower() not in _OURS]
                await self.client.send(h11.Response(status_code=event.status_code, headers=fields, reason=event.reason))
            elif isinstance(event, h11.Data):
                self.answered += len(event.data)
                await self.client.send(event)
            elif isinstance(event, h11.EndOfMessage):
                await self.client.send(event)
                return
            else:
                raise EOFError("the instance closed the connection")

    async def _pump(self, server: Peer) -> None:
        """Pass bytes on in both directions until one side is done."""
        ways = [
            asyncio.ensure_future(self._copy(self.client, server, "asked")),
            asyncio.ensure_future(self._copy(server, self.client, "answered")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _copy(self, source: Peer, target: Peer, count: str) -> None:
        data, _ = source.protocol.trailing_data
        with contextlib.suppress(ConnectionError):
            while True:
                if data:
                    setattr(self, count, getattr(self, count) + len(data))
                    target.writer.write(data)
                    await target.writer.drain()
                data = await source.reader.read(_READ)
                if not data:
                    return

    async def _cut_off(self) -> None:
        """End the connection, since the answer cannot be completed."""
        transport: Any = self.client.writer.transport
        transport.abort()
