"""
What the console's three services share: settings, identity, the application with `/health` and `/version`, the runner.

    def build(environ: Mapping[str, str]) -> tuple[FastAPI, ServiceSettings]:
        environment = Environment(environ)
        settings = ServiceSettings.read(environment)
        environment.finish()
        identity = Identity.capture("auth", environ)
        return create_app(identity, health=..., origins=settings.origins), settings

    if __name__ == "__main__":
        raise SystemExit(serve("auth", build))
"""

from __future__ import annotations

import inspect
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from shakeout.console.answers import (
    Answer,
    BackingService,
    BreakerState,
    ConsoleError,
    ErrorAnswer,
    HealthAnswer,
    VersionAnswer,
    failure,
    failures,
    install,
    token_refused,
)
from shakeout.console.environment import Environment, SettingsError

__all__ = [
    "Answer",
    "BackingService",
    "BreakerState",
    "ConsoleError",
    "Environment",
    "ErrorAnswer",
    "HealthAnswer",
    "Identity",
    "ServiceSettings",
    "SettingsError",
    "VersionAnswer",
    "configure_logging",
    "create_app",
    "failure",
    "failures",
    "now",
    "run",
    "serve",
    "token_refused",
]

Health = Callable[[], Mapping[str, BackingService] | Awaitable[Mapping[str, BackingService]]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def now() -> str:
    """The time as `2025-09-03T12:00:00.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSettings:
    """Where a service listens, and which pages (origins such as `https://console.example.com`) may call it."""

    host: str
    port: int
    origins: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Environment) -> ServiceSettings:
        """Read HOST, PORT (required; 0 picks a free one) and ALLOWED_ORIGINS; faults go to `environment`."""
        return cls(
            host=environment.text("HOST", "127.0.0.1"),
            port=environment.integer("PORT", maximum=65535),
            origins=environment.listed("ALLOWED_ORIGINS"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What a running service is: captured once at start, so that a later change on disk does not change it."""

    service: str
    version: str
    commit: str | None
    started_at: str

    @classmethod
    def capture(cls, service: str, environ: Mapping[str, str], folder: Path | None = None) -> Identity:
        """
        The commit is COMMIT when that is 40 hexadecimal digits, else the HEAD of the repository that `folder` (this
        package's own) is tracked in, else None: unknown.
        """
        stated = environ.get("COMMIT", "").strip().lower()
        if stated and not _is_commit(stated):
            logging.getLogger(__name__).warning("COMMIT is not 40 hexadecimal digits: the commit is unknown")
            commit = None
        else:
            commit = stated or _head(folder or Path(__file__).resolve().parent)
        return cls(service=service, version=_version(), commit=commit, started_at=now())


def create_app(
    identity: Identity,
    *,
    health: Health,
    origins: Sequence[str] = (),
    lifespan: Lifespan | None = None,
    protocol: int | None = None,
    token_fingerprint: Mapping[str, str] | None = None,
    bundle: Mapping[str, Any] | None = None,
    body_limit: int = 65_536,
    openapi: bool = True,
) -> FastAPI:
    """
    A FastAPI application with `/health`, `/version`, CORS for `origins`, and the one answer shape for every failure.

    `health` gives the state of the backing services, by name; a plain function is called in a thread.
    `token_fingerprint` is `TokenSettings.fingerprint()`; `bundle` is the frontend's. `body_limit` is in bytes.
    """
    app = FastAPI(
        title=f"Shakeout {identity.service}",
        version=identity.version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if openapi else None,
        redirect_slashes=False,
    )
    install(app, body_limit=body_limit)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
            max_age=600,
        )

    @app.get("/health", response_model=HealthAnswer, responses={503: {"model": HealthAnswer}}, tags=["operations"])
    async def get_health() -> JSONResponse:
        """Whether the service is live and ready, and every backing service with its own status."""
        if inspect.iscoroutinefunction(health):
            found = await health()
        else:
            result = await run_in_threadpool(health)
            found = await result if inspect.isawaitable(result) else result
        ready = not any(service.required and service.status in {"down", "unknown"} for service in found.values())
        answer = HealthAnswer(ok=ready, service=identity.service, ready=ready, backing_services=dict(found))
        return JSONResponse(answer.model_dump(exclude_none=True), status_code=200 if ready else 503)

    @app.get("/version", response_model=VersionAnswer, response_model_exclude_unset=True, tags=["operations"])
    async def get_version() -> VersionAnswer:
        """What the running process was started from."""
        more: dict[str, Any] = {**(token_fingerprint or {})}
        if bundle is not None:
            more["bundle"] = dict(bundle)
        return VersionAnswer(
            ok=True,
            service=identity.service,
            version=identity.version,
            commit=identity.commit,
            protocol=protocol,
            started_at=identity.started_at,
            clock=now(),
            **more,
        )

    return app


class _Lines(logging.Formatter):
    """`LEVEL logger message`. uvicorn's logger is called `uvicorn.error`, which reads as an error: shortened."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name == "uvicorn.error":
            record.name = "uvicorn"
        return super().format(record)


def configure_logging() -> None:
    """Log as plain text `LEVEL logger message` to standard error, from INFO on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def run(app: FastAPI, settings: ServiceSettings, **options: Any) -> None:
    """
    Serve `app` with uvicorn, one worker, until SIGTERM or SIGINT; open calls get one second to finish.

    `options` go to `uvicorn.Config`. Forwarded addresses are believed only when FORWARDED_ALLOW_IPS says from whom.
    """
    given: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 1,
        "proxy_headers": "FORWARDED_ALLOW_IPS" in os.environ,
    }
    server = uvicorn.Server(uvicorn.Config(app, **(given | options)))
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has stopped; being asked to stop is no failure.
        signal.signal(number, lambda *_: None)
    server.run()


def serve(
    service: str,
    build: Callable[[Mapping[str, str]], tuple[FastAPI, ServiceSettings]],
    **options: Any,
) -> int:
    """Set up logging, build the application from the environment and run it; the exit status of the process."""
    configure_logging()
    try:
        app, settings = build(os.environ)
    except SettingsError as error:
        for fault in error.faults:
            logging.getLogger(f"shakeout.console.{service}").critical("cannot start: %s", fault)
        return error.exit_status
    run(app, settings, **options)
    return 0


def _version() -> str:
    try:
        return version("shakeout")
    except PackageNotFoundError:
        return "0.0.0"


def _is_commit(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{40}", text) is not None


def _head(folder: Path) -> str | None:
    """HEAD of the repository that tracks `folder`; None when there is none, or when it merely lies around it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(folder), *arguments]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=5,
                env=environment,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    if not git("ls-files", "--", "."):
        return None
    head = git("rev-parse", "--verify", "HEAD")
    return head if head and _is_commit(head) else None
