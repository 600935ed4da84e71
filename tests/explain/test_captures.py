"""
What small programs really printed when they failed, explained against a small repository, and compared with the truth.

Each folder of `captures/` holds a log (in the format in which a team would export it), the repository as a table of
commits, and the truth. The programs were run in a throw-away environment; their folder is written as `/app`.
A truth without `root` is a chain that rightly ends before a cause: `beyond` is what the report says it would need.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from shakeout.report.model import Report, Status
from shakeout.runs.offline import Question, explain_offline
from shakeout.testing import SmallRepository

FOLDER = Path(__file__).parent / "captures"
CASES = sorted(path.name for path in FOLDER.iterdir())


def _built(name: str, folder: Path) -> Path:
    small = SmallRepository(folder / "repository")
    for table in tomllib.loads((FOLDER / name / "repository.toml").read_text(encoding="utf-8"))["commits"]:
        for old, new in table.get("rename", {}).items():
            (small.folder / new).parent.mkdir(parents=True, exist_ok=True)
            small.git("mv", old, new)
        files = {path: None if text is False else text for path, text in table.get("files", {}).items()}
        small.commit(table["subject"], files)
    return small.folder


def _explained(name: str, folder: Path) -> tuple[Report, dict[str, Any]]:
    truth = tomllib.loads((FOLDER / name / "truth.toml").read_text(encoding="utf-8"))
    log = next(path for path in (FOLDER / name).iterdir() if path.name.startswith("log."))
    return explain_offline(Question(evidence=[log], repository=_built(name, folder))), truth


@pytest.mark.parametrize("name", CASES)
def test_a_captured_failure_is_explained_as_it_was(name: str, tmp_path: Path) -> None:
    report, truth = _explained(name, tmp_path)
    drawn = (
        [(issue.title, [why.answer for why in issue.whys], issue.unknown) for issue in report.issues],
        [item.symptom for item in report.unexplained],
    )
    assert len(report.issues) == truth["issues"], drawn
    assert len(report.unexplained) == truth.get("unexplained", 0), drawn
    assert not [note for note in report.notes if "rule" in note and "failed" in note], report.notes
    if not truth["issues"]:
        assert report.status is (Status.FAILED if truth["unexplained"] else Status.SUCCESSFUL)
        return
    issue = report.issues[0]
    root = issue.root_cause
    if "root" in truth:
        assert root is not None, drawn
        assert root.claim == truth["root"], drawn
        assert root.introduced_by is not None or "change" not in truth, drawn
    else:
        assert root is None, drawn
        assert truth["beyond"] in (issue.unknown or ""), drawn
    if root is not None and "locator" in truth:
        assert truth["locator"] in root.locators, (root.locators, drawn)
    if root is not None and root.introduced_by is not None:
        assert root.introduced_by.subject == truth["change"], drawn
    if "root" in truth:
        assert issue.guard is not None
        assert issue.guard.present is truth.get("guard", False), issue.guard
    assert truth["first"] in issue.whys[0].answer, drawn
    assert truth.get("title", "") in issue.title, drawn
    for word in truth.get("not_said", []):
        assert word not in issue.title, drawn


@pytest.mark.parametrize("name", CASES)
def test_no_capture_holds_a_path_of_the_machine_that_made_it(name: str) -> None:
    for path in (FOLDER / name).iterdir():
        text = path.read_text(encoding="utf-8")
        assert "/tmp/" not in text
        assert "/home/" not in text


@pytest.mark.parametrize("name", ["imports-node-ending", "imports-node-moved", "configuration-node-removed"])
def test_what_would_have_stopped_a_script_is_no_python(name: str, tmp_path: Path) -> None:
    report, _ = _explained(name, tmp_path)
    guard = report.issues[0].guard
    assert guard is not None
    assert "node" in (guard.add or "")
    assert "python" not in (guard.add or "")


def test_an_error_that_nothing_explains_has_its_count_and_its_evidence(tmp_path: Path) -> None:
    report, _ = _explained("unexplained-flask", tmp_path)
    (error,) = report.unexplained
    assert error.count == 3
    assert "EmptyBasketError" in error.symptom
    assert error.evidence
