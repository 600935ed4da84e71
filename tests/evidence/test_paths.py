"""Paths that running programs print, and the files of the repository that they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.evidence.paths import SourcePaths, is_foreign
from shakeout.evidence.repository import Repository
from shakeout.testing import SmallRepository

FILES = {
    "src/api/views.py": "import os\n\nVIEWS = 1\n",
    "src/shop/views.py": "import sys\n\nSHOP = 1\n",
    "deploy/smoke.py": "print('smoke')\n",
    "manage.py": "print('manage')\n",
}


@pytest.fixture
def paths(tmp_path: Path) -> SourcePaths:
    small = SmallRepository(tmp_path / "app")
    small.commit("Start", FILES)
    return SourcePaths(Repository(small.folder))


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("src/api/views.py", "src/api/views.py"),
        ("./src/api/views.py", "src/api/views.py"),
        ("/app/src/api/views.py", "src/api/views.py"),
        ("/usr/src/app/src/shop/views.py", "src/shop/views.py"),
        ("/app/api/views.py", "src/api/views.py"),
        ("/app/src/shop/../api/views.py", "src/api/views.py"),
        ("C:\\apps\\team\\src\\api\\views.py", "src/api/views.py"),
        ("deploy\\smoke.py", "deploy/smoke.py"),
        ("/builds/team/manage.py", "manage.py"),
        ("/app/views.py", None),
        ("/usr/lib/python3.12/site-packages/api/views.py", None),
        ("/opt/venv/lib/python3.11/api/views.py", None),
        ("C:\\Python\\Lib\\site-packages\\shop\\views.py", None),
        ("/app/other.py", None),
        ("<string>", None),
        ("<frozen importlib._bootstrap>", None),
        ("", None),
        ("/", None),
    ],
)
def test_a_printed_path_is_the_file_that_fits_best(paths: SourcePaths, printed: str, found: str | None) -> None:
    assert paths.find(printed) == found


def test_of_two_files_of_one_name_the_text_of_the_line_decides(paths: SourcePaths) -> None:
    assert paths.find("/app/views.py", 3, "SHOP = 1") == "src/shop/views.py"
    assert paths.find("/app/views.py", 3, "VIEWS = 1") == "src/api/views.py"
    assert paths.find("/app/views.py", 3, "OTHER = 1") is None
    assert paths.find("/app/views.py", 99, "SHOP = 1") is None


def test_a_file_of_the_same_name_elsewhere_needs_the_same_text(paths: SourcePaths) -> None:
    assert paths.find("/elsewhere/smoke.py") is None
    assert paths.find("/elsewhere/smoke.py", 1, "print('smoke')") == "deploy/smoke.py"


def test_libraries_and_the_interpreter_are_foreign() -> None:
    assert is_foreign("/x/dist-packages/a.py")
    assert is_foreign("node:internal/modules")
    assert is_foreign("/app/node_modules/a/index.js")
    assert not is_foreign("/app/lib/python_tools/a.py")
