"""An explanation goes on where one part of it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.guards import Guards
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.errors import errors
from shakeout.logs.reading import read_evidence
from shakeout.runs.errorlogs import occurrences
from shakeout.runs.explaining import explain
from shakeout.testing import SmallRepository
from shakeout.why.engine import Symptom
from shakeout.why.sources import Sources


def test_a_guard_that_cannot_be_looked_for_is_noted_and_the_issue_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SmallRepository(tmp_path / "app")
    small.commit("Start", {"app.py": "from os import environ\nprint(environ)\n"})
    small.commit("Tidy", {"app.py": "print(environ)\n"})
    log = tmp_path / "app.log"
    log.write_text(
        'Traceback (most recent call last):\n  File "/srv/app.py", line 1, in <module>\n    print(environ)\n'
        "NameError: name 'environ' is not defined\n"
    )

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(Guards, "find", fails)
    repository = Repository(small.folder)
    with read_evidence([log]) as read:
        found = ErrorLog(occurrences(list(errors(read.entries())), read.resolve))
    symptoms = [
        Symptom(claim=ErrorLogged(item.owner, item.key, item.type, item.text), evidence=item.evidence) for item in found
    ]
    explanation = explain(symptoms, Sources(found, repository, SourcePaths(repository), Guards(repository)))
    (issue,) = explanation.issues
    assert issue.root_cause is not None and issue.root_cause.claim == "MissingImport"
    assert any("looking for the guard" in note and "boom" in note for note in explanation.notes)
