"""
The one answer shape of the console's services, and the small pieces that keep it.

Success is an object with `"ok": true` and fields. Failure is
`{"ok": false, "error": {"code", "message", "field"?, "detail"?}}` with the HTTP status that belongs to it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shakeout.console.tokens import TokenRefused

_log = logging.getLogger(__name__)

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "INVALID",
    426: "PROTOCOL_MISMATCH",
    429: "RATE_LIMITED",
    503: "SERVICE_UNAVAILABLE",
}


class ConsoleError(Exception):
    """A call is answered with a failure. `message` and `detail` are shown to the caller: no secrets in them."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        detail: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.detail = detail
        self.headers = headers

    def answer(self) -> JSONResponse:
        """The failure as an HTTP answer."""
        return failure(self.status, self.code, self.message, field=self.field, detail=self.detail, headers=self.headers)


class Answer(BaseModel):
    """A success; subclasses add fields."""

    model_config = ConfigDict(frozen=True)
    ok: Literal[True] = True


class ErrorBody(BaseModel):
    """What went wrong: a stable code, a sentence, the field that is wrong, and details by code."""

    code: str = Field(pattern="^[A-Z][A-Z0-9_]*$")
    message: str
    field: str | None = None
    detail: dict[str, Any] | None = None


class ErrorAnswer(BaseModel):
    """A failure."""

    ok: Literal[False] = False
    error: ErrorBody


class BreakerState(BaseModel):
    """A circuit breaker: how many failures in a row it has counted, and whether it lets calls through."""

    name: str
    state: Literal["closed", "open", "half-open"]
    failures: int


class BackingService(BaseModel):
    """
    One backing service as a service sees it now. `address` is host:port or a path, without secrets.

    It is unknown while it was asked and has neither answered nor failed.
    """

    status: Literal["up", "down", "disabled", "degraded", "unknown"]
    kind: str
    required: bool
    detail: str
    address: str | None = None
    breaker: BreakerState | None = None


class HealthAnswer(BaseModel):
    """The answer of `/health`: `ok` says the same as `ready`, false when a required backing service is not up."""

    ok: bool
    service: str
    live: Literal[True] = True
    ready: bool
    backing_services: dict[str, BackingService]


class VersionAnswer(BaseModel):
    """The answer of `/version`: what the running process was started from. Times are UTC; keys appear by id only."""

    ok: Literal[True] = True
    service: str
    version: str
    commit: str | None
    protocol: int | None
    started_at: str
    clock: str
    token_key_id: str | None = None
    token_issuer: str | None = None
    token_audience: str | None = None
    token_algorithm: str | None = None
    bundle: dict[str, Any] | None = None


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` argument of a route: these statuses are answered with the failure shape."""
    return {status: {"model": ErrorAnswer, "description": _code(status)} for status in statuses}


def failure(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    detail: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The failure shape as an HTTP answer."""
    error: dict[str, Any] = {"code": code, "message": message}
    if field is not None:
        error["field"] = field
    if detail is not None:
        error["detail"] = dict(detail)
    return JSONResponse({"ok": False, "error": error}, status_code=status, headers=dict(headers or {}))


def token_refused(refusal: TokenRefused) -> JSONResponse:
    """A refused token as an HTTP answer: 401 with the refusal's code, what was expected and what was seen."""
    detail = {"expected": refusal.expected, "seen": refusal.seen}
    headers = {"WWW-Authenticate": "Bearer"}
    return failure(401, refusal.code, refusal.message, detail=detail, headers=headers)


def install(app: FastAPI, *, body_limit: int) -> None:
    """Make `app` answer every failure in the one shape, and refuse bodies of more than `body_limit` bytes."""

    async def console_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ConsoleError)
        return error.answer()

    async def refused(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TokenRefused)
        return token_refused(error)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _invalid(error)

    async def http_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return failure(error.status_code, _code(error.status_code), str(error.detail), headers=error.headers)

    app.add_exception_handler(ConsoleError, console_error)
    app.add_exception_handler(TokenRefused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_middleware(Guarded, body_limit=body_limit)


class Guarded:
    """ASGI middleware: an unexpected exception becomes a logged 500, a body over the limit a 413, in the one shape."""

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        self._app = app
        self._limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP call; everything else passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = exceeded = False
        taken = 0

        async def limited_receive() -> Message:
            nonlocal taken, exceeded
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                exceeded = True
                return {"type": "http.disconnect"}
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            if not exceeded:
                started = True
                await send(message)

        try:
            await self._app(scope, limited_receive, watched_send)
        except Exception as error:
            if not exceeded:
                _log.exception("%s %s failed: %s", scope["method"], ascii(scope["path"])[1:-1], type(error).__name__)
            if started:
                raise
            if not exceeded:
                message = "The service met an error that it did not expect; its log has the traceback."
                await failure(500, "INTERNAL_ERROR", message)(scope, receive, send)
        if exceeded and not started:
            message = f"The body is larger than {self._limit} bytes."
            await failure(413, "TOO_LARGE", message, headers={"Connection": "close"})(scope, receive, send)


def _code(status: int) -> str:
    return _CODES.get(status, f"HTTP_{status}")


def _invalid(error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    field = ".".join(place[1:]) if place and place[0] in ("body", "query", "path", "header") else ".".join(place)
    if first["type"] == "json_invalid":
        return failure(422, "INVALID", f"The body is not JSON: {first.get('ctx', {}).get('error', first['msg'])}.")
    # A pattern is in the OpenAPI document; in a sentence for people it says nothing.
    said = "not of the expected form" if first["type"] == "string_pattern_mismatch" else first["msg"]
    return failure(422, "INVALID", f"{field or 'the body'}: {said}.", field=field or None)
