"""The backend's settings."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from shakeout.console.environment import Environment
from shakeout.console.tokens import TokenSettings
from shakeout.errors import UsageError
from shakeout.history.store import HistoryURL


@dataclass(frozen=True, kw_only=True, slots=True)
class BackendSettings:
    """
    Where history is kept, where its spool lies, how tokens are verified, and where auth answers.

    Without `auth_url` nobody is asked whether a token was revoked. The breaker opens after `breaker_failures` failures
    in a row, for `breaker_seconds`.
    """

    history: HistoryURL
    spool: Path
    tokens: TokenSettings
    auth_url: str | None
    breaker_failures: int
    breaker_seconds: int

    @classmethod
    def read(cls, environment: Environment) -> BackendSettings:
        """
        Read HISTORY_URL, SPOOL_DIR, AUTH_URL, BREAKER_FAILURES, BREAKER_SECONDS and the TOKEN_ variables.

        Faults go to `environment`.
        """
        history = HistoryURL(kind="disabled")
        try:
            history = HistoryURL.parse(environment.text("HISTORY_URL", expected="a history URL") or "disabled")
        except UsageError as error:
            environment.fault("HISTORY_URL", error.expected or "a history URL", error.seen or "something else")
        if history.kind == "embedded" and find_spec("chdb") is None:
            expected = "the address of a ClickHouse server, or the extra embedded-clickhouse to be installed"
            environment.fault("HISTORY_URL", expected, "chdb, which is not installed")
        spool = environment.get("SPOOL_DIR")
        if spool is None and history.kind != "disabled":
            environment.fault("SPOOL_DIR", "a folder", "nothing (it is not set)")
        auth_url = environment.get("AUTH_URL")
        if auth_url is not None and (
            urlsplit(auth_url).scheme not in ("http", "https") or not urlsplit(auth_url).netloc
        ):
            environment.fault("AUTH_URL", "http://host:port", "something else")
        return cls(
            history=history,
            spool=Path(spool or "."),
            tokens=TokenSettings.read(environment),
            auth_url=auth_url.rstrip("/") if auth_url else None,
            breaker_failures=environment.integer("BREAKER_FAILURES", 3, minimum=1, maximum=1000),
            breaker_seconds=environment.integer("BREAKER_SECONDS", 5, minimum=1, maximum=3600),
        )
