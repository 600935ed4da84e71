"""Every default check against the console's three services, as real processes: all pass, and breaking one turns red."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from shakeout.manifest.model import Health, Version
from shakeout.manifest.plan import BackingServicePlan

ROOT = Path(__file__).parents[2]
COMMIT = "a" * 40
KEY = "a-key-for-tests-of-some-length"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Console:
    """The three services on free ports; `start` again after changing `settings`."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {name: free_port() for name in ("auth", "backend", "frontend")}
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        self.history = f"chdb:///{folder}/history"
        shared = {"TOKEN_KEY": KEY, "COMMIT": COMMIT, "ALLOWED_ORIGINS": self.urls["frontend"]}
        self.settings = {
            "auth": {**shared, "DATABASE_URL": f"sqlite:///{folder}/accounts.db"},
            "backend": {
                **shared,
                "HISTORY_URL": self.history,
                "SPOOL_DIR": f"{folder}/spool",
                "AUTH_URL": self.urls["auth"],
            },
            "frontend": {**shared, "AUTH_URL": self.urls["auth"], "BACKEND_URL": self.urls["backend"]},
        }
        self.processes = {}

    def without_history(self):
        """Quicker to start."""
        self.settings["backend"]["HISTORY_URL"] = "disabled"

    def start(self):
        for name, settings in self.settings.items():
            log = (self.folder / f"{name}.log").open("ab")
            with log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", f"shakeout.console.{name}"],
                    env={"PATH": os.environ["PATH"], "PORT": str(self.ports[name]), **settings},
                    cwd=self.folder,
                    stdout=log,
                    stderr=log,
                )
        for name, url in self.urls.items():
            self._await(name, f"{url}/health")

    def _await(self, name, url):
        for _ in range(400):
            assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()[-2000:]
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"{name} does not answer: {(self.folder / f'{name}.log').read_text()[-2000:]}")

    def stop(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def describe(self, world):
        for name, url in self.urls.items():
            version = {"auth": Version(), "backend": Version(protocol="protocol")}.get(
                name, Version(protocol="protocol", bundle="/bundle.json")
            )
            world.service(name, url, health=Health(body={"ready": True}), version=version)
        world.backing = [
            BackingServicePlan(
                name="accounts",
                kind="sqlite",
                url=self.settings["auth"]["DATABASE_URL"],
                reported_by="auth",
            ),
            BackingServicePlan(
                name="clickhouse",
                kind="clickhouse",
                url=self.settings["backend"]["HISTORY_URL"],
                reported_by="backend",
                required=False,
                disabled=self.settings["backend"]["HISTORY_URL"] == "disabled",
            ),
        ]


@pytest.fixture
def console(tmp_path):
    folder = tmp_path / "console"
    folder.mkdir()
    made = Console(folder)
    yield made
    made.stop()


async def ask(console, world):
    console.start()
    console.describe(world)
    return await world.ask()


def wrong(results):
    """What did not pass, but for slowness: other tests may keep this machine busy."""
    return {
        name: (result.outcome.value, result.detail)
        for name, result in results.items()
        if result.outcome != "passed" and "but it took" not in result.detail
    }


async def test_every_default_check_passes(console, world):
    results = await ask(console, world)
    assert wrong(results) == {}
    assert len(results) >= 25
    assert all(result.evidence for result in results.values())
    assert "eyJ" not in repr(results)


async def test_a_token_key_that_differs_turns_only_what_needs_it_red(console, world):
    console.without_history()
    console.settings["backend"]["TOKEN_KEY"] = "another-key-for-tests-of-some-length"
    results = await ask(console, world)
    accepted = results["auth-token-accepted"]
    assert (accepted.outcome, accepted.facts["code"], accepted.facts["service"]) == (
        "failed",
        "TOKEN_KEY_UNKNOWN",
        "backend",
    )
    prints = accepted.facts["fingerprints"]
    assert prints["auth"]["token_key_id"] == accepted.facts["token"]["key_id"] != prints["backend"]["token_key_id"]
    assert {name for name, result in results.items() if result.outcome == "failed"} == {"auth-token-accepted"}
    assert {result.blocked_by for result in results.values() if result.outcome == "skipped"} == {"auth-token-accepted"}


async def test_a_clickhouse_that_does_not_answer_turns_only_analytics_red(console, world):
    console.settings["backend"]["HISTORY_URL"] = f"http://127.0.0.1:{free_port()}/default"
    results = await ask(console, world)
    assert set(wrong(results)) == {"analytics-reported", "analytics-query", "analytics-insert", "analytics-breaker"}
    assert results["analytics-query"].facts["kind"] == "refused"
    assert results["analytics-breaker"].facts["breaker"]["name"] == "clickhouse"


async def test_a_frontend_of_another_commit_is_told(console, world):
    console.without_history()
    console.settings["frontend"]["COMMIT"] = "b" * 40
    results = await ask(console, world)
    assert set(wrong(results)) == {"versions-frontend", "versions-bundle", "versions-together"}
    assert {results[name].outcome.value for name in wrong(results)} == {"degraded"}
