"""The patterns of `.gcloudignore`, as a table and against the real `gcloud`."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.test_ignore_engines import PATHS, pattern
from shakeout.evidence.gcloud_patterns import deciding_line, read_lines, upload_lines

CHOOSER = """
import json, sys
job = json.load(sys.stdin)
sys.path[:0] = [job["library"], job["library"] + "/third_party"]
from googlecloudsdk.command_lib.util.gcloudignore import FileChooser
choosers = [FileChooser.FromString(text, recurse=1, dirname=job["folder"]) for text in job["texts"]]
print(json.dumps([[path for path in job["paths"] if one.IsIncluded(path)] for one in choosers]))
"""
SETS = 150


@pytest.mark.parametrize(
    ("text", "path", "out"),
    [
        ("foo", "a/foo", True),
        ("*.log", "a/b/x.log", True),
        ("/foo", "a/foo", False),
        ("/foo", "foo/x", True),
        # Not as git has it: a slash within does not anchor.
        ("a/b", "x/a/b", True),
        ("**/b/c", "x/b/c", True),
        ("a/**", "a/x/y", True),
        ("a/**", "b/a/x", False),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/x/y/c", True),
        ("foo/", "foo", False),
        ("foo/", "foo/x.py", True),
        ("*.py\n!keep.py", "a/keep.py", False),
        ("!keep.py\n*.py", "a/keep.py", True),
        ("a\n!a/keep.py", "a/keep.py", True),
        ("a/*\n!a/keep.py", "a/keep.py", False),
        ("[!a].py", "b.py", True),
        ("[!a].py", "a.py", False),
        ("[^a].py", "b.py", False),
        ("\\#x", "#x", True),
        ("# x", "# x", False),
        ("x  ", "x", True),
        ("te?t", "test", True),
        ("x\\", "x", False),
    ],
)
def test_a_path_is_left_out(text: str, path: str, out: bool) -> None:
    files = {".gcloudignore": text}
    assert (deciding_line(path, read_lines(".gcloudignore", files.get)) is not None) is out


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
def test_gcloud_itself_picks_the_same_files() -> None:
    """Its own module, in one process, for generated files of one to six lines."""
    library = Path(shutil.which("gcloud") or "").resolve().parents[1] / "lib"
    dice = random.Random(20251126)
    texts = ["\n".join(pattern(dice) for _ in range(dice.randint(1, 6))) + "\n" for _ in range(SETS)]
    job = {"library": str(library), "folder": "/", "texts": texts, "paths": PATHS}
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHOOSER], input=json.dumps(job), capture_output=True, text=True, check=False
    )
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip(f"this gcloud is another one: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    wrong, kept = [], 0
    for text, seen in zip(texts, json.loads(done.stdout), strict=True):
        lines = read_lines(".gcloudignore", {".gcloudignore": text}.get)
        said = {path for path in PATHS if deciding_line(path, lines) is None}
        wrong += [(text, path, "kept" if path in seen else "left out") for path in sorted(set(seen) ^ said)]
        kept += len(seen)
    assert wrong == []
    assert 2000 < kept < SETS * len(PATHS) - 2000


def test_an_included_file_counts_with_its_own_line_and_includes_no_other() -> None:
    files = {".gcloudignore": ".git\n#!include:.gitignore\n", ".gitignore": "\n*.sqlite\n#!include:more\n", "more": "x"}
    lines = read_lines(".gcloudignore", files.get)
    found = deciding_line("data/a.sqlite", lines)
    assert found is not None
    assert (found.path, found.line) == (".gitignore", 2)
    assert deciding_line("x", lines) is None


def test_where_there_is_no_such_file_git_decides() -> None:
    files = {".gitignore": "*.log\n", "web/.gitignore": "dist\n"}
    top = upload_lines("", files.get)
    assert [path for path in ("a.log", ".gitignore", "web/dist/x.js") if deciding_line(path, top) is None] == [
        "web/dist/x.js"
    ]
    web = upload_lines("web", files.get)
    assert [path for path in ("a.log", "dist/x.js") if deciding_line(path, web) is None] == ["a.log"]
    assert upload_lines("docs", files.get) == ()
    assert [line.text for line in upload_lines("web", {**files, "web/.gcloudignore": "x\n"}.get)] == ["x"]


def test_an_exception_brings_nothing_back_from_a_folder_that_is_left_out() -> None:
    lines = read_lines(".gcloudignore", {".gcloudignore": "a\n*.py\n"}.get)
    assert deciding_line("a/x.py", lines, above=True) is not None
    assert deciding_line("b/x.py", lines) is not None
    assert deciding_line("b/x.py", lines, above=True) is None
