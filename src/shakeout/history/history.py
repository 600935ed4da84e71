"""Runs kept: what may be written and asked. Reads say where they come from and whether they may be out of date."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shakeout.history import statements, trends
from shakeout.history.breaker import CircuitBreaker
from shakeout.history.documents import detail_of, event_of_row, items_of_events, run_of_row
from shakeout.history.errors import CircuitBreakerOpenError, HistoryError
from shakeout.history.facts import DAY_MS, RUN_FIELDS, Fact, LiveEvent, compact
from shakeout.history.journal import Journal, Listener
from shakeout.history.recent import RecentRun
from shakeout.history.spool import Spool
from shakeout.history.store import HistoryURL, Store, open_store

_log = logging.getLogger(__name__)

Source = Literal["clickhouse", "spool", "memory"]


class RunConflict(Exception):
    """A run of that id exists and says something else; `field` names what differs."""

    def __init__(self, run: str, field: str) -> None:
        super().__init__(f"run {run} exists with another {field}")
        self.run = run
        self.field = field


class RunUnknown(Exception):
    """There is no run of that id."""

    def __init__(self, run: str) -> None:
        super().__init__(f"there is no run {run}")
        self.run = run


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """
    An answer: `value`, the `source` it comes from, and whether it may be out of date or incomplete (`stale`).

    `spool` is what is not delivered yet, `memory` what this process happens to remember.
    """

    value: Any
    source: Source
    stale: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


class History:
    """
    Writes go to the spool and from there to ClickHouse; reads go to ClickHouse through the breaker, with what is
    pending laid over them, and fall back to what is known here.

    Without a store (history disabled) everything is in memory only.
    """

    def __init__(
        self, store: Store | None, spool: Spool | None, *, listener: Listener, breaker: CircuitBreaker | None = None
    ) -> None:
        self.store = store
        self.breaker = breaker or CircuitBreaker("clickhouse")
        self.spool = spool if store is not None else None
        self.journal = Journal(store, self.spool, self.breaker, listener)
        self._probing = asyncio.Lock()

    @classmethod
    def open(
        cls, url: HistoryURL, spool: Path, *, listener: Listener, breaker: CircuitBreaker | None = None
    ) -> History:
        """The history that a URL names, with its spool in a folder. Raises `SpoolError`."""
        store = open_store(url)
        return cls(store, Spool(spool) if store is not None else None, listener=listener, breaker=breaker)

    async def start(self, *, wait: float = 2.5) -> None:
        """Start delivery; returns after the first attempt to reach ClickHouse, or `wait` seconds."""
        await self.journal.start(wait=wait)

    async def close(self) -> None:
        """Stop; what is pending stays in the spool."""
        await self.journal.stop()
        if self.store is not None:
            await self.store.close()
        if self.spool is not None:
            await asyncio.to_thread(self.spool.close)

    async def begin(
        self, run: str, fields: Mapping[str, str], started_ms: int | None, *, fresh: bool = False
    ) -> dict[str, Any]:
        """
        Note that a run has begun; the same call again changes nothing. `fresh` says that the id was made just now.

        Raises `RunConflict` and `SpoolError`.
        """
        known = None if fresh else await self._find(run)
        if known is not None:
            for name in RUN_FIELDS:
                if known[name] not in ("", fields.get(name, "")):
                    raise RunConflict(run, name)
            return known
        now = int(time.time() * 1000)
        body = {name: fields.get(name, "") for name in RUN_FIELDS} | {"started_ms": started_ms or now}
        await self.journal.add([Fact(kind="begun", run=run, at=now, body=body)])
        kept = self.journal.recent.get(run)
        assert kept is not None
        return kept.document()

    async def add_events(self, run: str, events: Sequence[Mapping[str, Any]]) -> int:
        """
        Add events to a run, each streamed once; one with an `event_id` that the run has already changes nothing.

        Returns how many are kept now. Raises `RunUnknown` (when ClickHouse is away, an unknown run is believed).
        """
        await self._must_exist(run)
        now = int(time.time() * 1000)
        facts = []
        for event in events:
            name = event.get("event_id")
            name = name if isinstance(name, str) and name else secrets.token_hex(12)
            known = self.journal.recent.get(run)
            if known is None or name not in known.event_ids:
                facts.append(Fact(kind="event", run=run, at=now, body=dict(event), id=name))
        if facts:
            await self.journal.add(facts)
        return len(events)

    async def finish(self, run: str, report: Mapping[str, Any]) -> dict[str, Any]:
        """Give a run its report; the same again changes nothing. Raises `RunUnknown`, `RunConflict`, `SpoolError`."""
        await self._must_exist(run)
        try:
            known = await self.report(run)
        except (HistoryError, CircuitBreakerOpenError):
            known = None
        if known is not None and known.value is not None:
            if compact(known.value) != compact(report):
                raise RunConflict(run, "report")
        else:
            await self.journal.add([Fact(kind="reported", run=run, at=int(time.time() * 1000), body=report)])
        found = await self._find(run)
        assert found is not None
        return found

    async def runs(
        self,
        *,
        limit: int,
        before: tuple[int, str] | None = None,
        environment: str | None = None,
        status: str | None = None,
    ) -> Found:
        """The newest runs by start; `before` is (started_ms, id) of the last run of the page before."""
        away = not self._clickhouse
        overlay = list(self.journal.recent) if away else self._pending()
        rows: list[dict[str, Any]] = []
        if not away:
            most = limit + 1 + len(overlay)
            asked = statements.runs(limit=most, before=before, environment=environment, status=status)
            try:
                rows = await self._ask(asked)
            except (HistoryError, CircuitBreakerOpenError):
                away, overlay = True, list(self.journal.recent)
        known = {run.id: run for run in overlay if run.newest or (away and run.begun)}
        found = [(int(row["started_ms"]), row["id"], run_of_row(row)) for row in rows if row["id"] not in known]
        beginnings = {row["id"]: row for row in rows}
        for run in known.values():
            if not run.begun and run.id in beginnings:
                row = beginnings[run.id]
                self.journal.recent.seed(run.id, {name: row[name] for name in RUN_FIELDS}, int(row["started_ms"]))
            document, key = run.document(), (run.started_ms, run.id)
            wanted = environment in (None, document["environment"]) and status in (None, document["status"])
            if wanted and (before is None or key < before):
                found.append((*key, document))
        found.sort(key=lambda item: item[:2], reverse=True)
        page = found[:limit]
        more = {"next": f"{page[-1][0]}.{page[-1][1]}" if len(found) > limit and page else None}
        return self._found([document for _, _, document in page], away=away, more=more)

    async def run(self, run: str) -> Found | None:
        """
        A run with its checks, issues and services; None when there is no such run.

        Raises `HistoryError` or `CircuitBreakerOpenError` when only ClickHouse could know and it is away.
        """
        if (known := self._known(run)) is not None:
            return self._here(detail_of(known))
        if not self._clickhouse:
            return None
        try:
            return await self._asked_run(run)
        except (HistoryError, CircuitBreakerOpenError):
            fallback = self.journal.recent.get(run)
            if fallback is None or not fallback.newest:
                raise
            return self._here(detail_of(fallback), stale=True)

    async def report(self, run: str) -> Found | None:
        """A run's report, value None while it has none; None when there is no such run. Raises as `run` does."""
        if (known := self._known(run)) is not None:
            return self._here(known.parsed_report())
        if not self._clickhouse:
            return None
        try:
            rows = await self._ask(statements.run(run, report=True))
        except (HistoryError, CircuitBreakerOpenError):
            fallback = self.journal.recent.get(run)
            if fallback is None or not fallback.report:
                raise
            return self._here(fallback.parsed_report(), stale=True)
        if not rows:
            return None
        return self._found(json.loads(rows[0]["report"]) if rows[0]["report"] else None, away=False)

    async def trends(self, *, days: int = 90, environment: str | None = None) -> Found:
        """Runs by day and checks by name over the last `days` days."""
        since_ms = int(time.time() * 1000) // DAY_MS * DAY_MS - (days - 1) * DAY_MS
        if self._clickhouse:
            try:
                if self.breaker.state == "closed":
                    await self.journal.settle(0.5)
                by_day = await self._ask(statements.trend_days(since_ms=since_ms, environment=environment))
                by_check = await self._ask(
                    statements.trend_checks(since_day=since_ms // DAY_MS, environment=environment)
                )
                found = self._found(trends.from_rows(by_day, by_check), away=False)
                return Found(value=found.value, source=found.source, stale=bool(self.journal.pending))
            except (HistoryError, CircuitBreakerOpenError) as error:
                _log.info("trends are told from what is known here: %s", error)
        return self._found(trends.from_runs(self.journal.recent, since_ms, environment), away=True)

    async def events(self, *, run: str | None, since: int, limit: int = 10_000) -> tuple[list[LiveEvent], bool]:
        """Events after a sequence, of one run or of all (None), oldest first; and whether that is all there are."""
        runs = [known for known in self.journal.recent if run in (None, known.id)]
        here = {(e.run, e.id): e for known in runs for e in known.events if e.sequence > since}
        complete = run is not None and bool(runs) and all(known.whole for known in runs)
        if not complete and self._clickhouse:
            try:
                rows = await self._ask(statements.events(run=run, since=since, limit=limit + 1))
                complete = True
                for row in rows:
                    here.setdefault((row["run"], row["id"]), event_of_row(row))
            except (HistoryError, CircuitBreakerOpenError):
                complete = False
        elif not self._clickhouse:
            complete = all(known.whole for known in runs)
        found = sorted(here.values(), key=lambda event: event.sequence)
        return found[:limit], complete and len(found) <= limit

    async def probe(self) -> float:
        """Write a row and read it back, past the spool and through the breaker; the seconds it took."""
        if self.store is None:
            raise HistoryError("disabled", "history is disabled")
        async with self._probing:
            started = time.perf_counter()
            mark, slot = secrets.token_hex(16), secrets.randbelow(256)
            row = {"slot": slot, "at_ms": int(time.time() * 1000), "mark": mark}
            rows = await self._ask(statements.probe(mark, slot), before=[row])
            if not rows or int(rows[0]["found"]) < 1:
                raise HistoryError(self.store.address, "a row that was just written cannot be read back")
            return time.perf_counter() - started

    async def ping(self) -> None:
        """Ask ClickHouse for the smallest answer. Raises `HistoryError` or `CircuitBreakerOpenError`."""
        await self._ask(statements.PING)

    @property
    def _clickhouse(self) -> bool:
        return self.store is not None

    @property
    def _up(self) -> bool:
        return self._clickhouse and self.breaker.state == "closed" and self.journal.last_error is None

    def _pending(self) -> list[RecentRun]:
        return self.journal.recent.pending(self.journal.acknowledged)

    def _known(self, run: str) -> RecentRun | None:
        """A run of which more is known here than in ClickHouse: all of it, and ClickHouse does not have it in full."""
        known = self.journal.recent.get(run)
        if known is None or not (known.whole or known.report):
            return None
        return known if not self._clickhouse or known.last > self.journal.acknowledged else None

    def _here(self, value: Any, *, stale: bool = False) -> Found:
        """An answer from what is known here."""
        source: Source = "spool" if self._clickhouse and self.journal.pending else "memory"
        return Found(value=value, source=source, stale=stale)

    async def _asked_run(self, run: str) -> Found | None:
        rows = await self._ask(statements.run(run))
        if not rows:
            return None
        detail: dict[str, Any] = {"run": run_of_row(rows[0])}
        for table in ("checks", "issues", "services"):
            items = await self._ask(statements.items(table, run, int(rows[0]["newest"])))
            detail[table] = [json.loads(item["document"]) for item in items]
        if rows[0]["state"] != "finished":
            events = await self._ask(statements.events(run=run, since=0, limit=10_000))
            detail |= items_of_events([json.loads(event["document"]) for event in events])
        return self._found(detail, away=False)

    def _found(self, value: Any, *, away: bool, more: Mapping[str, Any] | None = None) -> Found:
        if not self._clickhouse:
            return Found(value=value, source="memory", stale=False, more=more or {})
        source: Source = "clickhouse"
        if away:
            source = "spool" if self.journal.pending else "memory"
        return Found(value=value, source=source, stale=away or not self.journal.recent.complete, more=more or {})

    async def _find(self, run: str) -> dict[str, Any] | None:
        known = self.journal.recent.get(run)
        if known is not None and known.newest:
            return known.document()
        if not self._clickhouse:
            return None
        try:
            rows = await self._ask(statements.run(run))
        except (HistoryError, CircuitBreakerOpenError):
            return None
        return self._seeded(rows[0]) if rows else None

    def _seeded(self, row: Mapping[str, Any]) -> dict[str, Any]:
        self.journal.recent.seed(row["id"], {name: row[name] for name in RUN_FIELDS}, int(row["started_ms"]))
        return run_of_row(row)

    async def _must_exist(self, run: str) -> None:
        if self.journal.recent.get(run) is not None:
            return
        if not self._clickhouse:
            raise RunUnknown(run)
        try:
            rows = await self._ask(statements.run(run))
        except (HistoryError, CircuitBreakerOpenError):
            return  # believed: what is accepted must not depend on ClickHouse being there
        if not rows:
            raise RunUnknown(run)
        self._seeded(rows[0])

    async def _ask(self, sql: str, *, before: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
        assert self.store is not None
        try:
            with self.breaker.guard():
                await self.journal.prepare()
                if before:
                    await self.store.insert("probes", before)
                rows = await self.store.query(sql)
        except CircuitBreakerOpenError as error:
            _log.error("CircuitBreakerOpenError: %s", error)
            raise
        except HistoryError as error:
            self.journal.note(error)
            raise
        if not self.journal.pending:
            self.journal.last_error = None
        return rows
