"""Who may call: tokens are verified here, and auth is asked whether they were revoked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2

from shakeout.console.answers import BackingService, ConsoleError
from shakeout.console.tokens import Claims, TokenRefused, Tokens, bearer, refuse

_log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 1.0
"""For how long auth's answer about one token is believed."""

REMEMBERED_TOKENS = 10_000


class Gate:
    """
    Lets a call in by its token.

    `seconds` bounds each question to auth. Questions about one token that come together are asked once.
    """

    def __init__(
        self,
        tokens: Tokens,
        auth_url: str | None,
        *,
        seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._auth_url = auth_url
        self._clock = clock
        self._client = httpx2.AsyncClient(timeout=seconds, trust_env=False) if auth_url else None
        self._answers: dict[str, tuple[float, asyncio.Task[str | None]]] = {}

    async def admit(self, header: str | None) -> Claims:
        """The claims of the token in an Authorization header. Raises `TokenRefused`, or `ConsoleError` 503."""
        return await self.admit_token(bearer(header))

    async def admit_token(self, token: str) -> Claims:
        """The claims of a token. Raises `TokenRefused`, or `ConsoleError` 503 AUTH_UNAVAILABLE."""
        claims = self._tokens.verify(token)
        if self._client is not None:
            reason = await self._reason(token, claims)
            if reason is not None:
                message = "Auth does not accept the token any more."
                if reason == "TOKEN_REVOKED":
                    message = "The token was revoked."
                refuse(reason, message, expected="a token that auth calls active", seen=reason)
        return claims

    async def health(self) -> BackingService:
        """Auth as this service reaches it now."""
        if self._client is None or self._auth_url is None:
            return BackingService(
                status="disabled",
                kind="http",
                required=False,
                detail="AUTH_URL is not set: tokens are verified, revocation is not known",
            )
        address = urlsplit(self._auth_url).netloc.rpartition("@")[2]
        try:
            answer = await self._client.get(f"{self._auth_url}/health", timeout=1.0)
        except httpx2.HTTPError as error:
            detail = f"{type(error).__name__}: {error}"[:200]
            return BackingService(status="down", kind="http", required=False, detail=detail, address=address)
        return BackingService(
            status="up" if answer.status_code == 200 else "degraded",
            kind="http",
            required=False,
            detail=f"answers {answer.status_code}",
            address=address,
        )

    async def close(self) -> None:
        """Close the connections to auth."""
        if self._client is not None:
            await self._client.aclose()

    async def _reason(self, token: str, claims: Claims) -> str | None:
        now = self._clock()
        known = self._answers.get(claims.token_id)
        if known is not None and known[0] > now:
            return await asyncio.shield(known[1])
        if len(self._answers) >= REMEMBERED_TOKENS:
            self._answers = {name: answer for name, answer in self._answers.items() if answer[0] > now}
        question = asyncio.create_task(self._ask(token))
        question.add_done_callback(lambda done: self._answered(claims.token_id, done))
        self._answers[claims.token_id] = (now + REMEMBERED_SECONDS, question)
        return await asyncio.shield(question)

    def _answered(self, token_id: str, question: asyncio.Task[str | None]) -> None:
        """A question that failed is not remembered."""
        if (question.cancelled() or question.exception() is not None) and token_id in self._answers:
            del self._answers[token_id]

    async def _ask(self, token: str) -> str | None:
        """Null when auth calls the token active, else its reason."""
        assert self._client is not None
        try:
            answer = await self._client.post(f"{self._auth_url}/v1/tokens/introspect", json={"token": token})
            answer.raise_for_status()
            document = answer.json()
            active, reason = document["active"], document.get("reason")
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.error("auth at %s cannot be asked: %s: %s", self._auth_url, type(error).__name__, error)
            raise ConsoleError(
                503,
                "AUTH_UNAVAILABLE",
                "Auth cannot be asked whether the token was revoked.",
                detail={"address": self._auth_url, "error": f"{type(error).__name__}: {error}"[:300]},
                headers={"Retry-After": "1"},
            ) from error
        return None if active is True else str(reason or "TOKEN_REVOKED")


__all__ = ["REMEMBERED_SECONDS", "Gate", "TokenRefused"]
