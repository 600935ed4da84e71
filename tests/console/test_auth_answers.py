"""Every endpoint of auth answers in the one shape, errors too, and as its OpenAPI document says."""

from __future__ import annotations

import itertools

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fixtures.auth import PASSWORD

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def assert_one_shape(answer) -> None:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    if answer.status_code < 400:
        assert body["ok"] is True
    elif "backing_services" in body:
        assert body["ok"] is False
    else:
        assert set(body) == {"ok", "error"}
        assert body["ok"] is False
        assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "field", "detail"}
        assert body["error"]["code"].replace("_", "").isalpha()
        assert body["error"]["code"].isupper()


@pytest.fixture
def sqlite_auth(start_auth, tmp_path):
    return start_auth(f"sqlite:///{tmp_path}/accounts.db", ALLOWED_ORIGINS="https://console.example.com")


def test_every_path_and_method_with_every_kind_of_input_answers_in_the_one_shape(sqlite_auth):
    client = sqlite_auth.client
    paths = [*client.get("/openapi.json").json()["paths"], "/", "/nowhere", "/health/", "/v1/accounts/5", "/%00%ff"]
    bodies = [None, b"", b"{", b"\xff", b"[]", b"5", b'{"email": 5, "token": 5}', b"{}" + b" " * 70_000]
    statuses = set()
    for path, method, body in itertools.product(paths, METHODS, bodies):
        if method == "GET" and body is not None:
            continue
        answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert_one_shape(answer)
        statuses.add(answer.status_code)
    assert statuses == {200, 400, 401, 404, 405, 413, 422}


def test_successes_and_refusals_answer_in_the_one_shape(sqlite_auth):
    pair = sqlite_auth.signed_in()
    for answer in (
        sqlite_auth.get("/v1/me", pair["access_token"]),
        sqlite_auth.get("/v1/me", "forged"),
        sqlite_auth.post("/v1/accounts", email="ada@example.com", password=PASSWORD),
        sqlite_auth.post("/v1/accounts", email="eve@example.com", password=PASSWORD),
        sqlite_auth.post("/v1/sessions", email="ada@example.com", password="wrong"),
        sqlite_auth.post("/v1/sessions/refresh", refresh_token=pair["refresh_token"]),
        sqlite_auth.post("/v1/sessions/refresh", refresh_token=pair["refresh_token"]),
        sqlite_auth.post("/v1/tokens/introspect", token="x"),
        *[sqlite_auth.post("/v1/sessions", email="eve@example.com", password="wrong") for _ in range(11)],
    ):
        assert_one_shape(answer)


def test_an_error_that_nobody_expected_answers_in_the_one_shape_and_is_logged(sqlite_auth, caplog):
    def broken() -> None:
        raise ZeroDivisionError("a fault of our own")

    sqlite_auth.client.app.get("/broken")(broken)
    answer = sqlite_auth.client.get("/broken", headers={"Origin": "https://console.example.com"})
    assert answer.status_code == 500
    assert_one_shape(answer)
    assert "a fault of our own" not in answer.text
    assert "a fault of our own" in caplog.text
    assert answer.headers["access-control-allow-origin"] == "https://console.example.com"


def test_only_allowed_pages_may_call(sqlite_auth):
    for origin, allowed in (("https://console.example.com", True), ("https://elsewhere.example.com", False)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = sqlite_auth.client.options("/v1/sessions", headers=asked)
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


def test_the_version_shows_fingerprints_and_no_key(sqlite_auth):
    found = sqlite_auth.get("/version").json()
    assert found["commit"] == "c" * 40
    assert (found["service"], found["protocol"]) == ("auth", None)
    assert len(found["token_key_id"]) == 8
    assert set(found) == {
        *("ok", "service", "version", "commit", "protocol", "started_at", "clock"),
        *("token_key_id", "token_issuer", "token_audience", "token_algorithm"),
    }


@pytest.fixture
def auth_schema(start_auth, tmp_path):
    auth = start_auth(f"sqlite:///{tmp_path}/accounts.db")
    return schemathesis.openapi.from_asgi("/openapi.json", auth.client.app)


def test_generated_calls_are_answered_as_the_openapi_document_says(auth_schema):
    operations = [found.ok() for found in auth_schema.get_all_operations()]
    assert len(operations) == 8

    for operation in operations:

        @settings(
            max_examples=12,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answered(case) -> None:
            answer = case.call_and_validate(checks=CHECKS)
            assert isinstance(answer.json()["ok"], bool)

        answered()
