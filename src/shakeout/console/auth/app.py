"""The auth service's HTTP interface."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from shakeout.console.auth.accounts import Accounts, Pair
from shakeout.console.auth.database import Database, DatabaseUnavailable
from shakeout.console.auth.keeper import Keeper
from shakeout.console.auth.messages import (
    AccountAnswer,
    AccountBody,
    Done,
    IntrospectionAnswer,
    NewAccount,
    PairAnswer,
    RefreshRequest,
    SignIn,
    TokenQuestion,
)
from shakeout.console.auth.passwords import Passwords
from shakeout.console.auth.settings import AuthSettings
from shakeout.console.service import ConsoleError, Identity, ServiceSettings, create_app, failure, failures
from shakeout.console.tokens import Claims, TokenRefused, bearer


def build(environ: Mapping[str, str]) -> tuple[FastAPI, ServiceSettings]:
    """The application for these environment variables. Raises `SettingsError`; opens no connection yet."""
    settings = AuthSettings.from_environment(environ)
    identity = Identity.capture("auth", environ)
    return application(settings, identity), settings.service


def application(
    settings: AuthSettings,
    identity: Identity,
    *,
    clock: Callable[[], float] = time.time,
    passwords: Passwords | None = None,
) -> FastAPI:
    """The application; its keeper thread runs between start-up and shutdown. `clock` gives seconds since 1970."""
    database = Database(settings.database)
    accounts = Accounts(settings, database, passwords=passwords, clock=clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        keeper = Keeper(database, accounts)
        keeper.start()
        try:
            yield
        finally:
            keeper.stop()
            database.close()

    app = create_app(
        identity,
        health=lambda: {"accounts": database.state()},
        origins=settings.service.origins,
        lifespan=lifespan,
        token_fingerprint=settings.tokens.fingerprint(),
    )
    app.add_exception_handler(DatabaseUnavailable, _unavailable)
    _routes(app, accounts, settings)
    return app


def _routes(app: FastAPI, accounts: Accounts, settings: AuthSettings) -> None:
    longest = settings.tokens.seconds

    def signed_in(request: Request) -> Claims:
        return accounts.verify(bearer(request.headers.get("authorization")))

    documented = Depends(HTTPBearer(auto_error=False, description="An access token of this service"))
    caller = Depends(signed_in)
    always = (400, 413, 422, 500, 503)

    @app.post("/v1/accounts", status_code=201, responses=failures(409, *always), tags=["accounts"])
    def create_account(body: NewAccount) -> AccountAnswer:
        """Sign up. 409 ACCOUNT_EXISTS when the address has an account."""
        account = accounts.create(body.email, body.password.get_secret_value())
        return AccountAnswer(account=AccountBody(id=account.id, email=account.email))

    @app.post("/v1/sessions", responses=failures(401, *always, 429), tags=["sessions"])
    def sign_in(body: SignIn, request: Request) -> PairAnswer:
        """Sign in. 401 WRONG_CREDENTIALS, alike for a wrong password and an unknown account; 429 RATE_LIMITED."""
        if body.expires_in is not None and body.expires_in > longest:
            message = f"expires_in: at most {longest} s, the lifetime of this service's tokens."
            raise ConsoleError(422, "INVALID", message, field="expires_in")
        address = request.client.host if request.client else "unknown"
        password = body.password.get_secret_value()
        return _pair(accounts.sign_in(body.email, password, address=address, seconds=body.expires_in))

    @app.post("/v1/sessions/refresh", responses=failures(401, *always), tags=["sessions"])
    def refresh(body: RefreshRequest) -> PairAnswer:
        """
        A new pair of tokens; the refresh token is used up.

        401 REFRESH_TOKEN_REUSED when it was used before: the whole family is revoked. Also REFRESH_TOKEN_UNKNOWN,
        REFRESH_TOKEN_EXPIRED and TOKEN_REVOKED.
        """
        return _pair(accounts.refresh(body.refresh_token.get_secret_value()))

    @app.post("/v1/sessions/revoke", responses=failures(401, 500, 503), dependencies=[documented], tags=["sessions"])
    def revoke(claims: Claims = caller) -> Done:
        """Sign out: the session's access and refresh tokens are refused from now on."""
        accounts.revoke(claims)
        return Done()

    @app.get("/v1/me", responses=failures(401, 500, 503), dependencies=[documented], tags=["accounts"])
    def me(claims: Claims = caller) -> AccountAnswer:
        """Who the token belongs to."""
        return AccountAnswer(account=AccountBody(id=claims.account_id, email=claims.email))

    @app.post(
        "/v1/tokens/introspect",
        responses=failures(*always),
        response_model_exclude_none=True,
        tags=["tokens"],
    )
    def introspect(body: TokenQuestion) -> IntrospectionAnswer:
        """Whether an access token is accepted now; if not, `reason` is the refusal's code. Knows about revocation."""
        try:
            claims = accounts.verify(body.token.get_secret_value())
        except TokenRefused as refusal:
            return IntrospectionAnswer(active=False, reason=refusal.code)
        return IntrospectionAnswer(
            active=True,
            account=AccountBody(id=claims.account_id, email=claims.email),
            expires_at=datetime.fromtimestamp(claims.expires_at, UTC).isoformat().replace("+00:00", "Z"),
        )


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DatabaseUnavailable)
    detail: dict[str, Any] = {"address": error.address, "reason": error.reason}
    message = f"The account database at {error.address} does not answer: {error.reason}"
    return failure(503, "DATABASE_UNAVAILABLE", message, detail=detail, headers={"Retry-After": "1"})


def _pair(pair: Pair) -> PairAnswer:
    return PairAnswer(access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)
