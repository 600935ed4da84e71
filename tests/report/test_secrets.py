"""Whatever a report says in words, it tells no secret: in titles, questions, answers, fixes or subjects of commits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shakeout.report.model import (
    Change,
    Fix,
    Guard,
    Issue,
    Priority,
    Proof,
    Recommendation,
    RootCause,
    RuledOut,
    Unexplained,
    Why,
)
from shakeout.report.rendering import Format, render
from shakeout.runs.offline import Question, check_arguments, explain_offline
from shakeout.testing import SmallRepository

WORD = "corr" + "ect-h0rse-battery"
TOLD = f"the line DATABASE_PASSWORD={WORD}"


@pytest.mark.parametrize(
    "told",
    [
        Why(layer="state", question=TOLD, answer=TOLD, rule=None, strength="observed", evidence=()),
        RuledOut(claim=TOLD, evidence=()),
        Change(commit="a" * 40, date="2026-02-01", subject=TOLD),
        RootCause(claim="X", statement=TOLD, layer="state", locators=(), introduced_by=None),
        Guard(name=TOLD, present=False, evidence=(), statement=TOLD, add=TOLD),
        Fix(kind="patch", summary=TOLD, patch=f"+{TOLD}\n", command=TOLD),
        Proof(status="proved", detail=TOLD),
        Recommendation(priority=Priority.LOW, text=TOLD, issue=None),
        Unexplained(symptom=TOLD, needs=TOLD),
        Issue(
            id="x", title=TOLD, priority=Priority.LOW, symptoms=(TOLD,), unknown=TOLD, rivals=(TOLD,),
            expected=TOLD, actual=TOLD, excerpt=TOLD, reproduce=TOLD,
        ),
    ],
    ids=lambda told: type(told).__name__,
)  # fmt: skip
def test_no_text_of_a_report_holds_a_secret(told: object) -> None:
    assert WORD not in repr(told)
    assert "DATABASE_PASSWORD" in repr(told)


def test_a_patch_without_a_secret_is_left_as_it_is() -> None:
    patch = "--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n+from shop.limits import FACTOR\n TOKEN = os.environ['TOKEN']\n"
    fix = Fix(kind="patch", summary="add the import", patch=patch)
    assert (fix.patch, fix.summary) == (patch, "add the import")


def test_a_secret_beside_the_changed_line_is_left_out_of_the_patch_and_that_is_said(tmp_path: Path) -> None:
    repository = SmallRepository(tmp_path / "repository")
    use = "\n\ndef total(items):\n    return sum(items) * FACTOR\n"
    files = {"shop/limits.py": "FACTOR = 2\n", "shop/prices.py": f"from shop.limits import FACTOR\n{use}"}
    repository.commit("Add prices", files)
    repository.commit("Read from the ledger", {"shop/prices.py": f"LEDGER_PASSWORD = '{WORD}'\n{use}"})
    log = tmp_path / "app.log"
    log.write_text(
        "Traceback (most recent call last):\n"
        '  File "/app/shop/prices.py", line 5, in total\n'
        "    return sum(items) * FACTOR\n"
        "NameError: name 'FACTOR' is not defined\n"
    )
    question = Question(evidence=check_arguments([str(log)]), repository=repository.folder, at=None)
    report = explain_offline(question)
    (issue,) = report.issues
    assert issue.fixes[0].patch is not None
    assert "+from shop.limits import FACTOR" in issue.fixes[0].patch
    assert "make this change by hand" in issue.fixes[0].summary
    assert issue.proof is not None and issue.proof.status == "proved"
    for form in Format:
        text = render(report, form)
        assert WORD not in text and json.dumps(WORD)[1:-1] not in text
