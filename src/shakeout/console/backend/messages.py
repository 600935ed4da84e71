"""The bodies of the backend's calls and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shakeout.console.answers import Answer
from shakeout.history.facts import STATUSES, compact

RunId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", description="Chosen by the client, or made")
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Source = Literal["clickhouse", "spool", "memory"]


class RunStart(BaseModel):
    """A run that begins. With an `id` the call can be repeated safely."""

    model_config = ConfigDict(extra="forbid")
    id: RunId | None = None
    application: Name
    environment: Name
    commit: Annotated[str, Field(max_length=64)]
    target: Name
    started_at: datetime | None = Field(None, description="RFC 3339; now when it is not given")

    @field_validator("started_at")
    @classmethod
    def _in_range(cls, value: datetime | None) -> datetime | None:
        if value is not None and not 1970 < value.year < 2200:
            raise ValueError("a time between 1971 and 2199 is expected")
        return value

    def started_ms(self) -> int | None:
        """The start in milliseconds since 1970; a time without a zone is UTC."""
        if self.started_at is None:
            return None
        when = self.started_at if self.started_at.tzinfo else self.started_at.replace(tzinfo=UTC)
        return int(when.timestamp() * 1000)


class RunStartBody(BaseModel):
    """The body of `POST /v1/runs`."""

    run: RunStart


class EventBody(BaseModel):
    """One event; fields other than these two are kept as they are."""

    model_config = ConfigDict(extra="allow")
    kind: Literal["progress", "check", "issue", "service", "status"]
    event_id: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        None, description="With it the event can be sent again safely"
    )

    def document(self) -> dict[str, Any]:
        """The event as it is kept and streamed."""
        return self.model_dump(exclude_unset=True)


class EventsBody(BaseModel):
    """The body of `POST /v1/runs/{id}/events`."""

    events: Annotated[list[EventBody], Field(max_length=1000)]

    @field_validator("events")
    @classmethod
    def _are_json(cls, value: list[EventBody]) -> list[EventBody]:
        for event in value:
            compact(event.document())
        return value


class ReportBody(BaseModel):
    """The body of `POST /v1/runs/{id}/report`: the JSON report, of which only `status` is looked at here."""

    report: Annotated[dict[str, Any], Field(json_schema_extra={"required": ["status"]})]

    @field_validator("report")
    @classmethod
    def _is_report(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value.get("status") not in STATUSES:
            raise ValueError(f"report.status is one of {', '.join(STATUSES)}")
        compact(value)
        return value


class Counts(BaseModel):
    """How many checks a report has, and how many of them passed and failed."""

    passed: int
    failed: int
    total: int


class Run(BaseModel):
    """One run. Times are UTC; `seconds` is how long it took; what is not known yet is null."""

    id: str
    application: str
    environment: str
    commit: str
    target: str
    state: Literal["running", "finished"]
    status: str | None
    started_at: str
    finished_at: str | None
    seconds: float | None
    checks: Counts | None
    issues: int | None


class RunAnswer(Answer):
    """A run."""

    run: Run


class AcceptedAnswer(Answer):
    """How many events were accepted."""

    accepted: int


class RunsAnswer(Answer):
    """A page of runs, newest first. `next` is the `before` of the next page, null on the last one."""

    runs: list[Run]
    next: str | None
    source: Source
    stale: bool


class RunDetailAnswer(Answer):
    """A run with what its report says; while it runs, with what its events said last."""

    run: Run
    checks: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    services: list[dict[str, Any]]
    source: Source
    stale: bool


class ReportAnswer(Answer):
    """The JSON report of a run."""

    report: dict[str, Any]


class TrendDay(BaseModel):
    """The runs of one UTC day; `seconds` is the mean of the finished ones, null when there are none."""

    day: str
    runs: int
    passed: int
    failed: int
    seconds: float | None


class TrendCheck(BaseModel):
    """One check over all of those runs."""

    name: str
    passed: int
    failed: int
    seconds_p50: float
    seconds_p95: float


class TrendsAnswer(Answer):
    """The last 90 days."""

    days: list[TrendDay]
    checks: list[TrendCheck]
    source: Source
    stale: bool


class ProbeAnswer(Answer):
    """A row was written to ClickHouse and read back; `seconds` is how long both took."""

    inserted: int
    read: int
    seconds: float


class ProtocolAnswer(Answer):
    """The schema of the WebSocket's messages that this service was built with."""

    protocol: int
    accepts: list[int]
    client: dict[str, Any]
    server: dict[str, Any]
