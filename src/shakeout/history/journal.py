"""
Takes facts in, and carries them to ClickHouse.

A fact is accepted once it is on disk; facts that wait together share one write. A second task delivers the spool in
order, in batches, through the breaker, and acknowledges a batch only after ClickHouse has it. A crash in between
delivers a batch twice, which the statements make invisible.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from shakeout.history import statements
from shakeout.history.breaker import CircuitBreaker
from shakeout.history.errors import CircuitBreakerOpenError, DataRefusedError, HistoryError, SpoolError
from shakeout.history.facts import Fact, LiveEvent, rows_of
from shakeout.history.recent import Recent
from shakeout.history.spool import Spool
from shakeout.history.store import Store

_log = logging.getLogger(__name__)

Listener = Callable[[LiveEvent], None]
_Waiting = tuple[Sequence[Fact], Sequence[bytes], asyncio.Future[list[int]]]


class Journal:
    """
    The way in. Without a store (history disabled) facts are kept in memory only.

    `recent` holds what is known without ClickHouse; `listener` is called on the event loop with each new event, in
    the order of sequences.
    """

    def __init__(self, store: Store | None, spool: Spool | None, breaker: CircuitBreaker, listener: Listener) -> None:
        self.recent = Recent()
        self._store = store
        self._spool = spool
        self._breaker = breaker
        self._listener = listener
        self._last = spool.last if spool else int(time.time() * 1000)
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._deliver = asyncio.Event()
        self._delivered = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._prepared = False
        self._first_try = asyncio.Event()
        self.last_error: HistoryError | None = None

    @property
    def last(self) -> int:
        """The newest sequence given out."""
        return self._last

    @property
    def pending(self) -> int:
        """Facts that are accepted and not in ClickHouse yet."""
        return self._spool.pending if self._spool else 0

    @property
    def acknowledged(self) -> int:
        """The sequence up to which ClickHouse has everything."""
        return self._spool.acknowledged if self._spool else 0

    async def start(self, *, wait: float = 2.5) -> None:
        """Take up what the spool holds, and start; returns after the first attempt to reach ClickHouse, or `wait` s."""
        if self._spool is not None:
            await asyncio.to_thread(self._recall)
        self._tasks.append(asyncio.create_task(self._write_forever(), name="history-writer"))
        if self._store is not None and self._spool is not None:
            self._tasks.append(asyncio.create_task(self._deliver_forever(), name="history-delivery"))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._first_try.wait(), wait)

    async def stop(self, *, wait: float = 0.5) -> None:
        """Give delivery `wait` seconds to finish what is pending, then stop; the rest stays in the spool."""
        if self.pending and self._breaker.state == "closed":
            await self.settle(wait)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def add(self, facts: Sequence[Fact]) -> list[int]:
        """Accept facts; returns their numbers once they are on disk. Raises `SpoolError`, or `ValueError` for NaN."""
        payloads = [fact.encode() for fact in facts]
        future: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((facts, payloads, future))
        self._wake.set()
        return await future

    async def settle(self, wait: float) -> bool:
        """Wait up to `wait` seconds until ClickHouse has everything; whether it does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait), self._delivered:
                await self._delivered.wait_for(lambda: not self.pending)
        return not self.pending

    async def prepare(self) -> None:
        """Make the tables, once; call it within the breaker's guard. Raises `HistoryError`."""
        assert self._store is not None
        if not self._prepared:
            for statement in statements.CREATE:
                await self._store.execute(statement)
            self._prepared = True
            _log.info("ClickHouse at %s is ready; %d records to deliver", self._store.address, self.pending)

    def _recall(self) -> None:
        assert self._spool is not None
        after = self._spool.acknowledged
        for number, payload in self._spool.read(limit=10**9, limit_bytes=10**12):
            try:
                self.recent.take(Fact.decode(payload), number, after)
            except SpoolError as error:
                _log.error("record %d of the spool: %s", number, error)
        self._last = self._spool.last

    async def _write_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            taken, self._waiting = self._waiting, []
            try:
                await self._write(taken)
            except BaseException as error:
                for _, _, future in taken:
                    if not future.done():
                        future.set_exception(error if isinstance(error, Exception) else SpoolError("shutting down"))
                if not isinstance(error, Exception):
                    raise
                _log.error("%s", error)

    async def _write(self, taken: Sequence[_Waiting]) -> None:
        facts = [fact for group, _, _ in taken for fact in group]
        if self._spool is not None:
            payloads = [payload for _, group, _ in taken for payload in group]
            numbers = await asyncio.to_thread(self._spool.append, payloads)
        else:
            numbers = list(range(self._last + 1, self._last + 1 + len(facts)))
        self._last = numbers[-1] if numbers else self._last
        for fact, number in zip(facts, numbers, strict=True):
            if event := self.recent.take(fact, number, self.acknowledged):
                self._listener(event)
        self._deliver.set()
        for group, _, future in taken:
            mine, numbers = numbers[: len(group)], numbers[len(group) :]
            if not future.done():
                future.set_result(mine)

    async def _deliver_forever(self) -> None:
        delay = 0.2
        while True:
            if self._prepared and not self.pending and self._breaker.state == "closed":
                await self._deliver.wait()
            self._deliver.clear()
            try:
                await self._deliver_batch()
                delay = 0.2
            except CircuitBreakerOpenError as error:
                _log.error("CircuitBreakerOpenError: %s", error)
                await asyncio.sleep(max(self._breaker.retry_in, 0.05))
            except Exception as error:
                self.note(error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            finally:
                self._first_try.set()

    def note(self, error: Exception) -> None:
        """Log a failure of ClickHouse, and remember it for `/health`."""
        if isinstance(error, HistoryError):
            self.last_error = error
            if getattr(error, "code", 0) == 60:  # the tables are gone: make them again
                self._prepared = False
            _log.error("%s: %s", type(error).__name__, error)
        else:
            _log.error("delivery to ClickHouse: %s: %s", type(error).__name__, error)

    async def _deliver_batch(self) -> None:
        assert self._store is not None and self._spool is not None
        batch = await asyncio.to_thread(self._spool.read)
        if not batch:
            with self._breaker.guard():
                await self.prepare()
                await self._store.query(statements.PING)
            self.last_error = None
            return
        try:
            await self._insert(batch)
        except DataRefusedError:
            for record in batch:
                await self._insert_or_set_aside(record)
                await self._acknowledge(record[0], 1)
        else:
            await self._acknowledge(batch[-1][0], len(batch))

    async def _insert(self, batch: Sequence[tuple[int, bytes]]) -> None:
        assert self._store is not None
        tables: dict[str, list[dict[str, Any]]] = {}
        for number, payload in batch:
            try:
                fact = Fact.decode(payload)
            except SpoolError as error:
                await self._set_aside(number, payload, error)
                continue
            for table, row in rows_of(fact, number):
                tables.setdefault(table, []).append(row)
        with self._breaker.guard():
            await self.prepare()
            for table, rows in tables.items():
                await self._store.insert(table, rows)

    async def _insert_or_set_aside(self, record: tuple[int, bytes]) -> None:
        try:
            await self._insert([record])
        except DataRefusedError as error:
            await self._set_aside(*record, error)

    async def _set_aside(self, number: int, payload: bytes, error: Exception) -> None:
        assert self._spool is not None
        path = await asyncio.to_thread(self._spool.set_aside, number, payload)
        _log.error("record %d cannot be delivered and is kept in %s: %s", number, path, error)

    async def _acknowledge(self, number: int, count: int) -> None:
        assert self._spool is not None
        await asyncio.to_thread(self._spool.acknowledge, number, count)
        self.last_error = None
        if not self.pending:
            async with self._delivered:
                self._delivered.notify_all()
