"""Startup and liveness probes: TCP, HTTP and gRPC, with the timing that the template gives them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc
import h11
from google.cloud import run_v2

Endpoint = tuple[str, int]
Where = Callable[[], Endpoint | None]
"""Where the container can be reached now, if it can be."""

_RETRY = 0.05
_HEALTH_CHECK = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"


@dataclass(frozen=True, kw_only=True, slots=True)
class Probing:
    """
    One probe of one container: `kind` is `STARTUP` or `LIVENESS`; `default` where nobody asked for it. The times are
    seconds.
    """

    kind: str
    probe: run_v2.Probe
    container: str
    port: int
    default: bool = False

    @property
    def timeout(self) -> float:
        return float(self.probe.timeout_seconds or 1)

    @property
    def period(self) -> float:
        return float(self.probe.period_seconds or 10)

    @property
    def threshold(self) -> int:
        return int(self.probe.failure_threshold or 3)

    @property
    def way(self) -> str:
        """`TCP`, `HTTP` or `GRPC`."""
        if "http_get" in self.probe:
            return "HTTP"
        return "GRPC" if "grpc" in self.probe else "TCP"

    @property
    def about(self) -> str:
        """What the platform's messages say of it: container, and path or port."""
        path = f' path "{self._path}"' if self.way == "HTTP" else ""
        return f'for container "{self.container}" on port {self.port}{path}'

    @property
    def title(self) -> str:
        return f"{'Default ' if self.default else ''}{self.kind} {self.way} probe"

    @property
    def _path(self) -> str:
        return self.probe.http_get.path or "/"

    async def ask(self, where: Where) -> str:
        """
        Try once, for at most the probe's timeout; an empty text means that all is well, another one what was wrong.

        A connection that is refused is tried again until the timeout: the default startup probe is a single try that
        waits for as long as the container may take.
        """
        until = time.monotonic() + self.timeout
        while (left := until - time.monotonic()) > 0:
            endpoint = where()
            if endpoint is not None:
                try:
                    async with asyncio.timeout(left):
                        return await self._try(endpoint)
                except TimeoutError:
                    return "DEADLINE_EXCEEDED"
                except OSError:
                    pass  # refused, or cut off: again, until the time is up
            await asyncio.sleep(min(_RETRY, max(left, 0.0)))
        return "ERROR_CONNECTION_FAILED" if self.way == "HTTP" else "DEADLINE_EXCEEDED"

    def _try(self, endpoint: Endpoint) -> Awaitable[str]:
        if self.way == "HTTP":
            headers = [(header.name, header.value) for header in self.probe.http_get.http_headers]
            return _http(endpoint, self._path, headers)
        if self.way == "GRPC":
            return _grpc(endpoint, self.probe.grpc.service)
        return _tcp(endpoint)


async def _tcp(endpoint: Endpoint) -> str:
    _, writer = await asyncio.open_connection(*endpoint)
    writer.close()
    return ""


async def _http(endpoint: Endpoint, path: str, headers: list[tuple[str, str]]) -> str:
    reader, writer = await asyncio.open_connection(*endpoint)
    try:
        connection = h11.Connection(h11.CLIENT)
        fields = [("Host", f"{endpoint[0]}:{endpoint[1]}"), ("User-Agent", "CloudRun-Probe"), ("Connection", "close")]
        request = h11.Request(method="GET", target=path, headers=[*fields, *headers])
        writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                # 2xx and 3xx are well, as Cloud Run's documentation on health checks says.
                return "" if 200 <= event.status_code < 400 else f"HTTP status {event.status_code}"
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65_536))
            elif isinstance(event, h11.ConnectionClosed):
                return "UNAVAILABLE"
    except h11.RemoteProtocolError:
        return "UNAVAILABLE"
    finally:
        writer.close()


async def _grpc(endpoint: Endpoint, service: str) -> str:
    """grpc.health.v1's Check, whose two messages are small enough to be written here as bytes."""
    name = service.encode()
    request = b"\x0a" + bytes([len(name)]) + name if name else b""
    async with grpc.aio.insecure_channel(f"{endpoint[0]}:{endpoint[1]}") as channel:
        try:
            answer = await channel.unary_unary(_HEALTH_CHECK)(request)
        except grpc.aio.AioRpcError as error:
            return str(error.code().name)
    return "" if answer == _SERVING else "NOT_SERVING"
