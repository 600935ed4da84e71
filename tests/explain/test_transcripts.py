"""Transcripts of deployments, whose lines give no severity."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.report.model import Report, Status
from shakeout.runs.offline import Question, explain_offline


def explained(tmp_path: Path, text: str) -> Report:
    place = tmp_path / "transcript.txt"
    place.write_text(text)
    return explain_offline(Question(evidence=[place]))


@pytest.mark.parametrize(
    ("text", "root"),
    [
        (
            "Step 1/4: building the image\n"
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
            "EngineNotRunning",
        ),
        (
            "Trying to pull registry.example.com/shop:9...\n"
            "Error: initializing source docker://registry.example.com/shop:9: "
            "reading manifest 9 in registry.example.com/shop: manifest unknown\n",
            "ImageNotFound",
        ),
        ("Deploying...\nPermission 'run.services.update' denied on resource 'web'\n", "PermissionMissing"),
    ],
)
def test_a_tool_that_says_what_stopped_it_is_no_clean_bill(tmp_path: Path, text: str, root: str) -> None:
    report = explained(tmp_path, text)
    assert report.status is Status.FAILED
    assert [issue.root_cause.claim for issue in report.issues if issue.root_cause] == [root]


def test_a_deployment_that_went_well_has_no_issue(tmp_path: Path) -> None:
    report = explained(tmp_path, "Step 1/4: building the image\nStep 4/4: pushed shop:9\nDone, 0 errors\n")
    assert (report.status, report.issues, report.unexplained) == (Status.SUCCESSFUL, (), ())
