# ruff: noqa: E501 (a table of files reads best by the line)
"""A guard is there only if it would really have stopped that very file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from shakeout.evidence.guards import GuardFinding, Guards
from shakeout.evidence.repository import Repository
from shakeout.testing import SmallRepository

SOURCE = "def main():\n    return env('X')\n"
GITHUB = """\
name: checks
on: [push]
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: {}
"""


def look(
    folder: Path,
    files: Mapping[str, str],
    *,
    kind: str = "undefined-name",
    path: str = "deploy/smoke.py",
    source: str = SOURCE,
) -> GuardFinding:
    small = SmallRepository(folder / "app")
    small.commit("Start", {path: source, **files})
    found = Guards(Repository(small.folder)).find("lint-rule", (kind,), "nothing looks", path=path, line=2)
    assert found is not None
    assert found.evidence
    return found


def github(command: str) -> dict[str, str]:
    return {".github/workflows/checks.yml": GITHUB.format(command)}


PRESENT: dict[str, dict[str, str]] = {
    "github-ruff": github("ruff check ."),
    "github-ruff-names-the-folder": github("ruff check src deploy"),
    "github-flake8": github("python -m flake8"),
    "github-pyflakes": github("pyflakes deploy"),
    "github-pylint": github("pylint deploy/*.py"),
    "github-pylint-one-rule": github("pylint --disable=all --enable=undefined-variable deploy"),
    "github-pyright": github("pyright"),
    "github-mypy-strict": github("mypy --strict deploy"),
    "github-two-commands-in-a-line": github("pip install ruff && ruff check deploy"),
    "github-block": {
        ".github/workflows/a.yml": (
            "on:\n  pull_request:\njobs:\n  a:\n    steps:\n      - name: x\n        run: |\n"
            "          pip install ruff\n          ruff check .\n"
        )
    },
    "github-make": {
        **github("make lint"),
        "Makefile": "lint: deps\n\t@$(BIN)/ruff check .\n\ndeps:\n\tpip install ruff\n",
    },
    "github-make-through-another-target": {**github("make"), "Makefile": "all: lint\n\nlint:\n\truff check .\n"},
    "github-tox": {
        **github("tox -e lint"),
        "tox.ini": "[tox]\nenvlist = py\n[testenv:lint]\ncommands =\n    flake8 deploy\n",
    },
    "github-nox": {
        **github("nox -s lint"),
        "noxfile.py": 'import nox\n\n\n@nox.session\ndef lint(session):\n    session.run("ruff", "check", ".")\n',
    },
    "github-npm": {**github("npm run lint:py"), "package.json": '{"scripts": {"lint:py": "ruff check ."}}\n'},
    "github-script": {
        **github("./scripts/check.sh"),
        "scripts/check.sh": "#!/bin/sh\nset -e\nruff check .\necho good\n",
    },
    "github-python-script": {
        **github("python scripts/check.py"),
        "scripts/check.py": 'import subprocess\n\nsubprocess.run(["ruff", "check", "."], check=True)\n',
    },
    "github-reusable-workflow": {
        ".github/workflows/main.yml": "on: push\njobs:\n  lint:\n    uses: ./.github/workflows/lint.yml\n",
        ".github/workflows/lint.yml": "on: workflow_call\njobs:\n  a:\n    steps:\n      - run: ruff check .\n",
    },
    "github-action-of-the-repository": {
        ".github/workflows/main.yml": "on: push\njobs:\n  a:\n    steps:\n      - uses: ./.github/actions/lint\n",
        ".github/actions/lint/action.yml": "runs:\n  using: composite\n  steps:\n    - run: ruff check .\n      shell: bash\n",
    },
    "github-ruff-action": {
        ".github/workflows/main.yml": "on: push\njobs:\n  a:\n    steps:\n      - uses: astral-sh/ruff-action@v3\n"
    },
    "gitlab": {".gitlab-ci.yml": "lint:\n  image: python\n  script:\n    - pip install ruff\n    - ruff check .\n"},
    "gitlab-template-that-is-extended": {
        ".gitlab-ci.yml": ".lint:\n  script: [ruff check .]\n\nlint:\n  extends: .lint\n"
    },
    "cloud-build": {
        "cloudbuild.yaml": "steps:\n  - name: python:3.12\n    entrypoint: bash\n    args: ['-c', 'ruff check .']\n"
    },
    "cloud-build-script": {"deploy/cloudbuild.yaml": "steps:\n  - name: python\n    script: |\n      ruff check .\n"},
    "pre-commit": {
        ".pre-commit-config.yaml": "repos:\n  - repo: https://example.com/ruff-pre-commit\n    hooks:\n      - id: ruff\n"
    },
    "pre-commit-in-ci": {
        **github("pre-commit run --all-files"),
        ".pre-commit-config.yaml": "repos:\n  - repo: local\n    hooks:\n      - id: lint\n        entry: flake8\n",
    },
    "configuration-adds-the-rule": {
        **github("ruff check ."),
        "ruff.toml": 'lint.select = ["E4"]\nlint.extend-select = ["F821"]\n',
    },
    "ignored-for-another-folder": {
        **github("ruff check ."),
        "pyproject.toml": '[tool.ruff.lint.per-file-ignores]\n"scripts/*" = ["F821"]\n',
    },
    "noqa-on-another-line": github("ruff check ."),
    "a-workflow-for-these-files": {
        ".github/workflows/a.yml": (
            "on:\n  push:\n    paths: ['deploy/**']\njobs:\n  a:\n    steps:\n      - run: ruff check deploy\n"
        )
    },
}

ABSENT: dict[str, tuple[dict[str, str], str]] = {
    "no-checks-at-all": ({}, "nothing looks"),
    "only-tests": (github("pytest"), "nothing looks"),
    "another-folder": (github("ruff check src"), "it looks at src only, not at deploy/smoke.py"),
    "another-folder-by-working-directory": (
        {".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: ruff check .\n        working-directory: web\n"},
        "it looks at . in web only",
    ),
    "another-folder-by-cd": (github("cd web && ruff check ."), "not at deploy/smoke.py"),
    "format-only": (github("ruff format --check ."), "nothing looks"),
    "exit-zero": (github("ruff check --exit-zero ."), "succeed whatever it finds"),
    "or-true": (github("ruff check . || true"), "its failure is ignored"),
    "commented-out": (
        {".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: echo hi\n      # - run: ruff check .\n"},
        "nothing looks",
    ),
    "commented-out-in-a-block": (
        {".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          echo hi\n          # ruff check .\n"},
        "nothing looks",
    ),
    "step-may-fail": (
        {".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: ruff check .\n        continue-on-error: true\n"},
        "continue-on-error",
    ),
    "job-may-fail": (
        {".github/workflows/a.yml": "on: push\njobs:\n  a:\n    continue-on-error: true\n    steps:\n      - run: ruff check .\n"},
        "continue-on-error",
    ),
    "switched-off": (
        {".github/workflows/a.yml": "on: push\njobs:\n  a:\n    if: ${{ false }}\n    steps:\n      - run: ruff check .\n"},
        "switched off",
    ),
    "by-hand-only": (
        {".github/workflows/a.yml": "on: workflow_dispatch\njobs:\n  a:\n    steps:\n      - run: ruff check .\n"},
        "workflow_dispatch only",
    ),
    "reusable-that-nobody-uses": (
        {".github/workflows/a.yml": "on: workflow_call\njobs:\n  a:\n    steps:\n      - run: ruff check .\n"},
        "no workflow uses it",
    ),
    "for-other-files-only": (
        {".github/workflows/a.yml": "on:\n  push:\n    paths: ['src/**']\njobs:\n  a:\n    steps:\n      - run: ruff check .\n"},
        "src/** only",
    ),
    "gitlab-may-fail": ({".gitlab-ci.yml": "lint:\n  script: ruff check .\n  allow_failure: true\n"}, "allow_failure"),
    "gitlab-by-hand": ({".gitlab-ci.yml": "lint:\n  script: ruff check .\n  when: manual\n"}, "by hand only"),
    "gitlab-hidden-job": ({".gitlab-ci.yml": ".lint:\n  script: ruff check .\n"}, "no job extends .lint"),
    "cloud-build-may-fail": (
        {"cloudbuild.yaml": "steps:\n  - name: p\n    script: ruff check .\n    allowFailure: true\n"},
        "allowFailure",
    ),
    "make-target-that-nobody-calls": ({**github("make test"), "Makefile": "test:\n\tpytest\n\nlint:\n\truff check .\n"}, "nothing looks"),
    "make-ignores-it": ({**github("make lint"), "Makefile": "lint:\n\t-ruff check .\n"}, "its failure is ignored"),
    "tox-environment-that-nobody-calls": (
        {**github("tox -e py312"), "tox.ini": "[testenv]\ncommands = pytest\n[testenv:lint]\ncommands = ruff check .\n"},
        "nothing looks",
    ),
    "nox-session-that-nobody-calls": (
        {
            **github("nox -s tests"),
            "noxfile.py": 'import nox\n\n\n@nox.session\ndef lint(session):\n    session.run("ruff", "check", ".")\n',
        },
        "nothing looks",
    ),
    "npm-script-that-nobody-calls": ({**github("npm test"), "package.json": '{"scripts": {"test": "jest", "lint": "ruff check ."}}\n'}, "nothing looks"),
    "script-goes-on": ({**github("./scripts/check.sh"), "scripts/check.sh": "#!/bin/sh\nruff check .\necho done\n"}, "no `set -e`"),
    "hook-by-hand": (
        {".pre-commit-config.yaml": "repos:\n  - repo: r\n    hooks:\n      - id: ruff\n        stages: [manual]\n"},
        "by hand only",
    ),
    "hook-for-other-files": (
        {".pre-commit-config.yaml": "repos:\n  - repo: r\n    hooks:\n      - id: ruff\n        files: ^src/\n"},
        "match `^src/` only",
    ),
    "hook-leaves-it-out": (
        {".pre-commit-config.yaml": "exclude: ^deploy/\nrepos:\n  - repo: r\n    hooks:\n      - id: ruff\n"},
        "leaves out",
    ),
    "rule-ignored-in-pyproject": ({**github("ruff check ."), "pyproject.toml": '[tool.ruff.lint]\nignore = ["F821"]\n'}, "'F821' is ignored"),
    "other-rules-selected": ({**github("ruff check ."), "ruff.toml": 'lint.select = ["I"]\n'}, "only I are selected"),
    "other-rules-selected-by-flag": (github("ruff check --select=E9,F63 ."), "only E9, F63 are selected"),
    "nearest-configuration": (
        {**github("ruff check ."), "ruff.toml": 'lint.select = ["F"]\n', "deploy/ruff.toml": 'lint.ignore = ["F8"]\n'},
        "'F8' is ignored",
    ),
    "ignored-for-the-folder": (
        {**github("ruff check ."), "pyproject.toml": '[tool.ruff.lint.per-file-ignores]\n"deploy/*" = ["F821"]\n'},
        "'F821' is ignored for deploy/*",
    ),
    "ignored-for-all-but-src": (
        {**github("ruff check ."), "ruff.toml": '[lint.per-file-ignores]\n"!src/**.py" = ["F"]\n'},
        "'F' is ignored for !src/**.py",
    ),
    "ignored-for-the-name": (
        {**github("ruff check ."), "ruff.toml": '[lint.per-file-ignores]\n"smoke.py" = ["ALL"]\n'},
        "'ALL' is ignored for smoke.py",
    ),
    "folder-excluded": ({**github("ruff check ."), "ruff.toml": 'extend-exclude = ["deploy"]\n'}, "'deploy' is excluded"),
    "flake8-ignores-it": ({**github("flake8"), ".flake8": "[flake8]\nextend-ignore = E203, F821\n"}, "'F821' is ignored"),
    "flake8-in-setup-cfg": ({**github("flake8"), "setup.cfg": "[flake8]\nselect = E9\n"}, "only E9 are selected"),
    "flake8-per-file": (
        {**github("flake8"), ".flake8": "[flake8]\nper-file-ignores =\n    deploy/*: F821\n"},
        "'F821' is ignored for deploy/*",
    ),
    "flake8-excludes-it": ({**github("flake8"), "tox.ini": "[flake8]\nexclude = .git,deploy\n"}, "'deploy' is excluded"),
    "pylint-disables-it": (
        {**github("pylint deploy"), ".pylintrc": "[MESSAGES CONTROL]\ndisable=undefined-variable,no-member\n"},
        "'undefined-variable' is ignored",
    ),
    "mypy-without-untyped-functions": (github("mypy deploy"), "check_untyped_defs"),
    "mypy-of-another-folder": (
        {**github("mypy"), "pyproject.toml": '[tool.mypy]\nstrict = true\npackages = ["shop"]\n'},
        "it looks at shop only",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRESENT)
def test_a_check_that_would_have_stopped_it_is_found(name: str, tmp_path: Path) -> None:
    found = look(tmp_path, PRESENT[name])
    assert found.present, found.statement


@pytest.mark.parametrize("name", ABSENT)
def test_a_check_that_would_not_have_stopped_it_is_none(name: str, tmp_path: Path) -> None:
    files, reason = ABSENT[name]
    found = look(tmp_path, files)
    assert not found.present, found.statement
    assert reason in found.statement, found.statement


@pytest.mark.parametrize(
    "source",
    [
        "def main():\n    return env('X')  # noqa\n",
        "def main():\n    return env('X')  # noqa: F821\n",
        "# ruff: noqa: F821\ndef main(): return env('X')\n",
    ],
)
def test_a_comment_that_silences_the_line_is_quoted(source: str, tmp_path: Path) -> None:
    found = look(tmp_path, github("ruff check ."), source=source)
    assert not found.present
    assert "a comment silences it" in found.statement
    assert "noqa" in found.evidence[-1].quote


def test_a_comment_about_another_rule_silences_nothing(tmp_path: Path) -> None:
    assert look(tmp_path, github("ruff check ."), source="def main():\n    return env('X')  # noqa: E501\n").present


def test_the_line_that_ignores_the_folder_is_quoted(tmp_path: Path) -> None:
    files = {**github("ruff check ."), "pyproject.toml": '[tool.ruff.lint.per-file-ignores]\n"deploy/*" = ["F821"]\n'}
    found = look(tmp_path, files)
    assert [evidence.quote.strip() for evidence in found.evidence] == ["- run: ruff check .", '"deploy/*" = ["F821"]']


def test_names_on_one_branch_need_a_rule_of_their_own(tmp_path: Path) -> None:
    assert not look(tmp_path / "a", github("ruff check ."), kind="possibly-unbound").present
    assert not look(tmp_path / "b", github("mypy --strict deploy"), kind="possibly-unbound").present
    assert look(tmp_path / "c", github("pylint deploy"), kind="possibly-unbound").present
    command = "mypy --strict --enable-error-code=possibly-undefined deploy"
    assert look(tmp_path / "d", github(command), kind="possibly-unbound").present


def test_imports_for_type_checkers_need_a_rule_of_their_own(tmp_path: Path) -> None:
    assert not look(tmp_path / "a", github("ruff check ."), kind="type-checking-import").present
    assert look(tmp_path / "b", github("ruff check --select TC ."), kind="type-checking-import").present


@pytest.mark.parametrize(
    "text", ["on: [push\n", "\x00\x01", "- a\n- b\n", "jobs: 3\n", "on:\njobs:\n  a:\n    steps: {}\n", "on: {push: [1]}\njobs: []\n"]
)  # fmt: skip
def test_a_workflow_that_cannot_be_read_is_no_guard_and_no_error(text: str, tmp_path: Path) -> None:
    assert not look(tmp_path, {".github/workflows/a.yml": text, "tox.ini": "[[[", "noxfile.py": "def ("}).present


def test_a_pattern_that_would_take_for_ever_is_not_tried(tmp_path: Path) -> None:
    hook = "repos:\n  - repo: r\n    hooks:\n      - id: ruff\n        files: ^(a+)+$\n"
    assert look(tmp_path, {".pre-commit-config.yaml": hook}, path=f"{'a' * 60}!.py").present


def test_a_command_that_stops_nothing_is_no_guard(tmp_path: Path) -> None:
    small = SmallRepository(tmp_path / "app")
    small.commit("Start", github("shakeout verify || true"))
    found = Guards(Repository(small.folder)).find("command", (r"shakeout verify",), "nobody verifies")
    assert found is not None
    assert not found.present
    assert "stops nothing" in found.statement
