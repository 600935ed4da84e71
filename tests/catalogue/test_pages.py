"""Rules, their pages and their cases name the same set; what `--rule` prints is the page."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shakeout.casework import load_cases, run_case
from shakeout.catalogue import rules
from shakeout.cli.explain import print_rule
from shakeout.errors import UsageError

TOP = Path(__file__).parents[2]
CASES = [case for case in load_cases(TOP / "tests/catalogue/cases/names") if case.expect == "fires"]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    pages = {path.stem for path in (TOP / "docs/reference/rules").glob("*.md")} - {"README"}
    assert pages == {rule.name for rule in rules()}


def test_every_rule_has_cases_and_every_case_a_rule() -> None:
    cases = {path.stem for path in (TOP / "tests/catalogue/cases").rglob("*.toml")}
    assert cases == {rule.name for rule in rules()}


def test_all_rules_are_listed_with_their_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_rule("all") == 0
    listed = capsys.readouterr().out
    assert all(rule.name in listed and rule.summary in listed for rule in rules())


def test_the_page_of_one_rule_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_rule("missing-import") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# missing-import\n")
    assert "## What to change" in printed


def test_a_rule_that_is_not_there_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as error:
        print_rule("missing-imports")
    assert "missing-import" in str(error.value.hint)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_patch_for_a_name_applies_and_leaves_python_that_compiles(case: object, tmp_path: Path) -> None:
    result = run_case(case, tmp_path)  # type: ignore[arg-type]
    folder = tmp_path / "repository"
    fixes = [fix for chain in result.chains for link in chain.links for fix in link.because.fixes if fix.patch]
    for fix in fixes:
        subprocess.run(["git", "checkout", "--quiet", "--force", "main"], cwd=folder, check=True)
        done = subprocess.run(
            ["git", "apply", "--index", "-"], cwd=folder, input=fix.patch, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{done.stderr}\n{fix.patch}"
        names = subprocess.run(
            ["git", "diff", "--cached", "--name-only"], cwd=folder, text=True, capture_output=True, check=True
        ).stdout.split()
        assert names
        for name in names:
            compile((folder / name).read_text("utf-8"), name, "exec")
