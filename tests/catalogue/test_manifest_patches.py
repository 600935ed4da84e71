"""Patches that take a setting out of a manifest, or give it another value, keep every other line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from shakeout.catalogue.versions.remedies import with_value, without_setting
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository
from shakeout.testing import SmallRepository

MANIFEST = """\
services:
  web:
    run: x
    pin: v1  # held back

environments:
  local:
    services:
      web: {pin: v1, port: 80}
  staging:
    services:
      web:
        # why it is held back
        pin: v2
  production:
    target: local
    services:
      api:
        port: 1
      web:
        pin: v2
"""


def patched(folder: Path, patch: str | None) -> str:
    assert patch
    subprocess.run(["git", "apply", "-"], cwd=folder, input=patch, text=True, check=True)
    return (folder / "shakeout.yaml").read_text(encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    SmallRepository(tmp_path).commit("Start", {"shakeout.yaml": MANIFEST})
    return Repository(tmp_path)


def at(line: int) -> Locator:
    return Locator(source="file", path="shakeout.yaml", line=line)


@pytest.mark.parametrize(
    ("line", "where", "left"),
    [
        (4, ("services",), {"web": {"run": "x"}}),
        (9, ("environments", "local"), {"services": {"web": {"port": 80}}}),
        (14, ("environments", "staging"), {}),
        (21, ("environments", "production"), {"target": "local", "services": {"api": {"port": 1}}}),
    ],
)
def test_a_setting_is_taken_out_with_the_parents_that_it_leaves_empty(
    repository: Repository, line: int, where: tuple[str, ...], left: object
) -> None:
    fix = without_setting(repository, at(line), "pin", "take it out")
    after = yaml.safe_load(patched(repository.folder, fix.patch))
    expected = yaml.safe_load(MANIFEST)
    node, wanted = after, expected
    for key in where[:-1]:
        node, wanted = node[key], wanted[key]
    wanted[where[-1]] = left
    assert after == expected


@pytest.mark.parametrize(
    ("line", "key", "row"), [(4, "pin", "    pin: v9  # held back"), (9, "port", "      web: {pin: v1, port: v9}")]
)
def test_a_value_is_replaced_and_its_line_is_kept(repository: Repository, line: int, key: str, row: str) -> None:
    fix = with_value(repository, at(line), key, "v9", "replace it")
    expected = MANIFEST.split("\n")
    expected[line - 1] = row
    assert patched(repository.folder, fix.patch) == "\n".join(expected)


def test_without_the_manifest_in_the_repository_the_fix_is_words(repository: Repository) -> None:
    elsewhere = Locator(source="file", path="other.yaml", line=1)
    assert without_setting(repository, elsewhere, "pin", "take it out").kind == "words"
    assert with_value(None, at(4), "pin", "v9", "replace it").kind == "words"
    assert with_value(repository, at(3), "pin", "v9", "replace it").kind == "words"
