"""
The account that the auth check signs in with, and the requests that it makes: sign up, sign in, ask, refresh, revoke.

Paths, fields and statuses are options; their defaults are those of the console's auth service.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from shakeout.checks.base import Context
from shakeout.checks.client import Reply, ask_http, curl, dotted
from shakeout.checks.interpolation import SecretReference
from shakeout.checks.kinds import Configured, Duration, Options, TLSOptions
from shakeout.checks.records import keep_secret
from shakeout.checks.tokens import leave_token


class Call(Options):
    """One request: where, how, and which statuses mean that it worked."""

    path: str
    method: str = "POST"
    status: tuple[int, ...] = (200, 201, 202, 204)
    more: dict[str, Any] = Field(default_factory=dict)
    """Further fields to send."""


class Protected(Options):
    """An address that needs a token; without `service` it is one of the service that signs in."""

    service: str | None = None
    path: str = "/v1/me"
    method: str = "GET"


class Account(Options):
    """An account that is there already, instead of a throw-away one that is signed up for."""

    email: str
    password: SecretReference


class AuthOptions(Options):
    """How accounts and tokens work; `null` for `sign_up`, `refresh`, `revoke` or `expires_in` means: there is none."""

    account: Account | None = None
    sign_up: Call | None = Call(path="/v1/accounts")
    sign_in: Call = Call(path="/v1/sessions")
    refresh: Call | None = Call(path="/v1/sessions/refresh")
    revoke: Call | None = Call(path="/v1/sessions/revoke")
    protected: tuple[Protected, ...] | None = None
    email_field: str = "email"
    password_field: str = "password"
    token: str = "access_token"
    """Dotted path of the access token in the answer to signing in."""
    refresh_token: str = "refresh_token"
    refresh_field: str = "refresh_token"
    """The field in which the refresh token is sent."""
    expires_in: str | None = "expires_in"
    """The field that asks for a lifetime in seconds when signing in, where the service has one."""
    leeway: Duration = 3.0
    """Seconds for which an expired token may still be accepted, for clocks that differ."""
    header: str = "Authorization"
    scheme: str = "Bearer"
    refused: tuple[int, ...] = (401, 403)
    domain: str = "example.com"
    """Where the throw-away account's address is."""
    tls: TLSOptions = TLSOptions()


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """What signing in or refreshing gave; either is None where the answer has none."""

    access: str | None = field(repr=False)
    refresh: str | None = field(repr=False)


class Session:
    """The account of one entry and its requests, kept in the context for all questions of the entry."""

    def __init__(self, entry: Configured[AuthOptions], context: Context) -> None:
        self.options = entry.options
        self.service = entry.spec.service or "auth"
        self.context = context
        self.base = context.url(self.service) or ""
        account = self.options.account
        if account is not None:
            self.email, self.password = account.email, account.password.read(context)
        else:
            self.email = f"shakeout-{secrets.token_hex(8)}@{self.options.domain}"
            self.password = f"Aa1-{secrets.token_urlsafe(18)}"
            keep_secret(context, self.password)
        self.pair = Pair(access=None, refresh=None)

    @classmethod
    def of(cls, entry: Configured[AuthOptions], context: Context) -> Session:
        """The session of this entry; made by whoever asks first."""
        key = f"auth:{entry.name}"
        if key not in context.shared:
            context.shared[key] = cls(entry, context)
        session: Session = context.shared[key]
        return session

    def url(self, call: Call | Protected) -> str:
        base = self.base
        if isinstance(call, Protected) and call.service is not None:
            base = self.context.url(call.service) or ""
        return f"{base}/{call.path.lstrip('/')}"

    def headers(self, token: str | None) -> dict[str, str]:
        return {} if token is None else {self.options.header: f"{self.options.scheme} {token}".strip()}

    async def send(self, call: Call, body: Mapping[str, Any], token: str | None = None) -> Reply:
        """One request; raises NotReached."""
        whole = {**call.more, **body} or None
        return await ask_http(
            call.method, self.url(call), headers=self.headers(token), body=whole, tls=self.options.tls
        )

    async def sign_up(self, call: Call) -> Reply:
        return await self.send(call, self._credentials())

    async def sign_in(self, seconds: int | None = None) -> tuple[Reply, Pair]:
        """Sign in, where `seconds` is given with that lifetime asked for."""
        lifetime = {self.options.expires_in: seconds} if seconds and self.options.expires_in else {}
        reply = await self.send(self.options.sign_in, {**self._credentials(), **lifetime})
        return reply, self.read(reply)

    async def ask(self, protected: Protected, token: str | None) -> Reply:
        """A protected address, with this token or with none."""
        return await ask_http(protected.method, self.url(protected), headers=self.headers(token), tls=self.options.tls)

    def read(self, reply: Reply) -> Pair:
        """The tokens of an answer; they are secrets from now on."""
        answer = reply.json()
        access, refresh = dotted(answer, self.options.token), dotted(answer, self.options.refresh_token)
        keep_secret(self.context, *(value for value in (access, refresh) if isinstance(value, str)))
        return Pair(
            access=access if isinstance(access, str) and access else None,
            refresh=refresh if isinstance(refresh, str) and refresh else None,
        )

    def keep(self, pair: Pair) -> None:
        """This is the session that the other questions, and other checks, go on with."""
        self.pair = pair
        if pair.access is not None:
            leave_token(self.context, pair.access, self.options.header, self.options.scheme)

    def again(self, call: Call | Protected, *, token: bool = False, body: Mapping[str, Any] | None = None) -> str:
        """A command line for one request, with names in the place of secrets."""
        headers = {self.options.header: f"{self.options.scheme} $TOKEN".strip()} if token else {}
        return curl(self.url(call), method=call.method, headers=headers, body=body)

    @property
    def shown_credentials(self) -> dict[str, str]:
        return {self.options.email_field: self.email, self.options.password_field: "$PASSWORD"}

    def _credentials(self) -> dict[str, str]:
        return {self.options.email_field: self.email, self.options.password_field: self.password}
