"""The commands that the repository's own checks run, each with its line."""

from __future__ import annotations

import re
from pathlib import Path

from shakeout.evidence.automation import Automation
from shakeout.evidence.repository import Repository
from shakeout.testing import SmallRepository

WORKFLOW = """\
on: push
jobs:
  check:
    steps:
      - uses: actions/checkout@v4
      - name: All
        run: |
          make check
          # a comment
          pytest \\
            --quiet
"""


def automation(folder: Path, files: dict[str, str]) -> Automation:
    small = SmallRepository(folder / "app")
    small.commit("Start", files)
    return Automation(Repository(small.folder))


def test_each_command_is_quoted_at_its_line(tmp_path: Path) -> None:
    found = automation(tmp_path, {".github/workflows/a.yml": WORKFLOW, "Makefile": "check:\n\truff check .\n\tmypy\n"})
    assert [(command.text, command.path, command.line) for command in found.commands] == [
        ("actions/checkout@v4", ".github/workflows/a.yml", 5),
        ("make check", ".github/workflows/a.yml", 8),
        ("pytest --quiet", ".github/workflows/a.yml", 10),
        ("ruff check .", "Makefile", 2),
        ("mypy", "Makefile", 3),
    ]
    for command in found.commands:
        quoted = found.quote(command)
        assert quoted is not None
        assert command.text.split(" ")[0] in quoted.quote


def test_tasks_that_call_one_another_come_to_an_end(tmp_path: Path) -> None:
    files = {
        ".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: make one\n",
        "Makefile": "one: two\n\tmake two\n\ntwo: one\n\tsh scripts/a.sh\n",
        "scripts/a.sh": "#!/bin/sh -e\nmake one\nsh scripts/a.sh\n",
    }
    texts = [command.text for command in automation(tmp_path, files).commands]
    assert "sh scripts/a.sh" in texts
    assert len(texts) < 20


def test_what_a_step_that_may_fail_calls_stops_nothing_either(tmp_path: Path) -> None:
    files = {
        ".gitlab-ci.yml": "a:\n  allow_failure: true\n  script: [make lint]\n",
        "Makefile": "lint:\n\truff check .\n",
    }
    (command,) = automation(tmp_path, files).find(re.compile("^ruff"))
    assert "allow_failure" in command.idle


def test_without_any_checks_the_absence_is_evidence(tmp_path: Path) -> None:
    found = automation(tmp_path, {"a.py": "x = 1\n"})
    assert found.commands == ()
    assert found.absence("looks for this").note.endswith("no .github/workflows")
