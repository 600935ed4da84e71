"""
The instances of one revision: as many as requests need, between the revision's least and most.

A request waits for an instance that has room; where there is none and one more is allowed, one more is started.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from shakeout.rehearsal.instances.instance import Instance, NotReadyError

Make = Callable[[], Instance]

_SWEEP = 0.5
_QUEUE_SECONDS = 10.0
_LAST_GRACE = 1.0


class NoInstanceError(Exception):
    """No instance has room, none could be started; `starting` where starting one failed."""

    def __init__(self, *, starting: bool) -> None:
        super().__init__(f"starting={starting}")
        self.starting = starting


@dataclass(kw_only=True, slots=True, eq=False)
class Pool:
    """
    `concurrency` is how many requests one instance gets at a time, `least` and `most` how many instances there are,
    `idle_seconds` how long one without requests stays beyond the least.
    """

    make: Make
    concurrency: int
    least: int
    most: int
    idle_seconds: float
    instances: list[Instance] = field(default_factory=list)
    retired: bool = False
    _room: asyncio.Condition = field(default_factory=asyncio.Condition)
    _starting: int = 0
    _waiting: int = 0
    _watching: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, reason: str) -> Instance:
        """Start one more instance, whatever the limits; NotReadyError where it does not come up."""
        instance = self.make()
        self._starting += 1
        try:
            await instance.start(reason)
        finally:
            self._starting -= 1
        self.instances.append(instance)
        self._spawn(self._forget_at_end(instance))
        await self._tell()
        return instance

    async def hold_least(self) -> None:
        """Start what is missing to the least number of instances, and keep it so."""
        while len(self.instances) + self._starting < self.least and not self.retired:
            try:
                await self.start("MIN_INSTANCES")
            except NotReadyError:
                await asyncio.sleep(1.0)

    def begin(self) -> None:
        """Begin to scale down what is idle."""
        self._spawn(self._sweep())
        self._spawn(self.hold_least())

    @contextlib.asynccontextmanager
    async def room(self) -> AsyncIterator[Instance]:
        """An instance for one request. Raises NoInstanceError."""
        instance = await self._take()
        try:
            yield instance
        finally:
            instance.requests -= 1
            instance.idle_since = time.monotonic()
            await self._tell()

    async def close(self) -> None:
        """End every instance, with little patience: nobody waits for what it does any more."""
        self.retired = True
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.gather(*(instance.stop(_LAST_GRACE) for instance in self.instances))
        self.instances.clear()

    async def _take(self) -> Instance:
        self._waiting += 1
        try:
            return await self._take_in_turn()
        finally:
            self._waiting -= 1

    async def _take_in_turn(self) -> Instance:
        until = time.monotonic() + _QUEUE_SECONDS
        while True:
            living = [one for one in self.instances if one.well]
            free = [one for one in living if one.requests < self.concurrency]
            if free:
                chosen = min(free, key=lambda one: one.requests)
                chosen.requests += 1
                return chosen
            if self.retired:
                raise NoInstanceError(starting=False)
            # Those that are starting will have room for as many as they take at a time.
            more = self._waiting > self._starting * self.concurrency
            if more and len(living) + self._starting < self.most:
                try:
                    await self.start("AUTOSCALING")
                except NotReadyError as error:
                    raise NoInstanceError(starting=True) from error
                continue
            if not self._starting and time.monotonic() > until:
                raise NoInstanceError(starting=False)
            async with self._room:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self._room.wait()

    async def _forget_at_end(self, instance: Instance) -> None:
        await instance.over.wait()
        self.instances.remove(instance)
        await self._tell()
        if not self.retired:
            await self.hold_least()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(_SWEEP, self.idle_seconds))
            now = time.monotonic()
            idle = [one for one in self.instances if not one.requests and now - one.idle_since >= self.idle_seconds]
            for instance in idle[: max(0, len(self.instances) - self.least)]:
                await instance.stop()

    async def _tell(self) -> None:
        async with self._room:
            self._room.notify_all()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)
