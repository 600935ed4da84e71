"""The console on a double of Cloud Run: well without a fault, and explained as anywhere with one of the reference."""

from __future__ import annotations

from pathlib import Path

from shakeout.runs.faults import load_fault
from shakeout.runs.scoring import score
from shakeout.runs.trying import try_faults

TOP = Path(__file__).parents[2]


def test_the_console_without_a_fault_yields_no_issue(tmp_path: Path) -> None:
    tried = try_faults(TOP, [], tmp_path, environment="staging")
    assert [issue.title for issue in tried.report.issues] == []
    assert {item.name: item.detail for item in tried.report.checks if item.outcome != "passed"} == {}
    assert tried.report.status == "SUCCESSFUL"
    assert tried.report.target == "cloud-run"


def test_a_lost_import_of_the_smoke_test_has_the_same_root_cause(tmp_path: Path) -> None:
    fault = load_fault(TOP / "faults" / "smoke-import-removed")
    tried = try_faults(TOP, [fault], tmp_path, environment="staging")
    assert [problem for item in score(tried.report, [fault], tried.injected) for problem in item.problems] == []
