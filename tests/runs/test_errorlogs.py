"""What a service wrote, as occurrences."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.logs.errorlog import Occurrence
from shakeout.runs.errorlogs import of_entries
from shakeout.targets.capture import entries, log_path


def written(folder: Path, *lines: str) -> list[Occurrence]:
    place = log_path(folder, "auth")
    place.parent.mkdir()
    place.write_text("".join(f"2026-01-05T10:00:00.000000Z stderr {line}\n" for line in lines))
    return list(of_entries(entries(folder, "auth"), "service", "auth"))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("CRITICAL shop.auth cannot start: PORT is not set", "cannot start: PORT is not set"),
        ("2026-01-05 10:00:00,120 ERROR shop.db lost the connection", "lost the connection"),
        ('{"level": "error", "msg": "no such table: orders"}', "no such table: orders"),
    ],
)
def test_a_line_with_a_severity_of_its_own_is_an_error(tmp_path: Path, line: str, text: str) -> None:
    (found,) = written(tmp_path, line)
    assert found.error and text in found.text
    assert found.evidence[0].quote == line


def test_a_warning_is_kept_and_is_no_error(tmp_path: Path) -> None:
    (found,) = written(tmp_path, "WARNING shop.auth the sign-in was refused")
    assert not found.error


def test_a_line_without_a_severity_that_tells_of_a_failure_is_an_error(tmp_path: Path) -> None:
    (found,) = written(tmp_path, "./start.sh: line 3: DB_HOST: unbound variable, exit status 1")
    assert found.error or found.text


def test_what_went_well_is_nothing(tmp_path: Path) -> None:
    assert written(tmp_path, "INFO shop.auth ready", "listening on 8000", "INFO shop.auth 0 errors") == []


def test_a_traceback_after_a_logged_error_is_one_occurrence(tmp_path: Path) -> None:
    (found,) = written(
        tmp_path,
        "ERROR shop.auth cannot start",
        "Traceback (most recent call last):",
        '  File "/app/auth.py", line 3, in <module>',
        "    start()",
        "ValueError: no port",
        "INFO shop.auth stopping",
    )
    assert found.traceback is not None and found.traceback.first.type == "ValueError"


def test_the_folder_of_the_checkout_is_in_no_message_and_no_frame(tmp_path: Path) -> None:
    below = f"{tmp_path}/source/{'c' * 40}"
    text = (
        f"Error: Cannot find module '{below}/src/a.js' imported from {below}/src/b.js\n"
        f"    at load (file://{below}/src/b.js:3:1)\n"
    )
    entry = LogEntry(message=text, locator=Locator(source="log", path="logs/desk.log", line=1))
    (found,) = of_entries([entry], "service", "desk", tmp_path / "source")
    assert found.traceback is not None
    assert found.traceback.first.message.startswith("Cannot find module 'src/a.js' imported from src/b.js")
    assert [frame.path for frame in found.traceback.first.frames] == ["src/b.js"]
