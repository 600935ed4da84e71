"""The account database: SQLite or PostgreSQL, its transactions, its migrations, and how it is now."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, exc, text
from sqlalchemy.orm import Session

from shakeout.console.service import BackingService
from shakeout.evidence.redaction import Redactor

_log = logging.getLogger(__name__)
logging.getLogger("alembic").setLevel(logging.WARNING)

WAIT = 5
"""Seconds that a statement may wait for a lock."""
CONNECT = 2
"""Seconds that PostgreSQL may take to accept a connection (libpq knows whole seconds, at least two)."""
PATIENCE = 2
"""Seconds that `/health` waits for the database."""
_MIGRATION_LOCK = 0x5A4B_0A17
_NOT_OURS = {"42P01": "table", "3F000": "schema", "42501": "permission", "57014": "time"}


class DatabaseUnavailable(Exception):
    """The account database does not do its part; `reason` is its own error text without secrets."""

    def __init__(self, reason: str, address: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.reason = reason
        self.address = address


class Database:
    """
    The account database. Nothing is opened before it is needed, so it may be down when it is made.

    `address` is host:port, or the path of the SQLite file. Safe to share between threads.
    """

    def __init__(self, url: URL) -> None:
        self.kind = "sqlite" if url.drivername == "sqlite" else "postgresql"
        self._redact = Redactor([str(url.password)] if url.password else [])
        self._path = Path(url.database or "") if self.kind == "sqlite" else None
        self.address = str(self._path) if self._path else _host_and_port(url)
        self._engine = _sqlite(self._path) if self._path else _postgresql(url)
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._question: Future[str] | None = None
        self._revision: str | None = None
        self._fault: str | None = "the migrations have not run yet"
        self._created = False

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[Session]:
        """
        A session in a transaction that commits at the end, or rolls back when an exception leaves the block.

        `write` takes SQLite's write lock at once, which waits its turn where a later upgrade would fail. Raises
        `DatabaseUnavailable`.
        """
        with self._translated(), self._engine.connect() as plain:
            connection = plain.execution_options(shakeout_write=write)
            with connection.begin(), Session(connection, expire_on_commit=False) as session:
                yield session
                session.flush()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; processes take turns. Raises `DatabaseUnavailable`."""
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        with self._translated():
            if self._path and not self._created:
                self._create(self._path)
            with self._engine.connect() as plain:
                connection = plain.execution_options(shakeout_write=True)
                with connection.begin():
                    if self.kind == "postgresql":
                        connection.execute(text("SET LOCAL statement_timeout = 0"))
                        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                    config = Config()
                    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
                    config.set_main_option("path_separator", "os")
                    config.attributes["connection"] = connection
                    try:
                        command.upgrade(config, "head")
                    except CommandError as error:
                        raise DatabaseUnavailable(f"cannot be migrated: {_line(error)}", self.address) from error
                    revision = _revision(connection)
        self._created = True
        self._revision = revision
        _log.info("account database migrated: address=%s revision=%s", self.address, revision)

    def look(self) -> None:
        """Migrate if that has not been done, and ask the database for its revision. Logs when it goes or comes back."""
        with self._lock:
            try:
                if self._revision is None:
                    self.migrate()
                self._ask()
            except DatabaseUnavailable as error:
                if error.reason != self._fault:
                    _log.error("account database is down: address=%s reason=%s", error.address, error.reason)
                self._fault = error.reason
            else:
                if self._fault is not None:
                    _log.info("account database is up: address=%s", self.address)
                self._fault = None

    def state(self) -> BackingService:
        """How it is now, asked afresh; while it has not been migrated, what stands in the way."""
        if self._revision is None:
            return self._as("down", self._fault or "the migrations have not run yet")
        try:
            found = self._probe()
        except DatabaseUnavailable as error:
            return self._as("down", error.reason)
        if found != self._revision:
            return self._as("degraded", f"its schema is at revision {found}, this service knows {self._revision}")
        return self._as("up", f"answers; its schema is at revision {found}")

    @property
    def ready(self) -> bool:
        """Whether the last look found it migrated and answering."""
        return self._revision is not None and self._fault is None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _as(self, status: Literal["up", "down", "degraded"], detail: str) -> BackingService:
        return BackingService(status=status, kind=self.kind, required=True, detail=detail, address=self.address)

    def _probe(self) -> str:
        """Ask, but no longer than PATIENCE. A server that hangs keeps the question; later callers wait for the same."""
        with self._probing:
            if self._question is None or self._question.done():
                self._question = Future()
                threading.Thread(target=self._settle, args=(self._question,), name="probe", daemon=True).start()
            question = self._question
        try:
            return question.result(PATIENCE)
        except TimeoutError as error:
            raise DatabaseUnavailable(f"no answer within {PATIENCE} s", self.address) from error

    def _settle(self, question: Future[str]) -> None:
        try:
            question.set_result(self._ask())
        except Exception as error:
            question.set_exception(error)

    def _ask(self) -> str:
        with self._translated(), self._engine.connect() as connection:
            return _revision(connection)

    def _create(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (exc.OperationalError, exc.InterfaceError, exc.ProgrammingError, exc.DatabaseError) as error:
            state = getattr(error.orig, "sqlstate", None)
            known = isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated
            if not known and state not in _NOT_OURS and type(error) is not exc.DatabaseError:
                raise
            if state == "42P01" or "no such table" in str(error.orig):
                self._revision = None
            raise DatabaseUnavailable(self._reason(error.orig or error), self.address) from error
        except (exc.TimeoutError, OSError) as error:
            raise DatabaseUnavailable(self._reason(error), self.address) from error

    def _reason(self, error: BaseException) -> str:
        return self._redact(_line(error))


def _sqlite(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a file that has gone is an error to be told, not one to be made anew and empty.
        address = f"file:{quote(str(path))}?mode=rw"
        try:
            connection = sqlite3.connect(address, uri=True, timeout=WAIT, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            if path.exists():
                raise
            raise sqlite3.OperationalError(f"{error}: there is no file {path}") from error
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("shakeout_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    # hide_parameters: an error's text would otherwise quote what was stored.
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        pool_timeout=WAIT,
        connect_args={
            "connect_timeout": CONNECT,
            "tcp_user_timeout": WAIT * 1000,
            "application_name": "shakeout-auth",
        },
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.autocommit = True
        connection.execute(f"SET statement_timeout = '{WAIT}s'")
        connection.autocommit = False

    return engine


def _revision(connection: Connection) -> str:
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


def _host_and_port(url: URL) -> str:
    host = url.host or url.query.get("host") or "localhost"
    return f"{host if isinstance(host, str) else host[0]}:{url.port or 5432}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:400] or type(error).__name__
