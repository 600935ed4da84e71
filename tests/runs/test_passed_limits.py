"""Memory that runs out after every check has passed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.logs.errorlog import ErrorLog
from shakeout.runs.errorlogs import of_entries
from shakeout.runs.explaining import explain
from shakeout.runs.passed_limits import passed_limits
from shakeout.targets.capture import entries, log_path
from shakeout.targets.lines import format_line
from shakeout.why.sources import Sources

STARTED = "Starting new instance. Reason: AUTOSCALING - no existing capacity for current traffic."
TOLD = "Memory limit of 128 MiB exceeded with 140 MiB used. Consider increasing the memory limit, see the manual"


def logged(folder: Path, *rows: tuple[str, str]) -> ErrorLog:
    path = log_path(folder, "web")
    path.parent.mkdir(parents=True)
    moment = datetime(2026, 2, 1, 10, tzinfo=UTC)
    path.write_text("".join(format_line(moment, stream, text) for stream, text in rows), encoding="utf-8")
    return ErrorLog(of_entries(entries(folder, "web"), "service", "web", None))


def platform(state: str = "running") -> Platform:
    return Platform("staging", "cloud-run", [PlatformItem(name="web", kind="service", state=state)])


def test_the_platforms_own_word_is_a_symptom_though_no_check_failed(tmp_path: Path) -> None:
    log = logged(
        tmp_path, ("stdout", "ready"), ("system", TOLD), ("system", "Starting new instance. Reason: AUTOSCALING")
    )
    symptoms = tuple(passed_limits(platform(), log))
    (issue,) = explain(symptoms, Sources(platform(), log)).issues
    assert issue.root_cause is not None and issue.root_cause.claim == "MemoryLimitExceeded"
    assert issue.title == "web uses more memory than its limit of 128 MiB"


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ((("system", STARTED), ("stdout", "GET / 200")), "running"),
        ((("stderr", f"ERROR of a drill: {TOLD}"),), "running"),
        ((("system", TOLD),), "not deployed"),
    ],
)
def test_scaling_a_services_own_words_and_one_that_is_not_deployed_are_none(
    rows: tuple[tuple[str, str], ...], state: str, tmp_path: Path
) -> None:
    assert tuple(passed_limits(platform(state), logged(tmp_path, *rows))) == ()
