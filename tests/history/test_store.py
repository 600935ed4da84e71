"""Every statement on both kinds of ClickHouse, and what happens when there is none."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shakeout.errors import UsageError
from shakeout.history import statements
from shakeout.history.errors import (
    AuthenticationFailedError,
    ConnectionRefusedByHostError,
    DatabaseMissingError,
    DataRefusedError,
    FolderInUseError,
    HistoryError,
    NotClickHouseError,
    StatementFailedError,
    TimedOutError,
    TLSFailedError,
    UnknownHostError,
)
from shakeout.history.facts import Fact, rows_of
from shakeout.history.store import HistoryURL, open_store

STATEMENTS = """
import asyncio, json, sys
sys.path[:0] = json.loads(sys.argv[1])
from shakeout.history import statements
from shakeout.history.facts import Fact, rows_of
from shakeout.history.store import HistoryURL, open_store

FACTS = [
    Fact(kind="begun", run="r'1\\\\", at=1_800_000_000_000, body={
        "application": "shop", "environment": "sta'ging", "commit": "c", "target": "local",
        "started_ms": 1_800_000_000_000}),
    Fact(kind="event", run="r'1\\\\", at=1_800_000_000_500, id="x",
         body={"kind": "progress", "text": "h\\u00e9\\0\\ud800\\n\\u2028"}),
    Fact(kind="reported", run="r'1\\\\", at=1_800_000_009_000, body={
        "status": "FAILED", "environment": "sta'ging", "seconds": {"total": 9.0},
        "checks": [{"name": "a", "outcome": "passed", "seconds": 0.5}, {"name": "b", "outcome": "failed"}],
        "issues": [{"id": "i", "title": "T", "priority": "HIGH"}], "services": [{"name": "s", "url": None}]}),
    Fact(kind="begun", run="r2", at=1_800_000_100_000, body={"application": "shop", "environment": "e"}),
]

async def main():
    store = open_store(HistoryURL.parse(sys.argv[2]))
    for statement in statements.CREATE * 2:
        await store.execute(statement)
    for _ in range(3):
        for number, fact in enumerate(FACTS, 1):
            for table, row in rows_of(fact, number):
                await store.insert(table, [row, row])
    version = FACTS[2].version
    asked = {
        "ping": statements.PING,
        "runs": statements.runs(limit=5),
        "page": statements.runs(limit=5, before=(1_800_000_100_000, "r2"), environment="sta'ging", status="FAILED"),
        "none": statements.runs(limit=5, before=(1_800_000_000_000, "\\n\\0\\t\\\\'")),
        "run": statements.run("r'1\\\\"),
        "report": statements.run("r'1\\\\", report=True),
        "checks": statements.items("checks", "r'1\\\\", version),
        "issues": statements.items("issues", "r'1\\\\", version),
        "services": statements.items("services", "r'1\\\\", version),
        "events": statements.events(run="r'1\\\\", since=1, limit=10),
        "all_events": statements.events(run=None, since=0, limit=3),
        "days": statements.trend_days(since_ms=0, environment="sta'ging"),
        "all_days": statements.trend_days(since_ms=0),
        "check_trends": statements.trend_checks(since_day=0, environment="sta'ging"),
        "all_check_trends": statements.trend_checks(since_day=0),
        "probe": statements.probe("m", 3),
    }
    answers = {name: await store.query(sql) for name, sql in asked.items()}
    await store.close()
    # Old servers give integers of 64 bits as text: numbers are compared as text here, as the callers read them.
    print(json.dumps({name: [{k: str(v) for k, v in row.items()} for row in rows] for name, rows in answers.items()}))

asyncio.run(main())
"""


def answers(url: str) -> dict[str, list[dict[str, str]]]:
    done = subprocess.run(
        [sys.executable, "-c", STATEMENTS, json.dumps(sys.path), url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    decoded: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return decoded


@pytest.fixture
def database(clickhouse_server) -> str:
    name = "d" + str(abs(hash(asyncio)) % 10**9)
    clickhouse_server.query(f"CREATE DATABASE IF NOT EXISTS {name}")
    return str(clickhouse_server.url.rpartition("/")[0] + "/" + name)


def test_every_statement_answers_the_same_on_chdb_and_on_an_old_server_and_shows_no_duplicate(tmp_path, database):
    embedded, server = answers(f"chdb://{tmp_path}/history"), answers(database)
    for name, rows in embedded.items():
        assert server[name] == rows, name
    assert [row["id"] for row in server["runs"]] == ["r2", "r'1\\"]
    assert [row["id"] for row in server["page"]] == ["r'1\\"]
    assert server["none"] == []
    assert server["run"][0]["status"] == "FAILED"
    assert server["run"][0]["application"] == "shop"
    assert server["run"][0]["started_ms"] == "1800000000000"
    assert json.loads(server["report"][0]["report"])["checks"][1]["name"] == "b"
    assert [json.loads(row["document"])["name"] for row in server["checks"]] == ["a", "b"]
    assert len(server["issues"]) == len(server["services"]) == 1
    assert [row["first"] for row in server["events"]] == ["2", "3"]
    assert json.loads(server["events"][0]["document"])["text"] == "hé\0\ud800\n\u2028"
    assert [row["first"] for row in server["all_events"]] == ["1", "2", "3"]
    assert [(row["runs"], row["failed"], row["mean"]) for row in server["days"]] == [("1", "1", "9")]
    assert [(row["name"], row["passed"], row["failed"], row["p95"]) for row in server["check_trends"]] == [
        ("a", "1", "0", "0.5"),
        ("b", "0", "1", "0"),
    ]


async def failure(url: str, *, seconds: float = 1.0) -> HistoryError:
    store = open_store(HistoryURL.parse(url), connect_seconds=0.5, seconds=seconds)
    assert store is not None
    try:
        with pytest.raises(HistoryError) as caught:
            await store.query(statements.PING)
    finally:
        await store.close()
    return caught.value


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def impostor() -> AsyncIterator[Callable[[bytes], Awaitable[str]]]:
    """A maker of servers that answer anything with given bytes; the address of each."""
    servers = []

    async def make(answer: bytes) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield make
    for server in servers:
        server.close()


async def test_a_closed_port_is_refused_with_its_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    error = await failure(f"http://user:secret@127.0.0.1:{port}/db")
    assert isinstance(error, ConnectionRefusedByHostError)
    assert f"127.0.0.1:{port}" in str(error)
    assert "Connect" in error.text
    assert "secret" not in str(error)


async def test_a_name_that_does_not_resolve_is_an_unknown_host():
    assert isinstance(await failure("http://nowhere.invalid:8123/"), UnknownHostError)


async def test_a_server_that_accepts_and_never_answers_has_timed_out():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        error = await failure(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.2)
    assert isinstance(error, TimedOutError)


async def test_a_plain_port_asked_over_tls_is_a_tls_error(impostor):
    address = await impostor(b"HTTP/1.1 200 OK\r\n\r\n")
    assert isinstance(await failure(f"https://{address}/"), TLSFailedError)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"one": 1}',
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
async def test_something_else_at_the_address_is_not_clickhouse(impostor, answer):
    assert isinstance(await failure(f"http://{await impostor(answer)}/"), NotClickHouseError)


async def test_an_answer_of_todays_clickhouse_is_typed_by_its_header(impostor):
    body = b"Authentication failed"
    head = f"HTTP/1.1 403 Forbidden\r\nX-ClickHouse-Exception-Code: 516\r\nContent-Length: {len(body)}\r\n\r\n"
    assert isinstance(await failure(f"http://{await impostor(head.encode() + body)}/"), AuthenticationFailedError)


async def test_a_wrong_password_is_an_authentication_error(clickhouse_server):
    url = clickhouse_server.url.replace("plum-orchard", "wrong-pass")
    error = await failure(url)
    assert isinstance(error, AuthenticationFailedError)
    assert "wrong-pass" not in str(error)


async def test_a_database_that_is_not_there_is_named_so(clickhouse_server):
    assert isinstance(await failure(clickhouse_server.url + "_of_nobody"), DatabaseMissingError)


async def test_an_error_of_the_server_keeps_its_number_and_text(clickhouse_server):
    store = open_store(HistoryURL.parse(clickhouse_server.url))
    with pytest.raises(StatementFailedError) as caught:
        await store.query("SELECT * FROM no_such_table")
    assert caught.value.code == 60
    await store.execute("CREATE TABLE IF NOT EXISTS shakeout_probes (slot UInt8, at_ms UInt64, mark String) "
                        "ENGINE = ReplacingMergeTree(at_ms) ORDER BY slot")  # fmt: skip
    with pytest.raises(DataRefusedError):
        await store.insert("probes", [{"slot": "no number", "at_ms": 1, "mark": "x"}])
    await store.close()


def test_a_folder_of_chdb_that_another_process_has_is_said_to_be_in_use(tmp_path):
    code = (
        "import asyncio, sys, json; sys.path[:0] = json.loads(sys.argv[1])\n"
        "from shakeout.history.store import *\n"
        "async def main():\n"
        "    store = open_store(HistoryURL.parse(sys.argv[2]))\n"
        "    try: await store.query('SELECT 1 AS one')\n"
        "    except Exception as error: print(type(error).__name__, flush=True); await store.close(); return\n"
        "    print('open', flush=True); sys.stdin.readline(); await store.close()\n"
        "asyncio.run(main())"
    )
    command = [sys.executable, "-c", code, json.dumps(sys.path), f"chdb://{tmp_path}/history"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        second = subprocess.run(command, input="", capture_output=True, text=True, timeout=30, check=False)
        first.communicate("\n", timeout=30)
    assert second.stdout.strip() == FolderInUseError.__name__


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("chdb:///data/history", "/data/history"),
        ("http://u:p%40ss@db.example.com:8124/shop", "db.example.com:8124"),
        ("https://db.example.com", "db.example.com:8443"),
        ("http://[::1]:8123/", "[::1]:8123"),
        ("disabled", "disabled"),
    ],
)
def test_the_address_of_a_url_holds_no_secret(url, address):
    assert HistoryURL.parse(url).address == address


@pytest.mark.parametrize("url", ["", "chdb://", "clickhouse://x", "http://", "http://h:99999/", "http://h/a/b", "x"])
def test_a_url_that_cannot_be_used_says_what_is_expected(url):
    with pytest.raises(UsageError, match="chdb:///folder"):
        HistoryURL.parse(url)


def test_a_fact_gives_the_same_rows_each_time():
    fact = Fact(kind="reported", run="r", at=5, body={"status": "FAILED", "checks": [{"name": "a"}, "no check"]})
    assert list(rows_of(fact, 7)) == list(rows_of(Fact.decode(fact.encode()), 7))
