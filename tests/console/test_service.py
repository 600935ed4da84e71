"""What the console's services share: identity, settings, health, the answer shape."""

from __future__ import annotations

import logging
import subprocess

import pytest
from starlette.testclient import TestClient

from shakeout.console.service import (
    BackingService,
    ConsoleError,
    Environment,
    Identity,
    ServiceSettings,
    SettingsError,
    create_app,
)

IDENTITY = Identity(service="sample", version="1.0", commit=None, started_at="2025-09-03T12:00:00.000Z")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def backing(status, *, required: bool) -> BackingService:
    return BackingService(status=status, kind="sample", required=required, detail="…", address="db.example.com:1")


@pytest.fixture
def repository(tmp_path):
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=Example", "-c", "user.email=dev@example.com"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "tracked").mkdir()
    (tmp_path / "tracked/file.py").write_text("x = 1\n")
    git("add", "tracked/file.py")
    git("commit", "-qm", "Add a file")
    return tmp_path, git("rev-parse", "HEAD")


def test_the_commit_is_what_the_environment_says(repository):
    folder, _ = repository
    assert Identity.capture("sample", {"COMMIT": COMMIT.upper()}, folder / "tracked").commit == COMMIT


def test_without_it_the_commit_is_the_head_of_the_folders_repository(repository):
    folder, head = repository
    assert Identity.capture("sample", {}, folder / "tracked").commit == head
    assert Identity.capture("sample", {"COMMIT": ""}, folder / "tracked").commit == head


def test_a_repository_that_merely_lies_around_the_code_is_not_its_commit(repository):
    folder, _ = repository
    (folder / ".venv/lib").mkdir(parents=True)
    (folder / ".venv/lib/file.py").write_text("")
    assert Identity.capture("sample", {}, folder / ".venv/lib").commit is None


def test_without_a_repository_the_commit_is_unknown(tmp_path):
    assert Identity.capture("sample", {}, tmp_path).commit is None


@pytest.mark.parametrize("stated", ["main", "0123456", COMMIT + "0", "g" * 40])
def test_a_stated_commit_that_is_none_is_unknown_and_said(stated, repository, caplog):
    with caplog.at_level(logging.WARNING):
        assert Identity.capture("sample", {"COMMIT": stated}, repository[0] / "tracked").commit is None
    assert "COMMIT" in caplog.text


def test_every_wrong_variable_is_told_at_once():
    environment = Environment({"PORT": "eighty", "LIMIT": "11"})
    ServiceSettings.read(environment)
    environment.integer("LIMIT", 5, minimum=1, maximum=10)
    environment.text("NAME")
    with pytest.raises(SettingsError) as raised:
        environment.finish()
    assert raised.value.faults == (
        "PORT: expected a whole number from 0 to 65535, got 'eighty'",
        "LIMIT: expected a whole number from 1 to 10, got '11'",
        "NAME: expected a value, got nothing (it is not set)",
    )


@pytest.mark.parametrize("text", ["-1", "1.5", "٣", "1_000", "9" * 5000, "+5", "0x10"])
def test_what_is_no_whole_number_is_refused(text):
    environment = Environment({"PORT": text})
    ServiceSettings.read(environment)
    with pytest.raises(SettingsError):
        environment.finish()


@pytest.mark.parametrize(
    ("services", "ready"),
    [
        ({}, True),
        ({"a": backing("up", required=True)}, True),
        ({"a": backing("degraded", required=True)}, True),
        ({"a": backing("down", required=True)}, False),
        ({"a": backing("down", required=False)}, True),
        ({"a": backing("unknown", required=True)}, False),
        ({"a": backing("up", required=True), "b": backing("down", required=True)}, False),
    ],
)
@pytest.mark.parametrize("waits", [False, True])
def test_a_service_is_ready_unless_a_required_backing_service_is_down(services, ready, waits):
    async def asked():
        return services

    with TestClient(create_app(IDENTITY, health=asked if waits else lambda: services)) as client:
        answer = client.get("/health")
    assert answer.status_code == (200 if ready else 503)
    assert (answer.json()["ok"], answer.json()["ready"], answer.json()["live"]) == (ready, ready, True)
    assert set(answer.json()["backing_services"]) == set(services)


def test_unknown_is_null_in_the_version_and_what_does_not_apply_is_left_out():
    with TestClient(create_app(IDENTITY, health=dict, bundle={"commit": None, "protocol": 1})) as client:
        found = client.get("/version").json()
    assert (found["commit"], found["protocol"]) == (None, None)
    assert found["bundle"] == {"commit": None, "protocol": 1}
    assert "token_key_id" not in found


def test_an_error_carries_its_field_detail_and_headers():
    app = create_app(IDENTITY, health=dict)

    @app.get("/refused")
    def refused() -> None:
        raise ConsoleError(429, "RATE_LIMITED", "Slow down.", field="x", detail={"n": 1}, headers={"Retry-After": "3"})

    with TestClient(app) as client:
        answer = client.get("/refused")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json() == {
        "ok": False,
        "error": {"code": "RATE_LIMITED", "message": "Slow down.", "field": "x", "detail": {"n": 1}},
    }


@pytest.mark.parametrize("known_length", [True, False])
def test_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_not(known_length):
    app = create_app(IDENTITY, health=dict, body_limit=100)

    @app.post("/object")
    def take(body: dict[str, str]) -> dict[str, bool]:
        return {"ok": True}

    with TestClient(app) as client:
        for size, status in ((100, 200), (101, 413)):
            text = b"{}" + b" " * (size - 2)
            content = text if known_length else iter([text[:50], text[50:]])
            answer = client.post("/object", content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code == status
