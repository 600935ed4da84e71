"""Builds the backend from its environment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.routing import WebSocketRoute

from shakeout.console import protocol
from shakeout.console.answers import BackingService, BreakerState, failure
from shakeout.console.backend.gate import Gate
from shakeout.console.backend.hub import Hub
from shakeout.console.backend.live import Live
from shakeout.console.backend.routes import routes, unreachable
from shakeout.console.backend.settings import BackendSettings
from shakeout.console.environment import Environment, SettingsError
from shakeout.console.service import Identity, ServiceSettings, create_app
from shakeout.console.tokens import Tokens
from shakeout.history.breaker import CircuitBreaker
from shakeout.history.errors import CircuitBreakerOpenError, HistoryError, SpoolError
from shakeout.history.history import History, RunConflict, RunUnknown

BODY_LIMIT = 16 * 2**20
"""Bytes of one call: a report with the logs' excerpts is large."""

PING_SECONDS = 1.0
"""For how long one answer of ClickHouse counts in `/health`, and how long `/health` waits for one."""

_log = logging.getLogger(__name__)


def build(environ: Mapping[str, str]) -> tuple[FastAPI, ServiceSettings]:
    """The application and where it listens. Raises `SettingsError` with every fault of the environment."""
    environment = Environment(environ)
    service = ServiceSettings.read(environment)
    settings = BackendSettings.read(environment)
    environment.finish()
    return application(settings, service, Identity.capture("backend", environ)), service


def application(settings: BackendSettings, service: ServiceSettings, identity: Identity) -> FastAPI:
    """The application for given settings; opens the spool, connects to nothing until it is started."""
    hub = Hub()
    breaker = CircuitBreaker("clickhouse", threshold=settings.breaker_failures, seconds=settings.breaker_seconds)
    try:
        history = History.open(settings.history, settings.spool, listener=hub.publish, breaker=breaker)
    except SpoolError as error:
        raise SettingsError((f"SPOOL_DIR: {error.summary}",)) from error
    gate = Gate(Tokens(settings.tokens), settings.auth_url)
    health = _Health(history, gate, settings.history.address)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await history.start()
        try:
            yield
        finally:
            await health.close()
            await gate.close()
            await history.close()

    app = create_app(
        identity,
        health=health.look,
        origins=service.origins,
        lifespan=lifespan,
        protocol=protocol.version(),
        token_fingerprint=settings.tokens.fingerprint(),
        body_limit=BODY_LIMIT,
    )
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.include_router(routes(history, gate))
    app.router.routes.append(WebSocketRoute("/v1/live", Live(hub, history, gate).serve))
    return app


class _Health:
    """The backing services as they are now; ClickHouse is asked at most once in `PING_SECONDS`."""

    def __init__(self, history: History, gate: Gate, address: str) -> None:
        self._history = history
        self._gate = gate
        self._address = address
        self._asked_at = 0.0
        self._ping: asyncio.Task[None] | None = None

    async def look(self) -> Mapping[str, BackingService]:
        """`clickhouse` and `auth`."""
        clickhouse, auth = await asyncio.gather(self._clickhouse(), self._gate.health())
        return {"clickhouse": clickhouse, "auth": auth}

    async def close(self) -> None:
        """Give up a question that is under way."""
        if self._ping is not None:
            self._ping.cancel()
            await asyncio.gather(self._ping, return_exceptions=True)

    async def _clickhouse(self) -> BackingService:
        history = self._history
        if history.store is None:
            detail = "history is disabled: runs are kept in memory only"
            return BackingService(status="disabled", kind="clickhouse", required=False, detail=detail)
        breaker = history.breaker
        answered = await self._answers() if breaker.state != "open" else False
        waiting = history.journal.pending
        error = history.journal.last_error
        if answered:
            detail = "answers" + (f"; {waiting} records wait to be delivered" if waiting else "")
        else:
            reason = error.summary if error else "no answer yet"
            detail = f"{reason}; {waiting} records wait in the spool"
        return BackingService(
            status="up" if answered else "unknown" if error is None and not breaker.failures else "down",
            kind="clickhouse",
            required=False,
            detail=detail,
            address=self._address,
            breaker=BreakerState(name=breaker.name, state=breaker.state, failures=breaker.failures),
        )

    async def _answers(self) -> bool:
        now = time.monotonic()
        if self._ping is None or (self._ping.done() and now - self._asked_at >= PING_SECONDS):
            self._asked_at = now
            self._ping = asyncio.create_task(self._history.ping())
        await asyncio.wait([self._ping], timeout=PING_SECONDS)
        if not self._ping.done():
            return False
        return not self._ping.cancelled() and self._ping.exception() is None


async def _conflict(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RunConflict)
    if error.field == "report":
        return failure(409, "REPORT_EXISTS", f"Run {error.run} has another report already.", field="report")
    message = f"Run {error.run} exists with another {error.field}."
    return failure(409, "RUN_EXISTS", message, field=f"run.{error.field}")


async def _unknown(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RunUnknown)
    return failure(404, "RUN_UNKNOWN", f"There is no run {error.run}.")


async def _breaker_open(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CircuitBreakerOpenError)
    return failure(503, error.code, error.reason, headers={"Retry-After": "1"})


async def _history_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HistoryError)
    return unreachable(error).answer()


async def _spool_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SpoolError)
    return failure(503, "SPOOL_UNAVAILABLE", "What was sent cannot be kept now; send it again later.")


_HANDLERS = {
    RunConflict: _conflict,
    RunUnknown: _unknown,
    CircuitBreakerOpenError: _breaker_open,
    HistoryError: _history_error,
    SpoolError: _spool_error,
}
