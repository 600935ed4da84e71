"""Cloud Logging entries in every spelling and wrapper that people export them in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.errors import errors
from shakeout.logs.reading import EvidenceInput, read_evidence

Read = Callable[[Any], EvidenceInput]


def entry(number: int, **fields: Any) -> dict[str, Any]:
    result = {
        "insertId": f"id{number}",
        "timestamp": f"2025-09-03T10:00:{number:02}.123456789Z",
        "logName": "projects/harbour/logs/run.googleapis.com%2Fstderr",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {"service_name": "backend", "revision_name": "backend-00007-abc", "location": "europe-west1"},
        },
        "labels": {"instanceId": "i-1", "commit-sha": "0123456789abcdef0123456789abcdef01234567"},
        "severity": "INFO",
    }
    result.update(fields)
    return result


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def make(value: Any) -> EvidenceInput:
        path = tmp_path / "export.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2))
        return read_evidence([path])

    return make


def messages(entries: list[LogEntry]) -> list[str]:
    return [one.message for one in entries]


def test_newest_first_arrays_are_put_in_time_order(read: Read) -> None:
    with read([entry(n, textPayload=f"message {n}") for n in (3, 2, 1)]) as evidence:
        found = list(evidence.entries())
    assert messages(found) == ["message 1", "message 2", "message 3"]
    assert found[0].time == datetime(2025, 9, 3, 10, 0, 1, 123456, tzinfo=UTC)


def test_service_revision_instance_and_commit_come_from_the_labels(read: Read) -> None:
    with read([entry(1, textPayload="x")]) as evidence:
        (found,) = evidence.entries()
    assert found.service == "backend"
    assert found.labels["revision"] == "backend-00007-abc"
    assert found.labels["instance"] == "i-1"
    assert found.labels["commit"] == "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("key", ["message", "msg", "textPayload", "event", "text"])
def test_the_message_of_a_structured_payload_has_many_names(read: Read, key: str) -> None:
    with read([entry(1, jsonPayload={key: "cannot reach the ledger", "tries": 3}, severity="ERROR")]) as evidence:
        (found,) = evidence.entries()
        assert found.message in evidence.resolve(found.locator)
    assert found.message == "cannot reach the ledger"
    assert found.fields["tries"] == 3
    assert found.severity is Severity.ERROR


def test_the_line_is_that_of_the_message(read: Read, tmp_path: Path) -> None:
    with read([entry(n, jsonPayload={"a": 1, "message": f'said "{n}"\nand more'}) for n in (1, 2)]) as evidence:
        lines = (tmp_path / "export.json").read_text().splitlines()
        for found in evidence.entries():
            assert found.locator.line is not None
            assert '"message"' in lines[found.locator.line - 1]
            assert found.message in evidence.resolve(found.locator)


def test_records_on_one_line_have_their_offset(read: Read) -> None:
    compact = json.dumps([entry(n, textPayload=f"{n}: " + "x" * 3000) for n in range(5)])
    with read(compact) as evidence:
        for found in evidence.entries():
            assert found.locator.line == 1
            assert found.locator.offset is not None
            text = evidence.resolve(found.locator)
            assert found.message in text
            assert len(text) < 6000


def test_snake_case_and_nulls_and_payloads_as_strings(read: Read) -> None:
    snake = {
        "insert_id": "a", "timestamp": "2025-09-03T10:00:01Z", "severity": "ERROR", "text_payload": None,
        "json_payload": '{"message": "no route to ledger", "code": 7}', "http_request": None, "labels": None,
        "resource": {"type": "x", "labels": {"service_name": "auth"}}, "log_name": "projects/p/logs/stderr",
    }  # fmt: skip
    with read([snake, {**snake, "insert_id": "b", "json_payload": "plain words"}]) as evidence:
        first, second = evidence.entries()
        assert first.message in evidence.resolve(first.locator)
    assert (first.message, first.service, first.severity) == ("no route to ledger", "auth", Severity.ERROR)
    assert first.fields["code"] == 7
    assert second.message == "plain words"


def test_own_wrappers_are_looked_through_and_entries_in_two_sections_are_read_once(read: Read) -> None:
    bare = [
        {"timestamp": f"2025-09-03T10:00:0{n}Z", "severity": "ERROR", "textPayload": f"failed {n}"} for n in (3, 2, 1)
    ]
    with read({"summary": {"total": 3}, "raw_logs": bare, "logs_by_severity": {"ERROR": bare}}) as evidence:
        assert messages(list(evidence.entries())) == ["failed 1", "failed 2", "failed 3"]
        assert [note.count for note in evidence.notes if note.kind == "duplicate"] == [3]


def test_a_section_named_for_a_severity_gives_it(read: Read) -> None:
    with read({"logs_by_severity": {"ERROR": [{"textPayload": "a", "timestamp": "2025-09-03T10:00:01Z"}]}}) as evidence:
        (found,) = evidence.entries()
    assert found.severity is Severity.ERROR


def test_duplicates_are_dropped_and_counted(read: Read) -> None:
    with read([entry(1, textPayload="once")] * 4) as evidence:
        assert messages(list(evidence.entries())) == ["once"]
        assert [note.count for note in evidence.notes if note.kind == "duplicate"] == [3]


def test_json_lines_newest_first_are_put_in_time_order(read: Read) -> None:
    text = "\n".join(json.dumps(entry(n, textPayload=f"message {n}")) for n in (3, 2, 1))
    with read(text) as evidence:
        assert messages(list(evidence.entries())) == ["message 1", "message 2", "message 3"]


def test_an_inner_error_object_at_info_is_no_error(read: Read) -> None:
    artefact = {
        "message": "request done",
        "error": {"name": "Error", "message": "unrelated", "stack": "Error: x\n    at f (a.js:1:2)"},
    }
    with read([entry(1, jsonPayload=artefact)]) as evidence:
        assert list(errors(evidence.entries())) == []
        assert list(errors(evidence.suspects())) == []


@pytest.mark.parametrize(
    "text",
    [
        "Container called exit(3).",
        "Default STARTUP TCP probe failed 1 time consecutively for container app on port 8080.",
        "Memory limit of 512 MiB exceeded with 530 MiB used. Consider increasing the memory limit, see https://example.com",
        "The request failed because either the HTTP response was malformed or connection to the instance had an error.",
        "Starting new instance. Reason: AUTOSCALING - Instance started due to configured scaling factors.",
    ],
)  # fmt: skip
def test_what_the_platform_says_is_marked_as_system(read: Read, text: str) -> None:
    with read([entry(1, textPayload=text, severity="WARNING")]) as evidence:
        (found,) = evidence.entries()
    assert found.system
    assert found.message == text


def test_audit_entries_fail_by_their_status(read: Read) -> None:
    proto = {
        "methodName": "google.cloud.run.v2.Services.UpdateService",
        "resourceName": "namespaces/harbour/services/backend",
        "status": {"code": 9, "message": "Ready condition status changed to False for Revision backend-00008"},
    }
    with read([entry(1, protoPayload=proto), entry(2, protoPayload={**proto, "status": {}})]) as evidence:
        failed, fine = evidence.entries()
        assert failed.message in evidence.resolve(failed.locator)
        assert [one.entry.message for one in errors(evidence.suspects())] == [failed.message]
    assert failed.severity is Severity.ERROR
    assert fine.severity is Severity.INFO


def test_request_entries_have_a_composed_message_and_a_quote_that_stands_there(read: Read) -> None:
    request = {"requestMethod": "GET", "requestUrl": "https://backend.example.com/v1/items", "status": 503}
    with read([entry(1, httpRequest=request, severity="ERROR")]) as evidence:
        (found,) = evidence.entries()
        assert found.quote in evidence.resolve(found.locator)
    assert found.message == "GET https://backend.example.com/v1/items 503"
    assert found.fields["httpRequest"]["status"] == 503


def test_a_level_in_the_text_wins_over_the_stream_that_it_was_written_to(read: Read) -> None:
    with read([entry(1, textPayload="INFO:     Started server process [1]", severity="ERROR")]) as evidence:
        (found,) = evidence.entries()
        assert list(errors(evidence.entries())) == []
    assert found.severity is Severity.INFO


def test_a_traceback_of_one_line_per_entry_is_put_together_while_another_instance_writes(read: Read) -> None:
    lines = ["Traceback (most recent call last):", '  File "/app/main.py", line 3, in serve', "    connect()",
             "ConnectionRefusedError: [Errno 111] Connection refused"]  # fmt: skip
    mixed = []
    for number, line in enumerate(lines):
        mixed.append(entry(2 * number, textPayload=line, severity="DEFAULT"))
        mixed.append(
            entry(2 * number + 1, textPayload="fatal: other", severity="DEFAULT", labels={"instanceId": "i-2"})
        )
    with read(mixed[::-1]) as evidence:
        found = [one for one in errors(evidence.entries()) if one.traceback]
        assert found == [one for one in errors(evidence.suspects()) if one.traceback]
    assert [str(one) for one in found[0].traceback.exceptions] == [lines[-1]]  # type: ignore[union-attr]
    assert len(found[0].traceback.locators) == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "value",
    [
        {"ERROR": [{"textPayload": "ledger 7"}]},
        {"exception": [{"textPayload": "ledger 7", "severity": "DEFAULT"}]},
        [{"textPayload": "ledger 7", "severity": 500}],
        [{"textPayload": "ledger 7", "severity": "error", "insertId": "a"}],
        [{"textPayload": "ledger 7", "severity": "fatal", "insertId": "a", "logName": "projects/p/logs/x"}],
    ],
)
def test_a_text_without_words_of_failure_keeps_the_severity_given_around_it(read: Read, value: Any) -> None:
    with read(value) as evidence:
        assert [one.text for one in errors(evidence.suspects())] == ["ledger 7"]
        assert list(errors(evidence.suspects())) == list(errors(evidence.entries()))
