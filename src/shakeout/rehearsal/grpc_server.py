"""The double's gRPC interface: the official services, on loopback, without transport security."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.calls import Call, Stream

HOST = "127.0.0.1"
_GRACE = 0.2


class GrpcServer:
    """Serves a table of calls."""

    def __init__(self, calls: Sequence[Call], streams: Sequence[Stream]) -> None:
        self._server = grpc.aio.server()
        methods: dict[str, dict[str, Any]] = {}
        for call in calls:
            handler = grpc.unary_unary_rpc_method_handler(_unary(call.answer), _parser(call.takes), _bytes)
            methods.setdefault(call.service, {})[call.method] = handler
        for stream in streams:
            handler = grpc.stream_stream_rpc_method_handler(_streamed(stream.answer), _parser(stream.takes), _bytes)
            methods.setdefault(stream.service, {})[stream.method] = handler
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(service, handlers) for service, handlers in methods.items()]
        )

    async def start(self, port: int = 0) -> str:
        """Begin to serve, on a free port unless one is given; returns the address as `HOST:PORT`."""
        found = self._server.add_insecure_port(f"{HOST}:{port}")
        await self._server.start()
        return f"{HOST}:{found}"

    async def stop(self) -> None:
        await self._server.stop(_GRACE)


def _unary(answer: Callable[[Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def handle(request: Any, context: Any) -> Any:
        try:
            return await answer(request)
        except RefusedError as error:
            await context.abort(grpc.StatusCode[error.code], error.message)

    return handle


def _streamed(answer: Callable[[AsyncIterator[Any]], AsyncIterator[Any]]) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def handle(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        try:
            async for message in answer(requests):
                yield message
        except RefusedError as error:
            await context.abort(grpc.StatusCode[error.code], error.message)

    return handle


def _parser(takes: Any) -> Callable[[bytes], Any]:
    parser: Callable[[bytes], Any] = takes.deserialize if hasattr(takes, "deserialize") else takes.FromString
    return parser


def _bytes(message: Any) -> bytes:
    """A message of either kind: of proto-plus or of protobuf itself."""
    kind = type(message)
    data: bytes = kind.serialize(message) if hasattr(kind, "serialize") else message.SerializeToString()
    return data
