"""
Takes REST requests in.

`gcloud` puts the region before the endpoint's host, whatever that host is. So it is pointed at a host that exists
nowhere, and at this server as its proxy: what arrives names the whole URL, and the region is read from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.ingress.peer import Peer, header
from shakeout.rehearsal.rest.routes import Asked, Routes

HOST = "127.0.0.1"
NOWHERE = "run.rehearsal.invalid"
"""The host that `gcloud` is told (RFC 6761: a name below `invalid` never exists)."""

_REGION = re.compile(rf"([a-z]+-[a-z]+\d+)-{re.escape(NOWHERE)}")


class RestServer:
    """Serves `routes` on loopback."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self) -> str:
        """Begin to serve on a free port; returns the URL."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        client = Peer(h11.SERVER, reader, writer)
        try:
            with contextlib.suppress(h11.RemoteProtocolError, h11.LocalProtocolError, ConnectionError):
                while isinstance(request := await client.receive(), h11.Request):
                    body = b""
                    while isinstance(event := await client.receive(), h11.Data):
                        body += event.data
                    if not isinstance(event, h11.EndOfMessage):
                        return
                    await self._answer(client, request, body)
                    client.protocol.start_next_cycle()
        except asyncio.CancelledError:
            pass  # the double is stopping, and nobody waits for this task
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, client: Peer, request: h11.Request, body: bytes) -> None:
        status = 200
        try:
            answer = await self._routes.answer(_asked(request, body))
        except RefusedError as error:
            status = error.http_status
            answer = {"error": {"code": status, "message": error.message, "status": error.code}}
        await client.answer(status, json.dumps(answer).encode(), "application/json; charset=UTF-8")


def _asked(request: h11.Request, body: bytes) -> Asked:
    parts = urlsplit(request.target.decode("latin-1"))
    host = parts.hostname or header(request.headers, "host").partition(":")[0]
    match = _REGION.fullmatch(host)
    try:
        values = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise RefusedError("INVALID_ARGUMENT", "Invalid JSON payload received.") from error
    if not isinstance(values, dict):
        raise RefusedError("INVALID_ARGUMENT", "Invalid JSON payload received. An object is expected.")
    return Asked(
        method=request.method.decode("latin-1"),
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query)),
        region=match[1] if match else "",
        body=values,
    )
