"""Lines of loggers: the level, the time and the message that stand in them."""

# ruff: noqa: E501
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shakeout.logs.entry import Severity
from shakeout.logs.errors import errors
from shakeout.logs.inner import interpret
from shakeout.logs.reading import read_evidence

E, W, N, C = Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.CRITICAL
AT = datetime(2025, 9, 3, 10, tzinfo=UTC)

LINES = [
    ("2025-09-03 10:00:00 - app.db - ERROR - no ledger", E, "no ledger"),
    ("2025-09-03 10:00:00,000 ERROR app.db: no ledger", E, "no ledger"),
    ("2025-09-03T10:00:00Z [error    ] no ledger  [app] key=1", E, "no ledger  [app] key=1"),
    ("[2025-09-03 10:00:00,000: ERROR/MainProcess] no ledger", E, "no ledger"),
    ("2025-09-03T10:00:00.000000Z [2025-09-03 12:00:00,365: ERROR/MainProcess] no ledger", E, "no ledger"),
    ("[2025-09-03 10:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:8)", C, "WORKER TIMEOUT (pid:8)"),
    ("2025/09/03 10:00:00 [error] 7#7: *1 no ledger", E, "no ledger"),
    ("2025-09-03 10:00:00.000 UTC [71] shop@shop FATAL:  no ledger", C, "no ledger"),
    ("2025.09.03 10:00:00.000000 [ 7 ] {} <Error> Application: no ledger", E, "no ledger"),
    ("<green>2025-09-03 10:00:00.000</green> | <level>ERROR   </level> | <cyan>a</cyan>:<cyan>f</cyan>:<cyan>1</cyan> - <level>no</level>", E, "no"),
    ("\x1b[32m2025-09-03 10:00:00.000\x1b[0m | \x1b[31mERROR   \x1b[0m | \x1b[36ma\x1b[0m:\x1b[36mf\x1b[0m:\x1b[36m1\x1b[0m - \x1b[31mno\x1b[0m", E, "no"),
    ("2025-09-03T10:00:00.000Z ERROR 1 --- [main] c.a.Shop : no ledger", E, "no ledger"),
    ("2025-09-03T10:00:00.000Z\tERROR\tshop/main.go:12\tno ledger", E, "no ledger"),
    ('time="2025-09-03T10:00:00Z" level=error msg="no ledger" attempt=3', E, "no ledger"),
    ("ERROR:app.db:no ledger", E, "no ledger"),
    ("ERROR:    no ledger", E, "no ledger"),
    ("WARNING: no ledger", W, "no ledger"),
    ("error: no ledger", E, "no ledger"),
    ("10:00:00.123 [main] ERROR c.a.Shop - no ledger", E, "no ledger"),
    ("E0903 10:00:00.000000       7 store.go:12] no ledger", E, "no ledger"),
    ('{"level":50,"time":1756893600000,"msg":"no ledger"}', E, "no ledger"),
    ('{"level":"error","ts":1756893600.0,"caller":"a.go:1","msg":"no ledger"}', E, "no ledger"),
    ('{"@timestamp":"2025-09-03T10:00:00.000Z","level":"ERROR","logger_name":"c.a","message":"no ledger"}', E, "no ledger"),
    ('{"level":"error","message":"no ledger","timestamp":"2025-09-03T10:00:00.000Z"}', E, "no ledger"),
    ('{"text":"x","record":{"level":{"name":"ERROR","no":40},"message":"no ledger","time":{"timestamp":1756893600.0}}}', E, "no ledger"),
    ("ERROR: (gcloud.run.deploy) Revision 'backend-00008' is not ready", E, "(gcloud.run.deploy) Revision 'backend-00008' is not ready"),
    ('10.0.0.1 - - [03/Sep/2025:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "c"', N, '10.0.0.1 - - [03/Sep/2025:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "c"'),
    ('INFO:     10.0.0.1:5 - "WebSocket /v1/live" 403', W, 'INFO:     10.0.0.1:5 - "WebSocket /v1/live" 403'),
]  # fmt: skip


@pytest.mark.parametrize(("line", "level", "message"), LINES, ids=[line[:40] for line, _, _ in LINES])
def test_a_line_is_taken_apart(line: str, level: Severity, message: str) -> None:
    found = interpret(line)
    assert (found.message, found.severity) == (message, level)
    if "2025" in line or "1756893600" in line:
        assert found.time == AT


@pytest.mark.parametrize("line", ["Error handling was improved", "Warning signs of age", "no head at all"])
def test_prose_has_no_head(line: str) -> None:
    assert interpret(line).message == line


def test_a_time_without_a_zone_is_read_as_utc_and_doubted() -> None:
    found = interpret("2025-09-03 10:00:00 ERROR x")
    assert (found.time, found.time_doubt) == (AT, "the time has no zone; read as UTC")


@pytest.mark.parametrize("stamp", ["2025-13-45 10:00:00", "2025-09-03 99:99:99", "0000-00-00 00:00:00"])
def test_an_impossible_time_is_no_crash(stamp: str) -> None:
    assert interpret(f"{stamp} ERROR x").time is None


def test_a_transcript_with_progress_bars_and_colours_keeps_the_last_state_of_each_line(tmp_path: Path) -> None:
    path = tmp_path / "deploy.txt"
    path.write_bytes(
        b"\x1b[1mDeploying\x1b[0m...\n\r[=>      ] 10%\r[===>    ] 40%\r[========] 100%\n"
        b"\x1b[31m\xe2\x9c\x97 auth check failed: name 'env' is not defined\x1b[0m\r\nDone\n"
    )
    with read_evidence([path]) as evidence:
        entries = list(evidence.entries())
        assert [one.message for one in entries] == [
            "Deploying...", "[========] 100%", "✗ auth check failed: name 'env' is not defined", "Done"
        ]  # fmt: skip
        for entry in entries:
            assert entry.message in evidence.resolve(entry.locator)
        (error,) = errors(evidence.suspects())
    assert error.text == "✗ auth check failed: name 'env' is not defined"
    assert not error.certain


def test_gcloud_yaml_has_entries_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "export.yaml"
    path.write_text(
        "---\ninsertId: b\nlogName: projects/p/logs/x\nseverity: ERROR\n"
        'textPayload: |-\n  Traceback (most recent call last):\n    File "/app/a.py", line 3, in f\n      g()\n  ValueError: no: ledger\n'
        "timestamp: '2025-09-03T10:00:02Z'\n---\ninsertId: a\njsonPayload:\n  message: 'it''s\n    folded'\nseverity: INFO\n"
        "timestamp: '2025-09-03T10:00:01Z'\n"
    )
    with read_evidence([path]) as evidence:
        first, second = evidence.entries()
        assert first.message == "it's folded"
        for entry in (first, second):
            assert entry.message in evidence.resolve(entry.locator)
        (error,) = errors(evidence.suspects())
    assert second.locator.line == 5
    assert str(error.traceback and error.traceback.last) == "ValueError: no: ledger"


def test_rows_of_a_gcloud_table(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text(
        "SERVICE   TIMESTAMP                SEVERITY  TEXT\n"
        "backend   2025-09-03T10:00:00.1Z   ERROR     no ledger\n"
        "backend   2025-09-03T10:00:01.1Z   INFO      fine\n"
    )
    with read_evidence([path]) as evidence:
        (error,) = errors(evidence.entries())
    assert (error.text, error.service) == ("no ledger", "backend")


def test_celery_says_level_and_process(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    path.write_text(
        "[2025-09-03 10:00:00,365: INFO/MainProcess] Connected to amqp://jobs@queue:5672//\n"
        "[2025-09-03 10:00:01,365: ERROR/ForkPoolWorker-2] consumer: Cannot connect to amqp://jobs@queue:5672//: refused\n"
    )
    with read_evidence([path]) as evidence:
        calm, failed = evidence.entries()
    assert (calm.severity, failed.severity) == (Severity.INFO, Severity.ERROR)
    assert failed.message.startswith("consumer: Cannot connect")
    assert failed.fields["process"] == "ForkPoolWorker-2"
    assert failed.time is not None and failed.time.microsecond == 365_000
