"""The account database: migrations, going down, coming back, on SQLite and on PostgreSQL."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from fixtures.auth import KEY, PASSWORD, Auth, environ, eventually
from fixtures.postgresql import PASSWORD as DATABASE_PASSWORD
from shakeout.console.auth.database import Database, DatabaseUnavailable
from shakeout.console.auth.models import Base
from shakeout.console.auth.settings import AuthSettings
from shakeout.console.environment import SettingsError


def settings(url: str) -> AuthSettings:
    return AuthSettings.from_environment(environ(url))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(settings(database_url).database)
    yield made
    made.close()


def assert_refused(auth: Auth, token: str, address: str) -> None:
    """Every call that needs the database answers 503 with the reason, and health says the same."""
    calls = (
        auth.post("/v1/accounts", email="new@example.com", password=PASSWORD),
        auth.post("/v1/sessions", email="ada@example.com", password=PASSWORD),
        auth.post("/v1/sessions/refresh", refresh_token="x"),
        auth.post("/v1/sessions/revoke", token),
        auth.get("/v1/me", token),
        auth.post("/v1/tokens/introspect", token=token),
    )
    for answer in calls:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (503, "DATABASE_UNAVAILABLE")
        assert error["detail"]["address"] == address
        assert error["detail"]["reason"]
        assert DATABASE_PASSWORD not in answer.text
    answer = auth.get("/health")
    found = answer.json()["backing_services"]["accounts"]
    assert (answer.status_code, answer.json()["ok"], found["status"]) == (503, False, "down")
    assert found["address"] == address
    assert DATABASE_PASSWORD not in answer.text


def test_the_migrations_arrive_at_the_models(database):
    database.migrate()
    with database._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrating_twice_changes_nothing_and_keeps_the_accounts(start_auth, database_url):
    start_auth(database_url).signed_in()
    again = start_auth(database_url)
    assert again.post("/v1/sessions", email="ada@example.com", password=PASSWORD).status_code == 200


def test_several_services_may_migrate_at_once(database_url):
    databases = [Database(settings(database_url).database) for _ in range(4)]
    together = threading.Barrier(4)

    def migrate(database: Database) -> str:
        together.wait(10)
        eventually(lambda: (database.look(), database.ready)[1])
        return database.state().status

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrate, databases)) == ["up"] * 4
    for database in databases:
        database.close()


def test_health_tells_the_kind_the_address_and_the_revision(auth):
    found = auth.health()
    assert (found["status"], found["required"]) == ("up", True)
    assert found["kind"] == ("sqlite" if auth.url.startswith("sqlite") else "postgresql")
    assert found["address"] in auth.url
    assert "0001" in found["detail"]


def test_a_schema_of_a_newer_release_is_degraded_and_still_serves(auth, database):
    token = auth.signed_in()["access_token"]
    with database.transaction(write=True) as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    found = auth.health()
    assert found["status"] == "degraded"
    assert "9999" in found["detail"]
    assert "0001" in found["detail"]
    assert auth.get("/v1/me", token).status_code == 200


def test_a_service_that_is_older_than_the_schema_says_so_at_start(start_auth, database_url, database):
    database.migrate()
    with database.transaction(write=True) as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    auth = start_auth(database_url, ready=False)
    assert "9999" in eventually(lambda: "migrated:" in auth.health()["detail"] and auth.health()["detail"])


def test_postgresql_going_down_is_told_and_coming_back_is_noticed(start_auth, stoppable_postgresql_server, caplog):
    server = stoppable_postgresql_server
    auth = start_auth(server.new_database())
    token = auth.signed_in()["access_token"]
    for kill in (False, True):
        server.stop(kill=kill)
        assert_refused(auth, token, server.address)
        assert "refused" in auth.health()["detail"]
        with caplog.at_level(logging.INFO):
            eventually(lambda: "account database is down" in caplog.text)
            server.start()
            assert auth.get("/v1/me", token).status_code == 200
            assert auth.ready()
            eventually(lambda: "account database is up" in caplog.text)
        caplog.clear()


def test_postgresql_that_is_down_at_start_is_awaited_and_then_migrated(start_auth, stoppable_postgresql_server, caplog):
    server = stoppable_postgresql_server
    url = server.new_database()
    server.stop()
    auth = start_auth(url, ready=False)
    eventually(lambda: "refused" in auth.health()["detail"])
    assert auth.get("/version").status_code == 200
    server.start()
    eventually(auth.ready)
    assert auth.signed_in()["ok"]
    assert DATABASE_PASSWORD not in caplog.text


def test_a_wrong_database_password_is_told_without_the_password(start_auth, postgresql_server, caplog):
    url = postgresql_server.new_database().replace(DATABASE_PASSWORD, "wrong-velvet")
    auth = start_auth(url, ready=False)
    detail = eventually(lambda: "authentication failed" in auth.health()["detail"] and auth.health()["detail"])
    assert "wrong-velvet" not in detail
    assert "wrong-velvet" not in caplog.text


def test_an_address_where_nothing_ever_answers_does_not_hang_health(start_auth):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        auth = start_auth(f"postgresql://u:velvet-secret@127.0.0.1:{silent.getsockname()[1]}/x", ready=False)
        answer = auth.get("/health")
        assert answer.status_code == 503
        assert "velvet-secret" not in answer.text


def test_a_server_that_hangs_does_not_hang_health(start_auth, stoppable_postgresql_server):
    server = stoppable_postgresql_server
    auth = start_auth(server.new_database())
    assert auth.ready()
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    family = [server.process.pid, *map(int, children)]
    for process in family:
        os.kill(process, signal.SIGSTOP)
    try:
        assert auth.health()["status"] == "down"
        with ThreadPoolExecutor(8) as pool:
            assert {found["status"] for found in pool.map(lambda _: auth.health(), range(8))} == {"down"}
    finally:
        for process in family:
            os.kill(process, signal.SIGCONT)
    eventually(auth.ready)


def test_a_database_that_was_dropped_and_made_anew_is_migrated_again(start_auth, postgresql_server):
    url = postgresql_server.new_database()
    auth = start_auth(url)
    auth.signed_in()
    name = url.rpartition("/")[2]
    with psycopg.connect(postgresql_server.url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    eventually(lambda: auth.ready() and auth.post("/v1/accounts", email="a@b.c", password=PASSWORD).status_code == 201)


def test_a_sqlite_file_that_goes_is_told_not_remade_and_found_again(start_auth, tmp_path):
    path = tmp_path / "accounts.db"
    auth = start_auth(f"sqlite:///{path}")
    token = auth.signed_in()["access_token"]
    path.rename(tmp_path / "away.db")
    assert_refused(auth, token, str(path))
    assert f"there is no file {path}" in auth.health()["detail"]
    assert not path.exists()
    (tmp_path / "away.db").rename(path)
    assert auth.ready()
    assert auth.get("/v1/me", token).status_code == 200


def test_a_sqlite_file_that_is_none_is_told(start_auth, tmp_path):
    path = tmp_path / "accounts.db"
    path.write_bytes(b"this was never a database" * 100)
    auth = start_auth(f"sqlite:///{path}", ready=False)
    eventually(lambda: "not a database" in auth.health()["detail"])
    assert path.read_bytes().startswith(b"this was")


def test_a_sqlite_folder_that_cannot_be_made_is_told(start_auth, tmp_path):
    (tmp_path / "folder").write_text("a file is in the way")
    auth = start_auth(f"sqlite:///{tmp_path}/folder/accounts.db", ready=False)
    eventually(lambda: "folder" in auth.health()["detail"])


def test_sqlite_keeps_a_write_ahead_log_and_only_its_owner_reads_it(start_auth, tmp_path):
    start_auth(f"sqlite:///{tmp_path}/deep/down/accounts.db")
    path = tmp_path / "deep/down/accounts.db"
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_writer_waits_for_another_one(start_auth, tmp_path):
    path = tmp_path / "accounts.db"
    auth = start_auth(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    assert auth.post("/v1/accounts", email="ada@example.com", password=PASSWORD).status_code == 201
    timer.join()
    other.close()


def test_a_try_that_the_database_could_not_decide_does_not_count(start_auth, tmp_path):
    path = tmp_path / "accounts.db"
    auth = start_auth(f"sqlite:///{path}", SIGN_IN_LIMIT="2")
    path.rename(tmp_path / "away.db")
    for _ in range(4):
        assert auth.post("/v1/sessions", email="ada@example.com", password="x").status_code == 503
    (tmp_path / "away.db").rename(path)
    assert auth.post("/v1/sessions", email="ada@example.com", password="x").status_code == 401


@pytest.mark.parametrize(
    ("url", "driver", "database"),
    [
        ("postgresql://u:p@db.example.com:5433/accounts", "postgresql+psycopg", "accounts"),
        ("postgres://u:p@db.example.com/accounts", "postgresql+psycopg", "accounts"),
        ("sqlite:////var/lib/accounts.db", "sqlite", "/var/lib/accounts.db"),
        ("sqlite:///here.db", "sqlite", str(Path("here.db").absolute())),
    ],
)
def test_the_database_url_is_read(url, driver, database):
    found = settings(url).database
    assert (found.drivername, found.database) == (driver, database)


@pytest.mark.parametrize(
    "url", ["mysql://u:velvet@h/d", "sqlite://", "sqlite:///:memory:", "velvet", "postgresql://u:velvet@h:x/d"]
)
def test_another_database_url_is_refused_without_showing_it(url):
    with pytest.raises(SettingsError) as raised:
        settings(url)
    assert raised.value.faults[0].startswith("DATABASE_URL: expected sqlite:///PATH or postgresql://")
    assert "velvet" not in str(raised.value)


def test_the_default_database_is_a_file_in_the_data_folder(tmp_path):
    found = AuthSettings.from_environment({"PORT": "0", "TOKEN_KEY": KEY, "DATA_DIR": str(tmp_path)})
    assert found.database.database == str(tmp_path / "accounts.db")


def test_an_error_that_is_our_own_is_not_called_unavailable(database):
    database.migrate()
    with pytest.raises(Exception) as raised, database.transaction() as session:
        session.connection().exec_driver_sql("SELECT 1 FROM")
    kind = type(raised.value)
    # SQLite calls a wrong statement an operational error, and cannot be told apart.
    assert kind is DatabaseUnavailable if database.kind == "sqlite" else kind.__name__ == "ProgrammingError"
