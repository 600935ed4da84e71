"""The backend as it is started in production: a process of its own."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time

import pytest

from fixtures.backend import TOKEN_KEY, issue_token

OPEN = (
    "ERROR shakeout.history.history CircuitBreakerOpenError: SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN"
)


def until(condition, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    return pytest.fail(f"not within {seconds} s")


def clickhouse(backend):
    return backend.call("GET", "/health", token=None)[1]["backing_services"]["clickhouse"]


def test_with_chdb_it_keeps_history_over_a_restart_and_stops_cleanly(backend_process, tmp_path):
    backend = backend_process(tmp_path)
    backend.start()
    assert clickhouse(backend)["status"] == "up"
    assert backend.begin("first")[0] == 201
    assert backend.stop()[0] == 0
    backend.start()
    status, answer = backend.call("GET", "/v1/runs/first")
    assert (status, answer["run"]["application"], answer["source"]) == (200, "shop", "clickhouse")
    status, answer = backend.call("GET", "/v1/history/probe")
    assert (status, answer["inserted"], answer["read"]) == (200, 1, 1)
    assert answer["seconds"] > 0
    assert "Traceback" not in backend.log


def test_without_history_it_works_in_memory_and_says_so(disabled_backend):
    assert clickhouse(disabled_backend)["status"] == "disabled"
    assert disabled_backend.begin("in-memory")[0] == 201
    status, answer = disabled_backend.call("GET", "/v1/runs/in-memory")
    assert (status, answer["source"]) == (200, "memory")
    assert disabled_backend.call("GET", "/v1/history/probe")[1]["error"]["code"] == "HISTORY_DISABLED"


def test_where_nothing_answers_it_is_ready_and_the_breaker_opens_with_the_known_text(backend_process, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    backend = backend_process(tmp_path, f"http://user:plum@{address}/shop", BREAKER_SECONDS="30")
    backend.start()
    health = until(lambda: (found := backend.call("GET", "/health")) and found[1]["backing_services"]["clickhouse"][
        "breaker"]["state"] == "open" and found)  # fmt: skip
    assert health[0] == 200
    assert health[1]["ready"] is True
    seen = health[1]["backing_services"]["clickhouse"]
    assert (seen["status"], seen["address"], seen["required"]) == ("down", address, False)
    assert "refused the connection" in seen["detail"]
    assert seen["breaker"]["failures"] >= 3

    began = time.monotonic()
    status, answer = backend.call("GET", "/v1/history/probe")
    assert time.monotonic() - began < 1
    assert status == 503
    assert answer == {
        "ok": False,
        "error": {"code": "SERVICE_UNAVAILABLE", "message": "Circuit breaker 'clickhouse' is OPEN"},
    }
    assert OPEN in backend.log.splitlines()
    assert re.search(rf"^ERROR .*ConnectionRefusedByHostError: ClickHouse at {address} refused", backend.log, re.M)
    assert "plum" not in backend.log

    assert backend.begin("kept")[0] == 201
    status, answer = backend.call("GET", "/v1/runs")
    assert (status, answer["source"], answer["stale"], len(answer["runs"])) == (200, "spool", True, 1)


def test_a_wrong_password_is_told_with_its_reason(backend_process, tmp_path, clickhouse_server):
    backend = backend_process(tmp_path, clickhouse_server.url.replace("plum-orchard", "wrong"), BREAKER_FAILURES="1000")
    backend.start()
    status, answer = backend.call("GET", "/v1/history/probe")
    assert (status, answer["error"]["code"]) == (502, "CLICKHOUSE_UNREACHABLE")
    assert answer["error"]["detail"]["kind"] == "authentication"
    assert answer["error"]["detail"]["address"] == clickhouse_server.address


def test_wrong_settings_are_all_told_at_once_and_hold_no_secret(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "shakeout.console.backend"],
        env={"PATH": "/usr/bin", "HISTORY_URL": "mysql://u:plum@h/x", "AUTH_URL": "nonsense", "TOKEN_KEY": "short"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    for name in ("PORT", "HISTORY_URL", "AUTH_URL", "TOKEN_KEY"):
        assert f"cannot start: {name}: expected" in done.stderr
    assert "plum" not in done.stderr


@pytest.fixture
def auth_service(tmp_path):
    """The real auth service; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "auth").mkdir()
    environment = {"PATH": "/usr/bin", "PORT": str(port), "TOKEN_KEY": TOKEN_KEY, "DATA_DIR": str(tmp_path / "auth")}
    with (tmp_path / "auth.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shakeout.console.auth"], env=environment, stdout=log, stderr=log
        )
    try:
        until(lambda: "Uvicorn running" in (tmp_path / "auth.log").read_text())
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def test_a_revoked_token_is_refused_within_a_second_and_auth_away_is_said_so(auth_service, backend_process, tmp_path):
    process, auth_url = auth_service
    backend = backend_process(tmp_path, "disabled", AUTH_URL=auth_url)
    backend.start()
    auth = type(backend)(tmp_path, "disabled")
    auth.url = auth_url
    account = {"email": "ada@example.com", "password": "correct horse battery"}
    assert auth.call("POST", "/v1/accounts", account, token=None)[0] == 201
    token = auth.call("POST", "/v1/sessions", account, token=None)[1]["access_token"]

    assert backend.call("GET", "/v1/runs", token=token)[0] == 200
    assert backend.call("GET", "/health")[1]["backing_services"]["auth"]["status"] == "up"
    assert auth.call("POST", "/v1/sessions/revoke", token=token)[0] == 200
    revoked = time.monotonic()
    until(lambda: backend.call("GET", "/v1/runs", token=token)[0] == 401)
    assert time.monotonic() - revoked < 1.5
    assert backend.call("GET", "/v1/runs", token=token)[1]["error"]["code"] == "TOKEN_REVOKED"

    process.kill()
    process.wait()
    status, answer = backend.call("GET", "/v1/runs", token=issue_token())
    assert (status, answer["error"]["code"]) == (503, "AUTH_UNAVAILABLE")
    assert backend.call("GET", "/health")[1]["backing_services"]["auth"]["status"] == "down"
