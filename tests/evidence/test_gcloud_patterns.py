"""gitignore's rules as `gcloud` reads them, as a table."""

from __future__ import annotations

import pytest

from shakeout.evidence.gcloud_patterns import deciding_line, read_lines


@pytest.mark.parametrize(
    ("text", "path", "out"),
    [
        ("foo", "a/foo", True),
        ("*.log", "a/b/x.log", True),
        ("/foo", "a/foo", False),
        ("/foo", "foo/x", True),
        ("a/b", "x/a/b", False),
        ("**/b/c", "x/b/c", True),
        ("a/**", "a/x/y", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/x/y/c", True),
        ("foo/", "foo", False),
        ("foo/", "foo/x.py", True),
        ("*.py\n!keep.py", "a/keep.py", False),
        ("a\n!a/keep.py", "a/keep.py", True),
        ("a/*\n!a/keep.py", "a/keep.py", False),
        ("[!a].py", "b.py", True),
        ("[!a].py", "a.py", False),
        ("\\#x", "#x", True),
        ("# x", "# x", False),
        ("x  ", "x", True),
        ("te?t", "test", True),
    ],
)
def test_a_path_is_left_out(text: str, path: str, out: bool) -> None:
    files = {".gcloudignore": text}
    assert (deciding_line(path, read_lines(".gcloudignore", files.get)) is not None) is out


def test_an_included_file_counts_with_its_own_line() -> None:
    files = {".gcloudignore": ".git\n#!include:.gitignore\n", ".gitignore": "\n*.sqlite\n"}
    found = deciding_line("data/a.sqlite", read_lines(".gcloudignore", files.get))
    assert found is not None
    assert (found.path, found.line) == (".gitignore", 2)


def test_files_that_include_each_other_end() -> None:
    files = {"a": "#!include:b", "b": "#!include:a\nx"}
    assert deciding_line("x", read_lines("a", files.get)) is not None
