"""The backend's HTTP answers: their shape, their codes, and that the published OpenAPI tells the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.backend import issue_token

REPORT = {"status": "SUCCESSFUL", "environment": "local", "seconds": {"total": 2.5},
          "checks": [{"name": "health", "outcome": "passed", "seconds": 0.25}],
          "issues": [{"id": "i", "title": "T"}], "services": [{"name": "web"}]}  # fmt: skip


def test_every_call_answers_in_the_one_shape(disabled_backend):
    schema = disabled_backend.call("GET", "/openapi.json")[1]
    asked = 0
    for path, methods in schema["paths"].items():
        for method in methods:
            for token in (None, "", "not-a-token"):
                for body in (None, {}, {"run": {"id": "shape"}}, []):
                    status, answer = disabled_backend.call(
                        method.upper(), path.replace("{id}", "nobody"), body, token=token
                    )
                    asked += 1
                    assert isinstance(answer["ok"], bool)
                    assert answer["ok"] == (status < 400)
                    if not answer["ok"]:
                        assert set(answer["error"]) <= {"code", "message", "field", "detail"}
                        assert re.fullmatch("[A-Z][A-Z0-9_]*", answer["error"]["code"])
                        assert answer["error"]["message"]
    assert asked >= 100
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/v1/runs", 405), ("GET", "/v1/live", 404)):
        seen, answer = disabled_backend.call(method, path)
        assert (seen, answer["ok"]) == (status, False)


@pytest.mark.parametrize(
    ("path", "token", "code"),
    [
        ("/v1/runs", None, "TOKEN_MISSING"),
        ("/v1/runs", "a.b", "TOKEN_MALFORMED"),
        ("/v1/trends", "key", "TOKEN_KEY_UNKNOWN"),
        ("/v1/history/probe", None, "TOKEN_MISSING"),
        ("/v1/runs/x", None, "TOKEN_MISSING"),
        ("/v1/runs/x/report", None, "TOKEN_MISSING"),
    ],
)
def test_a_call_without_a_good_token_is_refused_with_its_code(disabled_backend, path, token, code):
    token = issue_token(key="another-key-altogether") if token == "key" else token
    status, answer = disabled_backend.call("GET", path, token=token)
    assert (status, answer["error"]["code"]) == (401, code)


def test_a_run_goes_from_running_to_finished_and_says_the_same_twice(disabled_backend):
    call = disabled_backend.call
    assert disabled_backend.begin("whole")[1]["run"]["state"] == "running"
    check = {"kind": "check", "name": "health", "outcome": "passed", "event_id": "e1"}
    for _ in range(2):
        assert call("POST", "/v1/runs/whole/events", {"events": [check]}) == (202, {"ok": True, "accepted": 1})
    assert [found["name"] for found in call("GET", "/v1/runs/whole")[1]["checks"]] == ["health"]
    assert call("GET", "/v1/runs/whole/report")[1]["error"]["code"] == "REPORT_UNKNOWN"
    for _ in range(2):
        status, answer = call("POST", "/v1/runs/whole/report", {"report": REPORT})
        assert (status, answer["run"]["state"], answer["run"]["status"]) == (200, "finished", "SUCCESSFUL")
        assert answer["run"]["seconds"] == 2.5
    assert call("GET", "/v1/runs/whole/report")[1]["report"] == REPORT
    detail = call("GET", "/v1/runs/whole")[1]
    assert [len(detail[name]) for name in ("checks", "issues", "services")] == [1, 1, 1]
    assert disabled_backend.begin("whole")[1]["run"]["state"] == "finished"


def test_what_contradicts_what_is_known_is_a_conflict(disabled_backend):
    call = disabled_backend.call
    disabled_backend.begin("contradicted")
    status, answer = disabled_backend.begin("contradicted", application="another")
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (409, "RUN_EXISTS", "run.application")
    call("POST", "/v1/runs/contradicted/report", {"report": REPORT})
    status, answer = call("POST", "/v1/runs/contradicted/report", {"report": REPORT | {"status": "FAILED"}})
    assert (status, answer["error"]["code"]) == (409, "REPORT_EXISTS")


def test_the_unknown_run_is_not_found_whatever_is_asked_of_it(disabled_backend):
    call = disabled_backend.call
    for method, path, body in (
        ("GET", "/v1/runs/nobody", None),
        ("GET", "/v1/runs/nobody/report", None),
        ("POST", "/v1/runs/nobody/events", {"events": [{"kind": "progress"}]}),
        ("POST", "/v1/runs/nobody/report", {"report": REPORT}),
    ):
        status, answer = call(method, path, body)
        assert (status, answer["error"]["code"]) == (404, "RUN_UNKNOWN")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/runs", {"run": {"application": "a"}}, "run.environment"),
        ("/v1/runs", {"run": {"id": "a/b"}}, "run.id"),
        ("/v1/runs/whatever/events", {"events": [{"kind": "song"}]}, "events.0.kind"),
        ("/v1/runs/whatever/events", {"events": [{"kind": "progress", "x": float("nan")}]}, "events"),
        ("/v1/runs/whatever/report", {"report": {"status": "GOOD"}}, "report"),
    ],
)
def test_wrong_input_names_its_field(disabled_backend, path, body, field):
    status, answer = disabled_backend.call("POST", path, body)
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, "INVALID", field)


def test_pages_cover_all_runs_once_newest_first(disabled_backend):
    for number in range(7):
        disabled_backend.begin(f"page-{number}", environment="paged", started_at=f"2026-01-0{number + 1}T00:00:00Z")
    names, query = [], "/v1/runs?limit=3&environment=paged"
    while query:
        answer = disabled_backend.call("GET", query)[1]
        names += [run["id"] for run in answer["runs"]]
        query = answer["next"] and f"/v1/runs?limit=3&environment=paged&before={answer['next']}"
    assert names == [f"page-{number}" for number in range(6, -1, -1)]
    status, answer = disabled_backend.call("GET", "/v1/runs?before=yesterday")
    assert (status, answer["error"]["field"]) == (422, "before")


def test_a_body_that_is_too_large_is_refused(disabled_backend):
    status, answer = disabled_backend.call("POST", "/v1/runs", {"run": "x" * (17 * 2**20)})
    assert (status, answer["error"]["code"]) == (413, "TOO_LARGE")


def test_the_version_shows_the_protocol_and_fingerprints_of_the_key(disabled_backend):
    answer = disabled_backend.call("GET", "/version", token=None)[1]
    assert (answer["service"], answer["protocol"], answer["commit"]) == ("backend", 1, "a" * 40)
    assert re.fullmatch("[0-9a-f]{8}", answer["token_key_id"])
    assert disabled_backend.call("GET", "/protocol.json", token=None)[1]["client"]["subscribe"]["run"]["required"]


def test_the_published_openapi_holds_for_generated_calls(disabled_backend, tmp_path):
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [program, "run", f"{disabled_backend.url}/openapi.json", "--max-examples=8", "--generation-deterministic",
         "--phases=examples,fuzzing", "--exclude-checks=unsupported_method,ignored_auth,positive_data_acceptance",
         "-H", f"Authorization: Bearer {disabled_backend.token}"],
        capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Traceback" not in disabled_backend.log
