"""What was accepted is there exactly once: after kill -9 of the backend, and after ClickHouse was away."""

from __future__ import annotations

import http.client
import json
import threading
import time

import pytest


class Client(threading.Thread):
    """Posts runs with ids of their own, each until it is accepted, and their events and reports."""

    def __init__(self, backend, name: str) -> None:
        super().__init__()
        self.backend = backend
        self.prefix = name
        self.accepted: list[str] = []
        self.events = 0
        self.halt = threading.Event()

    def post(self, *arguments) -> bool:
        while True:
            try:
                status, answer = self.backend.call("POST", *arguments)
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                if self.halt.wait(0.02):
                    return False
                continue
            assert status < 300, answer
            return True

    def run(self) -> None:
        number = 0
        while not self.halt.is_set():
            number += 1
            name = f"{self.prefix}-{number}"
            run = {"id": name, "application": "shop", "environment": "local", "commit": "c", "target": "local"}
            events = [{"kind": "progress", "text": str(place), "event_id": f"e{place}"} for place in range(3)]
            report = {"status": "FAILED" if number % 2 else "SUCCESSFUL", "environment": "local",
                      "checks": [{"name": "health", "outcome": "passed", "seconds": 0.1}]}  # fmt: skip
            if not self.post("/v1/runs", {"run": run}):
                return
            self.accepted.append(name)
            if not self.post(f"/v1/runs/{name}/events", {"events": events}):
                return
            self.events += 3
            if not self.post(f"/v1/runs/{name}/report", {"report": report}):
                return


def listed(backend) -> list[str]:
    names: list[str] = []
    query = "/v1/runs?limit=500"
    while query:
        status, answer = backend.call("GET", query)
        assert status == 200
        names += [run["id"] for run in answer["runs"]]
        query = f"/v1/runs?limit=500&before={answer['next']}" if answer["next"] else ""
    return names


def settled(backend, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        clickhouse = backend.call("GET", "/health")[1]["backing_services"]["clickhouse"]
        if clickhouse["status"] == "up" and "wait" not in clickhouse["detail"]:
            return
        time.sleep(0.05)
    pytest.fail(f"what is pending was not delivered: {clickhouse}\n{backend.log[-2000:]}")


def counted(backend, clients) -> None:
    """All that was accepted is there once, in the list, in the trends and event by event."""
    settled(backend)
    accepted = sorted(name for client in clients for name in client.accepted)
    names = listed(backend)
    assert len(names) == len(set(names))
    assert set(accepted) <= set(names)
    # A run whose 201 was cut off by the kill may be there too: at most the one that each client had under way.
    assert len(names) <= len(accepted) + len(clients)
    trends = backend.call("GET", "/v1/trends")[1]
    assert sum(day["runs"] for day in trends["days"]) == len(names)
    finished = sum(day["passed"] + day["failed"] for day in trends["days"])
    assert sum(check["passed"] for check in trends["checks"]) == finished >= len(accepted) - len(clients)


def drive(backend, work) -> list[Client]:
    clients = [Client(backend, name) for name in ("a", "b", "c")]
    for client in clients:
        client.start()
    try:
        work()
        until = time.monotonic() + 30  # a busy machine accepts slowly
        while min(len(client.accepted) for client in clients) <= 5 and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        for client in clients:
            client.halt.set()
        for client in clients:
            client.join(30)
    assert min(len(client.accepted) for client in clients) > 5
    return clients


def wait_for_more(backend, seconds: float) -> None:
    threading.Event().wait(seconds)
    assert backend.process.poll() is None


@pytest.mark.parametrize("kind", ["chdb", "server"])
def test_a_backend_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing(
    backend_process, tmp_path, kind, request
):
    url = None
    if kind == "server":
        server = request.getfixturevalue("clickhouse_server")
        server.query("CREATE DATABASE IF NOT EXISTS killed")
        url = server.url.rpartition("/")[0] + "/killed"
    backend = backend_process(tmp_path, url)
    backend.start()

    def kill_it() -> None:
        for pause in (0.3, 0.4, 0.2):
            wait_for_more(backend, pause)
            backend.kill()
            backend.start()
        wait_for_more(backend, 0.3)

    clients = drive(backend, kill_it)
    counted(backend, clients)
    if kind == "server":
        pairs = server.query("SELECT run, id FROM killed.shakeout_events WHERE kind = 'progress' GROUP BY run, id")
        assert len(pairs.splitlines()) >= sum(client.events for client in clients)
        assert server.query("SELECT count() FROM killed.shakeout_runs") != "0\n"


def test_without_clickhouse_everything_is_accepted_and_delivered_once_when_it_is_back(
    backend_process, own_clickhouse_server, tmp_path
):
    backend = backend_process(tmp_path, own_clickhouse_server.url, BREAKER_SECONDS="1")
    backend.start()

    def take_it_away() -> None:
        wait_for_more(backend, 0.3)
        own_clickhouse_server.stop(kill=True)
        wait_for_more(backend, 1.5)
        status, answer = backend.call("GET", "/v1/runs")
        assert (status, answer["source"], answer["stale"]) == (200, "spool", True)
        backend.kill()
        backend.start()
        wait_for_more(backend, 0.5)
        own_clickhouse_server.start()

    clients = drive(backend, take_it_away)
    counted(backend, clients)
    assert "CircuitBreakerOpenError: SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN" in backend.log
    assert not list((tmp_path / "spool" / "refused").glob("*"))
