"""
`database`: is the database there, as the service that uses it says and as we see it ourselves?

`<entry>-reported` reads the health answer of the service that reports it; `<entry>-connection` opens a connection of
our own: PostgreSQL by psycopg (the extra `postgresql`), an SQLite file read-only. By default each enabled backing
service of kind `postgresql` or `sqlite` is asked about; the entry is called `database`, or `database-<name>` where
there are several.

Facts: `backing_service`; reported: `reported_by`, `reported_status`, `reported_detail`, `address`, `url`, `status`;
connection: `engine`, `address`, `host`, `port`, `database`, `user`, `server_version`, `tables`, and where it failed
`kind`, `message`: the kinds of `shakeout.checks.network`, `wrong-credentials`, `database-missing`, `starting`,
`too-many-connections`, `file-missing`, `not-a-database`, `other`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from shakeout.checks.answers import inconclusive, not_reached, passed
from shakeout.checks.base import Answer, Check, Context, Outcome
from shakeout.checks.deadline import remaining
from shakeout.checks.interpolation import resolve
from shakeout.checks.kinds import Configured, Kind, configured_for
from shakeout.checks.network import try_address
from shakeout.checks.records import keep_secret
from shakeout.checks.reported import BackingOptions, ask_reported, find_backing, make_check
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import BackingServicePlan, Plan

_KINDS = ("postgresql", "sqlite")


class DatabaseOptions(BackingOptions):
    """Nothing beyond which backing service, or which `url`."""


def expand(entry: Configured[DatabaseOptions], plan: Plan) -> Iterator[Check]:
    """One question of the service that reports it, one by our own connection, as far as the manifest knows them."""
    backing = find_backing(entry.options, plan, _KINDS)
    name = backing.name if backing else entry.name
    required = backing.required if backing else True
    if backing is not None and backing.disabled:
        return
    if backing is not None and backing.reported_by is not None:
        yield make_check(
            entry,
            "reported",
            f"Does {backing.reported_by} say that {name} is up?",
            ask_reported(entry.options, backing, plan),
            service=backing.reported_by,
            required=required,
        )
        if not _within_reach(entry, backing, plan):
            return
    yield make_check(
        entry,
        "connection",
        f"Can we connect to {name} and query it?",
        _connection(entry.options, backing, name),
        services=_makers(entry, backing),
        required=required,
    )


def _makers(entry: Configured[DatabaseOptions], backing: BackingServicePlan | None) -> tuple[str, ...]:
    """The service that makes the database's file, which is not there before that service is."""
    url = entry.options.url or (backing.url if backing is not None else None) or ""
    reporter = backing.reported_by if backing is not None else None
    return (reporter,) if reporter is not None and url.startswith("sqlite") else ()


def _within_reach(entry: Configured[DatabaseOptions], backing: BackingServicePlan, plan: Plan) -> bool:
    """Whether there is an address here: a platform's secret manager may hold it, a file may lie on another machine."""
    url = entry.options.url or backing.url
    return url is not None and not (entry.assumed and url.startswith("sqlite") and plan.target != "local")


def _connection(options: DatabaseOptions, backing: BackingServicePlan | None, name: str) -> Any:
    async def ask(context: Context) -> Answer:
        template = options.url or (backing.url if backing else None)
        if not template:
            return inconclusive(f"{name} has no address in the manifest", backing_service=name)
        url = resolve(template, context)
        scheme = urlsplit(url).scheme.partition("+")[0]
        if scheme in {"postgresql", "postgres"}:
            return await ask_postgresql(url, name, context)
        if scheme == "sqlite":
            return await ask_sqlite(url, name, context)
        return inconclusive(f"no way to connect to {scheme}:// is known", backing_service=name)

    return ask


async def ask_postgresql(url: str, name: str, context: Context) -> Answer:
    """Connect and query; the TCP connection is tried first, so that the network's part is told from the server's."""
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or 5432
    keep_secret(context, unquote(parts.password or ""), parts.password or "")
    user, database = unquote(parts.username or ""), parts.path.lstrip("/")
    facts: dict[str, Any] = {
        "backing_service": name,
        "engine": "postgresql",
        "address": f"{host}:{port}",
        "host": host,
        "port": port,
        "database": database,
        "user": user,
    }
    again = f"psql -h {host} -p {port} -U {user or '$USER'} -d {database or 'postgres'} -c 'SELECT 1'"
    expected = f"a connection to {database or 'the database'} at {host}:{port}, and an answer to SELECT 1"
    if fault := await try_address(host, port, scheme="postgresql", seconds=min(3.0, remaining())):
        return not_reached(fault, expected=expected, reproduce=again, **facts)
    try:
        import psycopg
    except ImportError:
        return inconclusive("psycopg is not installed (pip install 'shakeout[postgresql]')", reproduce=again, **facts)
    plain = url.replace(parts.scheme, "postgresql", 1)
    try:
        async with asyncio.timeout(remaining()):
            connection = await psycopg.AsyncConnection.connect(plain, connect_timeout=max(2, int(remaining())))
            async with connection:
                await connection.set_read_only(True)
                row = await (await connection.execute("SELECT current_setting('server_version')")).fetchone()
    except (psycopg.Error, OSError, TimeoutError) as error:
        message = str(error).strip() or type(error).__name__
        kind = "no-answer" if isinstance(error, TimeoutError) else _kind_of(message, getattr(error, "sqlstate", None))
        if "no password supplied" in message:
            # The services may have one from elsewhere (a secret manager); here it is only that nobody can ask.
            why = f"{name} answers and wants a password, which its address in the manifest does not have"
            return inconclusive(why, reproduce=again, **facts)
        return _failed(kind, message, expected, again, facts)
    version = str(row[0]) if row else "unknown"
    return passed(f"connected to PostgreSQL {version}", **facts, server_version=version)


def _kind_of(message: str, state: str | None) -> str:
    """
    By SQLSTATE where there is one; libpq hands out errors of the connection phase as text alone, so there the server's
    own (English) wording has to do.
    """
    by_state = {
        "28P01": "wrong-credentials",
        "28000": "wrong-credentials",
        "3D000": "database-missing",
        "57P03": "starting",
        "53300": "too-many-connections",
    }
    if state is not None:
        return by_state.get(state, "other")
    for words, kind in (
        ("password authentication failed", "wrong-credentials"),
        ("no password supplied", "wrong-credentials"),
        ("no pg_hba.conf entry", "wrong-credentials"),
        ('role "', "wrong-credentials"),
        ("is starting up", "starting"),
        ("is shutting down", "starting"),
        ("too many clients", "too-many-connections"),
        ("does not support SSL", "wrong-scheme"),
        ('database "', "database-missing"),
    ):
        if words in message:
            return kind
    return "other"


async def ask_sqlite(url: str, name: str, context: Context) -> Answer:
    """Open the file read-only and read its table of contents."""
    path = Path(unquote(urlsplit(url).path)[1:])
    facts: dict[str, Any] = {"backing_service": name, "engine": "sqlite", "address": str(path)}
    reached = {"local": True, "container": context.data is not None, "command": os.access(path, os.R_OK)}
    if not reached.get(context.plan.target, False):
        return inconclusive(f"the file {path} is where the service runs, and out of reach from here", **facts)
    if not path.is_absolute():
        return inconclusive(f"the path {path} is relative to a service; give an absolute one (${{data}})", **facts)
    again = f"sqlite3 -readonly {path} .tables"
    expected = f"an SQLite database at {path}"
    try:
        tables = await asyncio.to_thread(_read_sqlite, path, min(3.0, remaining()))
    except sqlite3.Error as error:
        kind = "not-a-database" if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB else "other"
        return _failed(kind, str(error), expected, again, facts)
    except FileNotFoundError:
        return _failed("file-missing", f"there is no file {path}", expected, again, facts)
    except OSError as error:
        return _failed("other", str(error), expected, again, facts)
    return passed(f"opened read-only, {tables} tables", **facts, tables=tables, server_version=sqlite3.sqlite_version)


def _read_sqlite(path: Path, seconds: float) -> int:
    if not path.is_file():
        raise FileNotFoundError(path)
    if not os.access(path, os.R_OK):
        raise PermissionError(f"the file {path} may not be read")
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=seconds)
    try:
        row = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    finally:
        connection.close()
    return int(row[0])


def _failed(kind: str, message: str, expected: str, again: str, facts: Mapping[str, Any]) -> Answer:
    first = message.splitlines()[0]
    return Answer(
        outcome=Outcome.FAILED,
        detail=first,
        expected=expected,
        actual=first,
        excerpt=message,
        reproduce=again,
        facts={**facts, "kind": kind, "message": message},
    )


def defaults(plan: Plan) -> Mapping[str, CheckSpec]:
    """One entry for each enabled database, where the manifest configures none of this kind."""
    found = [each for each in plan.backing_services if each.kind in _KINDS and not each.disabled]
    if configured_for(plan, KIND.name):
        return {}
    keys: dict[str, dict[str, Any]] = {
        "database" if len(found) == 1 else f"database-{each.name}": {"backing_service": each.name}
        for each in found
        if each.url or each.reported_by
    }
    return {name: CheckSpec(kind=KIND.name, **options) for name, options in keys.items()}


KIND = Kind(name="database", options=DatabaseOptions, expand=expand, defaults=defaults, order=20)
