"""`shakeout serve` as a person uses it, and runs that are shown in it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EMAIL, PASSWORD = "ops@example.com", "tall-grass-7-lanterns"


class Served:
    """`shakeout serve` on free ports; its folder is below `folder`."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.data = folder / ".shakeout" / "console"
        free = [word for option in ("--port", "--auth-port", "--backend-port") for word in (option, "0")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shakeout", "serve", *(more or (*free, "--history", "disabled"))],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def address(self) -> str:
        """Where it says that it is; waits until it says so."""
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        found = re.match(r"the console is at (http://127\.0\.0\.1:\d+) ", line)
        assert found, line + self.process.stderr.read()
        return found[1]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def children(self) -> list[int]:
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"DATA_DIR={self.data}".encode() in place.read_bytes().split(b"\0"):
                    found.append(int(place.parent.name))
            except OSError:
                continue
        return found


def call(url: str, body: Any = None, token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
        return json.load(answer)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served console with one account."""
    found = Served(tmp_path_factory.mktemp("console"))
    try:
        address = found.address()
        call(call(f"{address}/config.json")["auth_url"] + "/v1/accounts", {"email": EMAIL, "password": PASSWORD})
        yield address
    finally:
        found.close()


def session(address: str) -> tuple[str, str]:
    """The backend's address and a token."""
    config = call(f"{address}/config.json")
    pair = call(config["auth_url"] + "/v1/sessions", {"email": EMAIL, "password": PASSWORD})
    return config["backend_url"], pair["access_token"]


ACCOUNT = {"SHAKEOUT_CONSOLE_EMAIL": EMAIL, "SHAKEOUT_CONSOLE_PASSWORD": PASSWORD}


def test_the_console_answers_and_ctrl_c_stops_all_of_it(served: Served) -> None:
    address = served.address()
    assert call(f"{address}/health")["ok"] is True
    assert len(served.children()) == 3
    assert served.end() == 0
    assert served.children() == []


def test_kill_9_leaves_no_service_behind(served: Served) -> None:
    served.address()
    served.process.kill()
    served.process.wait(10)
    end = time.monotonic() + 10
    while served.children() and time.monotonic() < end:
        time.sleep(0.05)
    assert served.children() == []


def test_the_key_is_made_once_and_for_its_owner_only(served: Served, tmp_path: Path) -> None:
    served.address()
    place = served.data / "token-key"
    key = place.read_text()
    assert len(key) > 40 and stat.S_IMODE(place.stat().st_mode) == 0o600
    served.end()
    place.chmod(0o644)
    again = Served(tmp_path)
    try:
        again.address()
    finally:
        again.close()
    assert place.read_text() == key and stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_second_console_in_the_same_folder_is_refused(served: Served, tmp_path: Path) -> None:
    served.address()
    again = Served(tmp_path)
    _, err = again.process.communicate(timeout=30)
    assert again.process.returncode == 2 and "another shakeout" in err
    assert call(f"{served_address(served)}/health")["ok"] is True


def served_address(served: Served) -> str:
    text = (served.data / "logs" / "frontend.log").read_text()
    found = re.search(r"running on (http://\S+)", text)
    assert found
    return found[1]


def test_a_service_that_ends_ends_the_console_with_its_reason(served: Served) -> None:
    served.address()
    (pid,) = [pid for pid in served.children() if b"shakeout.console.auth" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(pid, signal.SIGKILL)
    assert served.process.wait(20) == 3
    assert served.process.stderr is not None
    assert "the console's auth ended with status -9" in served.process.stderr.read()
    assert served.children() == []


def test_a_port_that_is_taken_exits_2_and_names_the_option(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        served = Served(tmp_path, "--port", port, "--auth-port", "0", "--backend-port", "0")
        _, err = served.process.communicate(timeout=30)
    assert served.process.returncode == 2
    assert f"the port {port} of frontend" in err and "--port NUMBER" in err


def test_a_run_is_shown_in_the_console_with_its_checks_and_its_report(shop, console: str) -> None:
    done = shop.run("up", "--console", console, "--format", "json", environment=ACCOUNT)
    assert done.status == 0, done.err
    backend, token = session(console)
    shown = call(f"{backend}/v1/runs/{done.json['run']}", token=token)
    assert shown["run"]["status"] == "SUCCESSFUL" and shown["run"]["application"] == "shop"
    assert [check["name"] for check in shown["checks"]] == [check["name"] for check in done.json["checks"]]
    kept = call(f"{backend}/v1/runs/{done.json['run']}/report", token=token)["report"]
    assert kept == done.json


def test_check_results_come_live_before_the_report(shop, console: str) -> None:
    from websockets.sync.client import connect

    backend, token = session(console)
    kinds: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        offered = ["shakeout.1", f"bearer.{token}"]
        with connect(backend.replace("http", "ws") + "/v1/live", subprotocols=offered) as live:
            live.send(json.dumps({"type": "subscribe", "protocol": 1, "id": "1", "run": "*"}))
            while True:
                message = json.loads(live.recv(timeout=60))
                if message["type"] == "subscribed":
                    ready.set()
                elif message["type"] == "event":
                    event = message["event"]
                    kinds.append(event["kind"] + ("-end" if event.get("state") == "finished" else ""))
                    if kinds[-1] == "status-end":
                        return

    listener = threading.Thread(target=listen)
    listener.start()
    assert ready.wait(20)
    given = {"SHAKEOUT_CONSOLE_TOKEN": token, "SHAKEOUT_CONSOLE": console}
    assert shop.run("up", "--quiet", environment=given).status == 0
    listener.join(60)
    assert kinds[0] == "status" and kinds[-1] == "status-end"
    assert kinds.count("check") == 5 and "progress" in kinds


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "nobody to post as: set SHAKEOUT_CONSOLE_TOKEN"),
        ({**ACCOUNT, "SHAKEOUT_CONSOLE_PASSWORD": "wrong-password"}, "auth answers 401, WRONG_CREDENTIALS"),
        ({"SHAKEOUT_CONSOLE_TOKEN": "no.token.this"}, "backend answers 401, TOKEN_MALFORMED"),
    ],
)
def test_a_console_that_refuses_is_a_note_and_no_other_exit_status(
    shop, console: str, environment: dict[str, str], said: str
) -> None:
    done = shop.run("up", "--console", console, "--format", "json", environment=environment)
    assert done.status == 0
    (note,) = done.json["notes"]
    assert note.startswith("the run is not shown in the console: ") and said in note
    assert done.err.count("the run is not shown in the console") == 1


def test_a_console_that_is_not_there_is_a_note_and_no_other_exit_status(shop) -> None:
    done = shop.run("up", "--console", "http://127.0.0.1:1", "--format", "json", environment=ACCOUNT)
    assert done.status == 0
    assert any("http://127.0.0.1:1/config.json gives no answer" in note for note in done.json["notes"])


def test_a_console_that_hangs_holds_a_run_up_for_seconds_only(shop) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = shop.run("up", "--console", address, "--format", "json", environment=ACCOUNT)
    assert done.status == 0
    assert any("gives no answer" in note for note in done.json["notes"])


def test_an_address_that_is_none_exits_2_before_anything_is_deployed(shop) -> None:
    done = shop.run("up", "--console", "console.example.com")
    assert done.status == 2 and "--console" in done.err
    assert not (shop.folder / ".shakeout" / "runs").exists()


def test_accounts_are_kept_in_postgresql_and_history_in_a_clickhouse_server(
    tmp_path: Path, postgresql_server, clickhouse_server
) -> None:
    ports = [word for option in ("--port", "--auth-port", "--backend-port") for word in (option, "0")]
    database, history = postgresql_server.new_database(), clickhouse_server.url
    served = Served(tmp_path, *ports, "--database", database, "--history", history)
    try:
        config = call(f"{served.address()}/config.json")
        states = {
            name: call(config[f"{service}_url"] + "/health")["backing_services"][name]
            for service, name in (("auth", "accounts"), ("backend", "clickhouse"))
        }
    finally:
        served.close()
    assert (states["accounts"]["kind"], states["accounts"]["status"]) == ("postgresql", "up")
    assert states["clickhouse"]["status"] == "up" and "127.0.0.1" in states["clickhouse"]["address"]
