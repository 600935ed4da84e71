"""The backend's HTTP calls: thin, the logic is in `shakeout.history`."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Security
from fastapi.security import HTTPBearer

from shakeout.console import protocol
from shakeout.console.answers import ConsoleError, failures
from shakeout.console.backend import messages as m
from shakeout.console.backend.gate import Gate
from shakeout.console.tokens import Claims
from shakeout.history.errors import HistoryError
from shakeout.history.history import Found, History

RunPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Text = Annotated[str | None, Query(max_length=200)]

_DOCUMENTED = HTTPBearer(auto_error=False, description="An access token of the auth service")


def routes(history: History, gate: Gate) -> APIRouter:
    """All calls under `/v1`, each with a bearer token, and `/protocol.json`."""

    async def admitted(request: Request) -> Claims:
        return await gate.admit(request.headers.get("authorization"))

    public = APIRouter()

    @public.get("/protocol.json", tags=["live"])
    async def get_protocol() -> m.ProtocolAnswer:
        """The schema of the live WebSocket's messages."""
        return m.ProtocolAnswer(**protocol.schema())

    router = APIRouter(
        dependencies=[Security(_DOCUMENTED), Depends(admitted)], responses=failures(400, 401, 422, 503), tags=["runs"]
    )

    @router.post("/v1/runs", status_code=201, responses=failures(409, 413))
    async def begin_run(body: m.RunStartBody) -> m.RunAnswer:
        """Note that a run begins. The same call again, with an id, changes nothing."""
        start = body.run
        name = start.id or f"run-{secrets.token_hex(8)}"
        fields = {part: getattr(start, part) for part in ("application", "environment", "commit", "target")}
        document = await history.begin(name, fields, start.started_ms(), fresh=start.id is None)
        return m.RunAnswer(run=m.Run(**document))

    @router.post("/v1/runs/{id}/events", status_code=202, responses=failures(404, 413))
    async def add_events(id: RunPath, body: m.EventsBody) -> m.AcceptedAnswer:
        """Add events to a run; each is streamed live."""
        accepted = await history.add_events(id, [event.document() for event in body.events])
        return m.AcceptedAnswer(accepted=accepted)

    @router.post("/v1/runs/{id}/report", responses=failures(404, 409, 413))
    async def finish_run(id: RunPath, body: m.ReportBody) -> m.RunAnswer:
        """Give a run its report, once; it is finished then."""
        return m.RunAnswer(run=m.Run(**await history.finish(id, body.report)))

    @router.get("/v1/runs")
    async def list_runs(
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        before: Annotated[str | None, Query(max_length=150, description="`next` of the page before")] = None,
        environment: Text = None,
        status: Text = None,
    ) -> m.RunsAnswer:
        """The newest runs first."""
        place = _place(before) if before is not None else None
        found = await history.runs(limit=limit, before=place, environment=environment, status=status)
        return m.RunsAnswer(runs=found.value, source=found.source, stale=found.stale, next=found.more["next"])

    @router.get("/v1/runs/{id}", responses=failures(404, 502))
    async def get_run(id: RunPath) -> m.RunDetailAnswer:
        """One run with its checks, issues and services."""
        found = _present(await history.run(id), id)
        return m.RunDetailAnswer(**found.value, source=found.source, stale=found.stale)

    @router.get("/v1/runs/{id}/report", responses=failures(404, 502))
    async def get_report(id: RunPath) -> m.ReportAnswer:
        """The JSON report of a finished run."""
        found = _present(await history.report(id), id)
        if found.value is None:
            raise ConsoleError(404, "REPORT_UNKNOWN", f"Run {id} has no report yet.")
        return m.ReportAnswer(report=found.value)

    @router.get("/v1/trends")
    async def get_trends(environment: Text = None) -> m.TrendsAnswer:
        """Runs by day and checks by name, over the last 90 days."""
        found = await history.trends(environment=environment)
        return m.TrendsAnswer(**found.value, source=found.source, stale=found.stale)

    @router.get("/v1/history/probe", responses=failures(409, 502))
    async def probe() -> m.ProbeAnswer:
        """Write a row to ClickHouse and read it back, through the breaker."""
        if history.store is None:
            raise ConsoleError(409, "HISTORY_DISABLED", "History is disabled (HISTORY_URL=disabled).")
        return m.ProbeAnswer(inserted=1, read=1, seconds=round(await history.probe(), 6))

    public.include_router(router)
    return public


def unreachable(error: HistoryError) -> ConsoleError:
    """The answer for a call that only ClickHouse could have served."""
    detail: dict[str, Any] = {"kind": error.kind, "address": error.address, "error": error.text}
    return ConsoleError(502, "CLICKHOUSE_UNREACHABLE", error.summary, detail=detail)


def _present(found: Found | None, id: str) -> Found:
    if found is None:
        raise ConsoleError(404, "RUN_UNKNOWN", f"There is no run {id}.")
    return found


def _place(before: str) -> tuple[int, str]:
    match = re.fullmatch(r"([0-9]{1,15})\.([A-Za-z0-9][A-Za-z0-9._-]{0,127})", before, re.ASCII)
    if match is None:
        raise ConsoleError(422, "INVALID", "before: expected the `next` of another page.", field="before")
    return int(match[1]), match[2]
