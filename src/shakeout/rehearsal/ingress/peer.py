"""One side of an HTTP/1.1 conversation: a stream and h11's view of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import h11

_READ = 65_536
_LARGEST_HEAD = 128 * 1024

Headers = Sequence[tuple[bytes, bytes]]


class Peer:
    """`role` is `h11.SERVER` where we answer, `h11.CLIENT` where we ask."""

    def __init__(self, role: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.protocol = h11.Connection(role, max_incomplete_event_size=_LARGEST_HEAD)
        self.reader = reader
        self.writer = writer

    @property
    def gone(self) -> bool:
        """Whether the other side was found to have closed the connection."""
        return self.reader.at_eof() or self.reader.exception() is not None

    async def receive(self) -> Any:
        """The next event; raises h11.RemoteProtocolError where the other side breaks the protocol."""
        while True:
            event = self.protocol.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self.protocol.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                data = await self.reader.read(_READ)
            except ConnectionError:
                data = b""
            self.protocol.receive_data(data)

    async def send(self, event: Any) -> None:
        """Send an event; raises ConnectionError where the other side is gone."""
        data = self.protocol.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self, status: int, body: bytes, kind: str = "text/plain", headers: Headers = ()) -> None:
        """A whole answer."""
        fields = [(b"Content-Type", kind.encode()), (b"Content-Length", str(len(body)).encode()), *headers]
        await self.send(h11.Response(status_code=status, headers=fields))
        if body:
            await self.send(h11.Data(data=body))
        await self.send(h11.EndOfMessage())

    async def close(self) -> None:
        # At once: a side that does not read any more must not keep us.
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def header(headers: Any, name: str) -> str:
    """The value of a header, empty where there is none."""
    wanted = name.lower().encode()
    return next((value.decode("latin-1") for key, value in headers if key.lower() == wanted), "")
