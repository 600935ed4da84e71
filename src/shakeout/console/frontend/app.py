"""The frontend's application: the pages, their files, and what they need to know at start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shakeout.console import protocol
from shakeout.console.frontend.bundle import INDEX, Bundle, File
from shakeout.console.frontend.settings import FrontendSettings
from shakeout.console.service import BackingService, ConsoleError, Environment, Identity, ServiceSettings, create_app

PAGES = ("/", "/trends", "/runs/{run}", "/runs/{run}/report", "/runs/{run}/issues/{issue}")
"""The paths that people can open or load again; each is answered with the same document, which reads the path."""


def build(environ: Mapping[str, str]) -> tuple[FastAPI, ServiceSettings]:
    """The application and where it listens; `SettingsError` names every variable that is wrong."""
    environment = Environment(environ)
    settings = ServiceSettings.read(environment)
    frontend = FrontendSettings.read(environment)
    environment.finish()
    return create(Identity.capture("frontend", environ), frontend, Bundle.read(), settings.origins), settings


def create(identity: Identity, settings: FrontendSettings, bundle: Bundle, origins: tuple[str, ...] = ()) -> FastAPI:
    """The application for one bundle. It needs no backing service, so it is ready as soon as it listens."""
    spoken = protocol.version()
    app = create_app(
        identity,
        health=no_backing_services,
        origins=origins,
        protocol=spoken,
        bundle={"commit": identity.commit, "protocol": spoken},
        openapi=False,
    )
    app.add_middleware(SecurityHeaders, policy=settings.content_security_policy(bundle.inline_scripts))
    about = {"commit": identity.commit, "protocol": spoken, "version": identity.version}

    def document(name: str, answer: Mapping[str, Any]) -> None:
        async def get(_: Request) -> Response:
            return JSONResponse(answer, headers={"Cache-Control": "no-cache"})

        app.add_route(name, get, methods=["GET"])

    document("/config.json", {"ok": True, "auth_url": settings.auth_url, "backend_url": settings.backend_url, **about})
    document("/bundle.json", {"ok": True, **about, "files": bundle.digests})
    document("/protocol.json", {"ok": True, **protocol.schema()})

    async def page(request: Request) -> Response:
        return send_file(bundle.files[INDEX], request)

    async def static(request: Request) -> Response:
        found = bundle.files.get(f"static/{request.path_params['path']}")
        if found is None:
            raise ConsoleError(404, "NOT_FOUND", "No file of the pages has this name.")
        return send_file(found, request)

    for path in PAGES:
        app.add_route(path, page, methods=["GET"])
    app.add_route("/static/{path:path}", static, methods=["GET"])
    return app


def no_backing_services() -> dict[str, BackingService]:
    """The frontend has none: browsers, not this service, call auth and backend."""
    return {}


def send_file(file: File, request: Request) -> Response:
    """A file with its digest as its tag, 304 where the browser has it already, packed where the browser takes that."""
    tag = f'"{file.sha256}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if tag in (given.strip() for given in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)


class SecurityHeaders:
    """ASGI middleware: the policy and its companions on every answer, failures too."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to one HTTP answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
