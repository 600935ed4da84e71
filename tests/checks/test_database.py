"""The database check against a real PostgreSQL, SQLite files and health answers."""

import sqlite3
from urllib.parse import urlsplit, urlunsplit

import pytest

from shakeout.manifest.model import CheckSpec, Health
from shakeout.manifest.plan import BackingServicePlan


def backing(world, kind, url=None, **keys):
    world.backing = [BackingServicePlan(name="accounts", kind=kind, url=url, **keys)]


@pytest.fixture
def connect(world):
    async def ask(kind, url, **keys):
        backing(world, kind, url)
        world.checks["database"] = CheckSpec(kind="database", **keys)
        return (await world.ask())["database-connection"]

    return ask


@pytest.fixture
def postgresql_url(postgresql_server):
    return postgresql_server.url


def changed(url, **parts):
    split = urlsplit(url)
    user, password = parts.get("user", split.username), parts.get("password", split.password)
    netloc = f"{user}{':' + password if password else ''}@{split.hostname}:{parts.get('port', split.port)}"
    return urlunsplit(split._replace(netloc=netloc, path=parts.get("path", split.path)))


async def test_a_real_postgresql_is_connected_to(connect, postgresql_url):
    result = await connect("postgresql", postgresql_url)
    assert (result.outcome, result.facts["engine"]) == ("passed", "postgresql")
    assert result.detail.startswith("connected to PostgreSQL 1")


async def test_a_url_with_a_driver_name_is_understood(connect, postgresql_url):
    result = await connect("postgresql", postgresql_url.replace("postgresql:", "postgresql+psycopg:", 1))
    assert result.outcome == "passed"


async def test_a_missing_database_is_told(connect, postgresql_url):
    result = await connect("postgresql", changed(postgresql_url, path="/nowhere"))
    assert (result.outcome, result.facts["kind"]) == ("failed", "database-missing")
    assert 'database "nowhere" does not exist' in result.detail


async def test_an_unknown_user_is_told_as_wrong_credentials(connect, postgresql_url):
    result = await connect("postgresql", changed(postgresql_url, user="nobody", password="wrong-plum"))
    assert (result.outcome, result.facts["kind"]) == ("failed", "wrong-credentials")
    assert "wrong-plum" not in repr(result)


async def test_an_address_without_the_password_that_the_server_wants_cannot_be_asked(connect, postgresql_url):
    result = await connect("postgresql", changed(postgresql_url, password=""))
    assert (result.outcome, "wants a password" in result.detail) == ("inconclusive", True)


async def test_a_postgresql_that_is_down_is_refused(connect, unused_tcp_port):
    result = await connect("postgresql", f"postgresql://u:secret-plum@127.0.0.1:{unused_tcp_port}/a")
    assert (result.outcome, result.facts["kind"]) == ("failed", "refused")
    assert "secret-plum" not in repr(result)


async def test_a_server_that_is_no_postgresql_fails(connect, serve):
    url = await serve(lambda asked: (200, {}))
    assert (await connect("postgresql", url.replace("http:", "postgresql:") + "/a", deadline=1)).outcome == "failed"


async def test_an_sqlite_file_is_opened_read_only(connect, tmp_path):
    path = tmp_path / "accounts.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE accounts (id)")
    connection.close()
    before = path.read_bytes()
    result = await connect("sqlite", f"sqlite:///{path}")
    assert (result.outcome, result.facts["tables"]) == ("passed", 1)
    assert path.read_bytes() == before


async def test_a_missing_sqlite_file_fails_and_is_not_made(connect, tmp_path):
    result = await connect("sqlite", f"sqlite:///{tmp_path}/none.db")
    assert (result.outcome, result.facts["kind"]) == ("failed", "file-missing")
    assert not (tmp_path / "none.db").exists()


async def test_a_file_that_is_no_database_fails(connect, tmp_path):
    (tmp_path / "text.db").write_text("not a database at all, but long enough to have a header " * 20)
    result = await connect("sqlite", f"sqlite:///{tmp_path}/text.db")
    assert (result.outcome, result.facts["kind"]) == ("failed", "not-a-database")


async def test_a_relative_path_is_inconclusive(connect):
    assert (await connect("sqlite", "sqlite:///accounts.db")).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"status": "up", "detail": "ok"}, "passed"),
        ({"status": "down", "detail": "connection refused"}, "failed"),
        ({"status": "degraded"}, "degraded"),
        ({"status": "disabled"}, "failed"),
        ({"status": 1}, "failed"),
        ({}, "inconclusive"),
        (None, "inconclusive"),
    ],
)
async def test_what_the_service_reports_decides(world, serve, told, outcome):
    told = {} if told is None else {"accounts": told}
    url = await serve(lambda asked: (200, {"backing_services": told}))
    world.service("auth", url, health=Health())
    world.checks["auth"] = CheckSpec(kind="auth", disabled=True)
    backing(world, "postgresql", reported_by="auth")
    assert (await world.ask("database-reported"))["database-reported"].outcome == outcome


async def test_the_reason_of_a_503_is_read(world, serve):
    down = {"backing_services": {"accounts": {"status": "down", "detail": "refused", "address": "db:5432"}}}
    world.service("api", await serve(lambda asked: (503, down)), health=Health())
    backing(world, "postgresql", reported_by="api")
    result = (await world.ask("database-reported"))["database-reported"]
    assert result.detail == "api says that accounts is down: refused"
    assert result.facts["address"] == "db:5432"


async def test_a_health_answer_of_another_shape_is_read_by_options(world, serve):
    world.service("api", await serve(lambda asked: (200, {"checks": {"pg": True}})), health=Health())
    backing(world, "postgresql", reported_by="api", reported_as="pg")
    world.checks["db"] = CheckSpec(kind="database", reported={"at": "checks.{name}"})
    assert (await world.ask("db-reported"))["db-reported"].outcome == "passed"


async def test_an_address_that_only_the_platform_has_is_not_asked_for(world, serve):
    world.service("api", await serve(lambda asked: (200, {"backing_services": {"accounts": {"status": "up"}}})))
    backing(world, "postgresql", reported_by="api")
    assert set(await world.ask()) == {"database-reported"}


async def test_a_disabled_database_is_not_asked(world):
    backing(world, "postgresql", disabled=True)
    assert await world.ask() == {}
