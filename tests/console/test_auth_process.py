"""The auth service as a process of its own, as it is deployed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fixtures.auth import KEY, PASSWORD, environ, eventually


class Process:
    """`python -m shakeout.console.auth` with this environment and nothing else; its output is kept."""

    def __init__(self, folder: Path, values: dict[str, str]) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shakeout.console.auth"],
                cwd=folder,
                env={"PATH": os.environ["PATH"], **values},
                stdout=log,
                stderr=log,
            )

    @property
    def text(self) -> str:
        return self.log.read_text()

    def url(self) -> str:
        found = eventually(lambda: re.search(r"running on (http://\S+)", self.text) or self.process.poll())
        assert isinstance(found, re.Match), self.text
        return found[1]

    def call(self, path: str, bearer: str | None = None, **body: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        data = json.dumps(body).encode() if body or path.endswith("revoke") else None
        request = urllib.request.Request(self.url() + path, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def ready(self) -> bool:
        return self.call("/health")[0] == 200

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Process]]:
    with ExitStack() as stack:

        def started(url: str | None = None, **more: str) -> Process:
            service = Process(tmp_path, environ(url or f"sqlite:///{tmp_path}/accounts.db", **more))
            stack.callback(service.process.wait, 60)
            stack.callback(service.process.kill)
            return service

        yield started


def test_it_becomes_healthy_and_ends_on_sigterm(start, database_url):
    service = start(database_url)
    eventually(service.ready)
    assert service.stop() == 0


def test_it_ends_on_sigterm_while_a_call_is_open(start):
    service = start()
    eventually(service.ready)
    host, port = service.url().removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as half:
        half.sendall(b"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        service.call("/health")
        assert service.stop() == 0


def test_neither_passwords_nor_tokens_nor_keys_are_in_its_log(start, database_url):
    service = start(database_url)
    eventually(service.ready)
    account = {"email": "ada@example.com", "password": PASSWORD}
    service.call("/v1/accounts", **account)
    service.call("/v1/accounts", **account)
    service.call("/v1/accounts", email="no-address", password="never-in-a-log-1")
    service.call("/v1/sessions", email="ada@example.com", password="never-in-a-log-2")
    _, pair = service.call("/v1/sessions", **account)
    secrets = [PASSWORD, KEY, "never-in-a-log", pair["access_token"], pair["refresh_token"]]
    _, second = service.call("/v1/sessions/refresh", refresh_token=pair["refresh_token"])
    secrets += [second["access_token"], second["refresh_token"]]
    assert service.call("/v1/me", pair["access_token"])[0] == 200
    assert service.call("/v1/me", pair["access_token"][:-6] + "AAAAAA")[0] == 401
    assert service.call("/v1/tokens/introspect", token="never-in-a-log-3")[0] == 200
    assert service.call("/v1/sessions/refresh", refresh_token=pair["refresh_token"])[0] == 401
    assert service.call("/v1/sessions/revoke", second["access_token"])[0] == 401
    service.stop()
    for secret in secrets:
        for part in secret.split("."):
            assert part not in service.text
    if "@" in database_url:
        assert database_url.split("@")[0].rpartition(":")[2] not in service.text
    assert "WARNING shakeout.console.tokens token refused: code=TOKEN_SIGNATURE_INVALID" in service.text


def test_every_line_of_its_log_has_level_and_logger(start):
    service = start()
    eventually(service.ready)
    service.call("/v1/me")
    service.stop()
    for line in service.text.splitlines():
        assert re.match(r"(INFO|WARNING|ERROR) [a-z_.]+ \S", line), line


def test_wrong_settings_are_told_all_at_once_and_it_does_not_start(start):
    service = start(PORT="70000", TOKEN_KEY="short", SIGN_IN_LIMIT="-1")
    assert service.process.wait(60) == 2
    lines = service.text.splitlines()
    assert [re.search(r"cannot start: (\w+)", line)[1] for line in lines] == ["PORT", "TOKEN_KEY", "SIGN_IN_LIMIT"]
    assert all(line.startswith("CRITICAL shakeout.console.auth ") for line in lines)


def test_a_port_that_is_taken_ends_it_with_the_reason(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        service = start(PORT=str(taken.getsockname()[1]))
        assert service.process.wait(60) != 0
    assert "address already in use" in service.text


def test_two_processes_on_one_database_honour_a_refresh_token_once(start, database_url, tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    services = [Process(folder, environ(database_url)) for folder in folders]
    try:
        for service in services:
            eventually(service.ready)
        account = {"email": "ada@example.com", "password": PASSWORD}
        services[0].call("/v1/accounts", **account)
        for _ in range(3):
            token = services[0].call("/v1/sessions", **account)[1]["refresh_token"]
            together, codes = threading.Barrier(2), []

            def use(service: Process, token=token, together=together, codes=codes) -> None:
                together.wait(10)
                codes.append(service.call("/v1/sessions/refresh", refresh_token=token)[0])

            threads = [threading.Thread(target=use, args=(service,)) for service in services]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            assert sorted(codes) == [200, 401]
    finally:
        for service in services:
            service.process.kill()
            service.process.wait(60)
