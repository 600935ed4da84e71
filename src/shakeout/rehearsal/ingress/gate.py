"""
The addresses of services and tags, and which revision a request goes to.

Each service and each tag has a port of its own on loopback, since that is what every client on this machine can reach.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import socket
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import h11

from shakeout.rehearsal import messages
from shakeout.rehearsal.ingress.doors import listening_in
from shakeout.rehearsal.ingress.exchange import Exchange
from shakeout.rehearsal.ingress.peer import Peer, header
from shakeout.rehearsal.instances.pool import NoInstanceError
from shakeout.rehearsal.logs.logbook import Logbook, Origin
from shakeout.rehearsal.records import RevisionRecord, ServiceRecord
from shakeout.targets import ports

HOST = "127.0.0.1"
_FORBIDDEN = (
    "<html><head><title>403 Forbidden</title></head><body><h1>Error: Forbidden</h1>"
    "<h2>Your client does not have permission to get URL <code>{path}</code> from this server.</h2></body></html>"
)
_NOT_FOUND = "<html><head><title>Error 404 (Not Found)</title></head><body><h1>Error: Page not found</h1></body></html>"
_TRIES = 5
_INVOKER = "roles/run.invoker"


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Gate:
    """Takes requests in; `logbook` gets an entry for each."""

    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook
        self._servers: dict[tuple[str, str], tuple[str, asyncio.Task[asyncio.Server]]] = {}
        self._reserved: dict[str, ports.HeldPort] = {}
        self._handlers: dict[int, Handler] = {}
        self._doors: dict[int, dict[int, asyncio.Task[asyncio.Server]]] = {}
        self._connections: set[asyncio.Task[Any]] = set()
        self._turns: dict[str, dict[str, int]] = {}

    async def stop(self) -> None:
        for pid in list(self._doors):
            self.close_in(pid)
        for key in list(self._servers):
            await self._close(key)
        for held in self._reserved.values():
            held.release()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def reserve(self, name: str, port: int | None = None) -> str:
        """The URL that the service of this full name will have whenever it is there; its port is held until then."""
        held = self._reserved.get(name) or (ports.hold_fixed(port) if port else ports.hold_free())
        self._reserved[name] = held
        return f"http://{HOST}:{held.number}"

    def address(self, record: ServiceRecord, tag: str) -> str:
        """The URL of a service, or of one of its tags; the same as long as the service is there."""
        key = (str(record.name), tag)
        if key not in self._servers:
            held = self._reserved.get(str(record.name)) if not tag else None
            if held is not None:
                held.release()
            listening = socket.create_server((HOST, held.number if held is not None else 0))
            port = listening.getsockname()[1]

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await self._serve(record, tag, Peer(h11.SERVER, reader, writer))

            self._handlers[port] = serve
            starting = asyncio.ensure_future(asyncio.start_server(serve, sock=listening))
            self._servers[key] = (f"http://{HOST}:{port}", starting)
            for pid in self._doors:
                self._open_door(pid, port)
        return self._servers[key][0]

    # -- doors for containers, see `instances.containers.Doors`

    async def open_in(self, pid: int) -> None:
        """Have every address here in the network namespace of a process too."""
        self._doors[pid] = {}
        for port in (*self._handlers, *(held.number for held in self._reserved.values())):
            if port not in self._doors[pid]:
                self._open_door(pid, port)
        await asyncio.gather(*self._doors[pid].values())

    def close_in(self, pid: int) -> None:
        for starting in self._doors.pop(pid, {}).values():
            if starting.done() and not starting.cancelled() and not starting.exception():
                starting.result().close()

    def ports(self) -> frozenset[int]:
        return frozenset({*self._handlers, *(held.number for held in self._reserved.values())})

    def _open_door(self, pid: int, port: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            handler = self._handlers.get(port)
            if handler is None:
                writer.close()  # the service is not there yet
            else:
                await handler(reader, writer)

        listening = listening_in(pid, HOST, port)
        self._doors[pid][port] = asyncio.ensure_future(asyncio.start_server(serve, sock=listening))

    def forget(self, record: ServiceRecord) -> None:
        """Take a service's addresses back."""
        for key in [key for key in self._servers if key[0] == str(record.name)]:
            task = asyncio.ensure_future(self._close(key))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _close(self, key: tuple[str, str]) -> None:
        url, starting = self._servers.pop(key)
        self._handlers.pop(int(url.rpartition(":")[2]), None)
        server = await starting
        server.close()

    async def _serve(self, record: ServiceRecord, tag: str, client: Peer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(h11.RemoteProtocolError, h11.LocalProtocolError, ConnectionError):
                while isinstance(request := await client.receive(), h11.Request):
                    await self._exchange(record, tag, client, request)
                    if client.protocol.our_state is not h11.DONE or client.protocol.their_state is not h11.DONE:
                        break
                    client.protocol.start_next_cycle()
        except asyncio.CancelledError:
            pass  # the double is stopping, and nobody waits for this task
        finally:
            self._connections.discard(task)
            client.writer.close()

    async def _exchange(self, record: ServiceRecord, tag: str, client: Peer, request: h11.Request) -> None:
        remote = client.writer.get_extra_info("peername")[0]
        exchange = Exchange(client=client, request=request, remote=remote, trace=uuid.uuid4().hex)
        revision = self._choose(record, tag)
        instance = ""
        try:
            if not _may_call(record, request):
                page = _FORBIDDEN.format(path=html.escape(request.target.decode("latin-1")))
                await exchange.refuse(403, page, messages.NOT_AUTHENTICATED, "text/html")
            elif revision is None or revision.pool is None:
                await exchange.refuse(404, _NOT_FOUND, "", "text/html")
            else:
                instance = await self._forward(exchange, revision)
        finally:
            self._log(record, revision, instance, exchange)

    async def _forward(self, exchange: Exchange, revision: RevisionRecord) -> str:
        """Let an instance of the revision answer; returns its id, empty where there was none."""
        assert revision.pool is not None
        try:
            for _ in range(_TRIES):
                async with revision.pool.room() as instance:
                    endpoint = instance.known_endpoint()
                    try:
                        server = await exchange.connect(endpoint) if endpoint else None
                    except OSError:
                        server = None
                    if server is None:
                        instance.lost()
                        continue
                    await exchange.forward(server, revision.message.timeout.total_seconds(), instance.hung_up)
                    return instance.origin.instance
            await exchange.refuse(503, "Service Unavailable", messages.MALFORMED)
            return ""
        except NoInstanceError as error:
            if error.starting:
                await exchange.refuse(503, "Service Unavailable", messages.NOT_STARTED)
            else:
                await exchange.refuse(429, "Rate exceeded.", messages.NO_INSTANCE)
            return ""

    def _choose(self, record: ServiceRecord, tag: str) -> RevisionRecord | None:
        """
        The revision that a request goes to: by tag, or by percent.

        Cloud Run draws lots; here the revisions take turns in exactly these proportions, so that a rehearsal can be
        repeated.
        """
        if tag:
            return record.revisions.get(record.tags.get(tag, ""))
        if not record.percents:
            return None
        turns = self._turns.setdefault(str(record.name), {})
        for name in [name for name in turns if name not in record.percents]:
            del turns[name]
        for name, percent in record.percents.items():
            turns[name] = turns.get(name, 0) + percent
        chosen = max(record.percents, key=lambda name: turns[name])
        turns[chosen] -= 100
        return record.revisions.get(chosen)

    def _log(self, record: ServiceRecord, revision: RevisionRecord | None, instance: str, exchange: Exchange) -> None:
        request = exchange.request
        where = record.name.location
        origin = Origin(
            project=where.project,
            region=where.region,
            service=record.name.id,
            revision=revision.id if revision else "",
            instance=instance,
            labels=dict(revision.message.labels) if revision else {},
        )
        host = header(request.headers, "host")
        status = exchange.status or 499
        fields = {
            "time": exchange.time,
            "seconds": asyncio.get_running_loop().time() - exchange.began,
            "request_method": request.method.decode("latin-1"),
            "request_url": f"http://{host}{request.target.decode('latin-1')}",
            "request_size": exchange.asked,
            "status": status,
            "response_size": exchange.answered,
            "user_agent": header(request.headers, "user-agent"),
            "remote_ip": exchange.remote,
            "referer": header(request.headers, "referer"),
            "protocol": "HTTP/1.1",
        }
        severity = "ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO"
        if exchange.text in {messages.TIMED_OUT, messages.TRUNCATED}:
            severity = "ERROR" if exchange.text == messages.TIMED_OUT else "WARNING"
        self._logbook.request(origin, fields, text=exchange.text, severity=severity, trace=exchange.trace)


def _may_call(record: ServiceRecord, request: h11.Request) -> bool:
    """Whether the service is open to everybody, or the request names who asks (whoever that is)."""
    if record.message.invoker_iam_disabled or header(request.headers, "authorization"):
        return True
    bindings = record.policy.bindings if record.policy else []
    return any(binding.role == _INVOKER and "allUsers" in binding.members for binding in bindings)
