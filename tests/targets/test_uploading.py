"""What `gcloud` would upload of a checkout, for an image that is built elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.runs.rehearsal_images import stand_ins
from shakeout.runs.request import make_request
from shakeout.targets.uploading import lay_out_upload
from shakeout.testing import SmallRepository

MANIFEST = """
version: 1
application: shop
services:
  web: {run: python server.py, build: {BUILD}, image: "registry.example.com/web:${commit}"}
environments:
  staging: {target: cloud-run, options: {project: shop-staging, region: europe-west1}}
"""
FILES = {"server.py": "x", "lib/data.csv": "1", "lib/code.py": "y", "web/.gcloudignore": "*.csv\n", "web/a.csv": "2",
         "web/b.py": "z"}  # fmt: skip


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_folder_has_its_own_rules(tree: Path, tmp_path: Path) -> None:
    assert lay_out_upload(tree, "web", tmp_path / "out") == 1
    assert files(tmp_path / "out") == [".gcloudignore", "b.py"]


def test_links_and_modes_come_along(tree: Path, tmp_path: Path) -> None:
    (tree / "server.py").chmod(0o755)
    (tree / "link.py").symlink_to("server.py")
    lay_out_upload(tree, ".", tmp_path / "out")
    assert (tmp_path / "out" / "link.py").is_symlink()
    assert (tmp_path / "out" / "server.py").stat().st_mode & 0o111


@pytest.mark.parametrize(("build", "there"), [("{upload: gcloud}", False), ("{}", True)])
def test_a_rehearsed_command_runs_in_what_is_uploaded(build: str, there: bool, tmp_path: Path) -> None:
    small = SmallRepository(tmp_path / "shop")
    small.commit("Open", {**FILES, ".gcloudignore": "lib/*.csv\n", "shakeout.yaml": MANIFEST.replace("{BUILD}", build)})
    request = make_request(
        manifest=small.folder / "shakeout.yaml", environment="staging", revision="HEAD", dirty=False, caller={}
    )
    told: list[str] = []
    found = stand_ins([request.plan], tmp_path / "place", {"web": "http://127.0.0.1:1"}, None, told.append)
    request.repository.close()
    (command,) = found.commands.values()
    assert (command.folder / "lib" / "code.py").is_file()
    assert (command.folder / "lib" / "data.csv").is_file() is there
    assert ("leaving out what gcloud does not upload of . (files: 1)" in told) is not there
