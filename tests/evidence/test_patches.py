"""Patches that git applies, whatever the file looks like."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shakeout.evidence.patches import nearest, unified, with_line, with_line_after, without_lines

TEXTS = {
    "plain": "one\ntwo\nthree\n",
    "no end of line at the end": "one\ntwo\nthree",
    "carriage returns": "one\r\ntwo\r\nthree\r\n",
    "form feeds and other separators inside lines": "one\x0c\x1c1\ntwo\u2028\x852\nthree\n",
    "empty lines": "\n\n\n\n\n\n\n\none\n\n",
    "one line": "one",
    "empty": "",
}


def applied(folder: Path, path: str, before: str | None, patch: str) -> str:
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    if before is not None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(before.encode())
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"],
        cwd=folder, input=patch.encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return (folder / path).read_bytes().decode()


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("line", [0, 1, 3])
def test_a_line_put_in_is_there_after_git_apply(name: str, line: int, tmp_path: Path) -> None:
    before = TEXTS[name]
    after = with_line_after(before, line, "import new")
    assert applied(tmp_path, "a.py", before, unified("a.py", before, after)) == after
    assert "import new" in after


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "empty"])
@pytest.mark.parametrize("new", ["changed", None])
def test_a_line_that_is_replaced_or_taken_out_is_so_after_git_apply(name: str, new: str | None, tmp_path: Path) -> None:
    before = TEXTS[name]
    after = with_line(before, 1, new)
    assert applied(tmp_path, "a.py", before, unified("a.py", before, after)) == after


@pytest.mark.parametrize("path", ["a b/c d.py", 'quote".py', "back\\slash.py", "ümlaut/ß.py", "tab\tname.py", "-x.py"])
def test_names_that_git_writes_in_quotes_are_found(path: str, tmp_path: Path) -> None:
    assert applied(tmp_path, path, "one\n", unified(path, "one\n", "two\n")) == "two\n"


def test_a_new_file_is_made(tmp_path: Path) -> None:
    assert applied(tmp_path, "new.txt", None, unified("new.txt", "", "one\n", new_file=True)) == "one\n"


def test_equal_texts_need_no_patch() -> None:
    assert unified("a", "same\n", "same\n") == ""


def test_lines_are_counted_as_python_and_git_count_them() -> None:
    assert with_line("one\x0cstill one\ntwo\n", 2, "changed") == "one\x0cstill one\nchanged\n"
    assert with_line("one\n", 7, "changed") == "one\n"


def test_a_put_in_line_ends_as_the_others_do() -> None:
    assert with_line_after("one\r\ntwo\r\n", 1, "new") == "one\r\nnew\r\ntwo\r\n"


def test_the_nearest_name_is_near() -> None:
    assert nearest("confg", ["config", "os", "sys"]) == "config"
    assert nearest("confg", ["os", "sys"]) is None
    assert nearest("config", ["config"]) is None


@pytest.mark.parametrize("secret", [[1], [3], [1, 10], [3, 9], [1, 2, 3, 10, 11]])
def test_a_patch_without_its_secret_context_still_applies(secret: list[int], tmp_path: Path) -> None:
    rows = [f"SECRET {number}" if number in secret else f"row {number}" for number in range(14)]
    before = "".join(f"{row}\n" for row in rows)
    after = before.replace("row 5\n", "new 5\n").replace("row 7\n", "new 7\nnew 8\n")
    patch = without_lines(unified("settings", before, after), lambda row: "SECRET" in row)
    assert "SECRET" not in patch
    assert applied(tmp_path, "settings", before, patch) == after


def test_each_hunk_is_cut_by_itself(tmp_path: Path) -> None:
    rows = [f"SECRET {number}" if number in {2, 24} else f"row {number}" for number in range(30)]
    before = "".join(f"{row}\n" for row in rows)
    after = before.replace("row 4\n", "new 4\n").replace("row 22\n", "")
    patch = without_lines(unified("settings", before, after), lambda row: "SECRET" in row)
    assert patch.count("@@ -") == 2 and "SECRET" not in patch
    assert applied(tmp_path, "settings", before, patch) == after


def test_a_patch_that_needs_the_secret_line_stays_as_it_is() -> None:
    before = "one\nSECRET\nthree\n"
    for after in ("one\nSECRET 2\nthree\n", "one!\nSECRET\nthree\n"):
        patch = unified("settings", before, after)
        assert without_lines(patch, lambda row: "SECRET" in row) == patch
