"""Every case of the catalogue, and that rules, pages and cases name the same set."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.casework import Case, check_case, check_patches, load_cases, run_case
from shakeout.catalogue import families, rules

FOLDER = Path(__file__).parent / "cases"
CASES = load_cases(FOLDER)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    result = run_case(case, tmp_path)
    check_case(case, result)
    check_patches(result)


def test_every_rule_has_a_file_of_cases_in_its_familys_folder_and_every_file_a_rule() -> None:
    expected = {(rule.family, rule.name) for rule in rules()}
    assert {(path.parent.name, path.stem) for path in FOLDER.rglob("*.toml")} == expected


@pytest.mark.parametrize("rule", [rule.name for rule in rules()])
def test_every_rule_fires_stays_silent_and_lets_its_nearest_rival_win(rule: str) -> None:
    assert {case.expect for case in CASES if case.rule == rule} == {"fires", "silent", "rival"}


def test_every_family_says_what_it_is_about() -> None:
    assert all(family.summary for family in families())
