"""Long-running operations: what a change of a service is answered with, and asked after until it is done."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import any_pb2, empty_pb2

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.names import Location

Message = Any
"""One of the API's messages."""


class Operations:
    """The operations of one double. Work that is still going on is given up by `close`."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, location: Location, about: Message, work: Callable[[], Awaitable[Message]]) -> Any:
        """Begin `work`, whose message is the operation's response, or whose RefusedError is its error."""
        name = f"{location}/operations/{uuid.uuid4()}"
        operation = operations_pb2.Operation(name=name, metadata=packed(about))
        self._known[name] = operation
        self._tasks[name] = asyncio.get_running_loop().create_task(self._run(operation, work))
        return _copied(operation)

    def done(self, location: Location, about: Message) -> Any:
        """An operation that is done already: what a dry run is answered with."""
        name = f"{location}/operations/{uuid.uuid4()}"
        return operations_pb2.Operation(name=name, metadata=packed(about), done=True, response=packed(about))

    async def get(self, request: Any) -> Any:
        return _copied(self._find(request.name))

    async def wait(self, request: Any) -> Any:
        """Until the operation is done, at most for the time that the request gives."""
        task = self._tasks.get(self._find(request.name).name)
        if task is not None:
            seconds = request.timeout.ToTimedelta().total_seconds() if request.HasField("timeout") else 30.0
            await asyncio.wait([task], timeout=min(seconds, 30.0))
        return _copied(self._find(request.name))

    async def list_all(self, request: Any) -> Any:
        found = [one for name, one in self._known.items() if name.startswith(f"{request.name}/")]
        return operations_pb2.ListOperationsResponse(operations=found)

    async def delete(self, request: Any) -> Any:
        del self._known[self._find(request.name).name]
        return empty_pb2.Empty()

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, operation: Any, work: Callable[[], Awaitable[Message]]) -> None:
        try:
            operation.response.CopyFrom(packed(await work()))
        except RefusedError as error:
            operation.error.code = error.number
            operation.error.message = error.message
        except Exception as error:  # whoever waits is told, whatever it was
            operation.error.code = 13
            operation.error.message = f"the rehearsal failed: {type(error).__name__}: {error}"
        operation.done = True

    def _find(self, name: str) -> Any:
        if name not in self._known:
            raise RefusedError("NOT_FOUND", f"Operation {name!r} was not found.")
        return self._known[name]


def packed(message: Message) -> Any:
    """A message as `Any` carries it."""
    plain = type(message).pb(message) if hasattr(type(message), "pb") else message
    envelope = any_pb2.Any()
    envelope.Pack(plain)
    return envelope


def _copied(operation: Any) -> Any:
    copy = operations_pb2.Operation()
    copy.CopyFrom(operation)
    return copy
