"""What servers and loggers really print: captured on a machine, paths changed, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.logs.entry import Severity
from shakeout.logs.errors import LoggedError, errors
from shakeout.logs.reading import read_evidence

SAMPLES = Path(__file__).parent / "samples"
REFUSED = "ConnectionRefusedError: [Errno 111] Connection refused"
LEDGER = ("RuntimeError", "the ledger cannot be reached")

# file: (type, beginning of the text) of each error, in the order of time
EXPECTED: dict[str, list[tuple[str, str]]] = {
    "clickhouse.log": [
        ("DB::Exception", "Table default.runs doesn't exist."),
        ("DB::Exception", "Table default.runs doesn't exist."),
    ],
    "gunicorn.log": [("", '127.0.0.1 - - [23/Nov/2026:13:28:06 +0000] "GET /items HTTP/1.1" 500'), LEDGER],
    "gunicorn_boot.log": [
        ("ModuleNotFoundError", "No module named 'ledger_client'"),
        ("", "Worker (pid:13596) exited with code 3."),
        ("", "Shutting down: Master"),
        ("", "Reason: Worker failed to boot."),
    ],
    "loguru_ansi.log": [LEDGER],
    "loguru_json.log": [LEDGER],
    "loguru_plain.log": [LEDGER],
    "nginx_access.log": [("", '127.0.0.1 - - [23/Nov/2026:13:28:09 +0000] "GET /items HTTP/1.1" 502')],
    "nginx_error.log": [("", "connect() failed (111: Connection refused) while connecting to upstream")],
    "postgresql.log": [
        ("", 'password authentication failed for user "shop"\nDETAIL:  Role "shop" does not exist.'),
        ("", 'database "nowhere" does not exist'),
        ("", 'relation "runs" does not exist at character 15\nSTATEMENT:  select * from runs'),
        ("", 'column "missing" does not exist at character 8\nSTATEMENT:  select missing\n\t from pg_class'),
    ],
    "python_json_logger.log": [LEDGER],
    "structlog_console.log": [LEDGER],
    "structlog_dict.log": [LEDGER],
    "structlog_json.log": [LEDGER],
    "uvicorn.log": [("", 'INFO:     127.0.0.1:59980 - "GET /items HTTP/1.1" 500 Internal Server Error'), LEDGER],
    "uvicorn_boot.log": [("ModuleNotFoundError", "No module named 'ledger_client'")],
}


def found(name: str) -> list[LoggedError]:
    with read_evidence([SAMPLES / name]) as evidence:
        return list(errors(evidence.entries()))


def test_every_sample_is_expected() -> None:
    assert sorted(path.name for path in SAMPLES.glob("*.log")) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_errors_of_a_sample_are_its_errors_and_no_others(name: str) -> None:
    errors = found(name)
    assert [one.type for one in errors] == [kind for kind, _ in EXPECTED[name]]
    for error, (_, text) in zip(errors, EXPECTED[name], strict=True):
        assert error.text.startswith(text)
        assert error.severity >= Severity.ERROR


@pytest.mark.parametrize("name", [name for name, rows in EXPECTED.items() if LEDGER in rows])
def test_the_first_cause_of_a_sample_comes_first(name: str) -> None:
    (error,) = [one for one in found(name) if one.traceback]
    assert error.traceback is not None
    first, last = error.traceback.first, error.traceback.last
    assert str(first) == REFUSED
    assert first.relation == "direct cause"
    assert str(last) == ": ".join(LEDGER)
    assert (last.frames[-1].path, last.frames[-1].line) == ("/app/store.py", 9)
    assert ("/app/store.py", 4, "connect") in [(frame.path, frame.line, frame.function) for frame in first.frames]
    assert not error.traceback.truncated


@pytest.mark.parametrize("name", EXPECTED)
def test_every_message_of_a_sample_stands_at_its_locator(name: str) -> None:
    with read_evidence([SAMPLES / name]) as evidence:
        entries = list(evidence.entries())
        assert entries
        for entry in entries:
            assert (entry.quote or entry.message) in evidence.resolve(entry.locator)


@pytest.mark.parametrize("name", EXPECTED)
def test_suspects_give_the_same_errors_as_all_entries(name: str) -> None:
    with read_evidence([SAMPLES / name]) as evidence:
        assert list(errors(evidence.suspects())) == list(errors(evidence.entries()))


def test_the_announcing_line_is_the_entry_of_a_traceback() -> None:
    error = found("gunicorn_boot.log")[0]
    assert error.entry.message == "Exception in worker process"
    assert error.entry.locator.line == 5
