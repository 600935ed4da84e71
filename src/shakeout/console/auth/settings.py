"""The auth service's settings, from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shakeout.console.environment import Environment
from shakeout.console.service import ServiceSettings
from shakeout.console.tokens import TokenSettings

_EXPECTED = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthSettings:
    """
    What the auth service runs with.

    `database` is a SQLAlchemy URL: `sqlite` with an absolute path, or `postgresql+psycopg`. `refresh_seconds` is the
    lifetime of a refresh token; `sign_in_limit` is tries per account and address in a minute.
    """

    service: ServiceSettings
    tokens: TokenSettings
    database: URL = field(repr=False)
    refresh_seconds: int = 1_209_600
    sign_in_limit: int = 10

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> AuthSettings:
        """Raises `SettingsError` with every fault at once."""
        environment = Environment(environ)
        settings = cls(
            service=ServiceSettings.read(environment),
            tokens=TokenSettings.read(environment),
            database=_database(environment),
            refresh_seconds=environment.integer("REFRESH_SECONDS", 1_209_600, minimum=1),
            sign_in_limit=environment.integer("SIGN_IN_LIMIT", 10, minimum=1, maximum=1_000_000),
        )
        environment.finish()
        return settings


def _database(environment: Environment) -> URL:
    folder = Path(environment.text("DATA_DIR", ".shakeout/console"))
    fallback = URL.create("sqlite", database=str((folder / "accounts.db").absolute()))
    text = environment.get("DATABASE_URL")
    if text is None:
        return fallback
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        environment.fault("DATABASE_URL", _EXPECTED, "something that is not a URL")
        return fallback
    if url.drivername == "sqlite" and url.database and url.database != ":memory:" and not url.query:
        return url.set(database=str(Path(url.database).absolute()))
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg") and url.database:
        return url.set(drivername="postgresql+psycopg")
    environment.fault("DATABASE_URL", _EXPECTED, f"{url.drivername}:// {'with' if url.database else 'without'} a path")
    return fallback
