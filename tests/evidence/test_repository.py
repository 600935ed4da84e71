"""What the repository says about files, lines and the commits behind them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shakeout.errors import InputError
from shakeout.evidence.repository import Repository
from shakeout.testing import SmallRepository


@pytest.fixture
def small(tmp_path: Path) -> SmallRepository:
    return SmallRepository(tmp_path / "app")


def imports_os(text: str | None) -> bool:
    return text is not None and "import os" in text


def test_a_folder_without_git_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a git repository"):
        Repository(tmp_path)


def test_an_unknown_revision_is_an_input_error(small: SmallRepository) -> None:
    small.commit("Start", {"a": "1\n"})
    with pytest.raises(InputError, match="no-such is not in the repository"):
        Repository(small.folder, "no-such")


def test_a_revision_that_looks_like_an_option_is_not_one(small: SmallRepository) -> None:
    small.commit("Start", {"a": "1\n"})
    with pytest.raises(InputError):
        Repository(small.folder, "--all")


def test_files_are_read_at_the_commit_and_not_from_the_work_tree(small: SmallRepository) -> None:
    small.commit("Start", {"src/app.py": "one\n", "ä ö.txt": "umlaut\n"})
    small.write({"src/app.py": "two\n"})
    repository = Repository(small.folder)
    assert repository.text("src/app.py") == "one\n"
    assert repository.text("ä ö.txt") == "umlaut\n"
    assert set(repository.paths) == {"src/app.py", "ä ö.txt"}
    assert repository.text("missing") is None
    assert repository.is_folder("src") and not repository.is_file("src")


def test_a_bare_repository_serves_as_well(small: SmallRepository, tmp_path: Path) -> None:
    commit = small.commit("Start", {"a.txt": "one\n"})
    subprocess.run(["git", "clone", "--quiet", "--bare", str(small.folder), str(tmp_path / "bare")], check=True)
    assert Repository(tmp_path / "bare").commit == commit
    assert Repository(tmp_path / "bare").text("a.txt") == "one\n"


def test_a_quote_stands_at_its_locator(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "one\ntwo\nthree\n"})
    repository = Repository(small.folder)
    found = repository.quote("a.py", 2)
    assert found is not None
    assert found.quote == "two" and str(found.locator) == "a.py:2"
    assert repository.quote("a.py", 99) is None


def test_the_origin_of_a_line_survives_a_rename_and_a_change_of_indentation(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "x = 1\n"})
    cause = small.commit("Add the call", {"a.py": "x = 1\ncall(environment)\ny = 2\nz = 3\n"})
    small.git("mv", "a.py", "b.py")
    small.commit("Rename")
    small.commit("Indent", {"b.py": "if True:\n    x = 1\n    call(environment)\n    y = 2\n    z = 3\n"})
    origin = Repository(small.folder).origin("b.py", 3)
    assert origin is not None
    assert origin.commit.hash == cause
    assert (origin.path, origin.line, origin.boundary) == ("a.py", 2, False)


def test_the_change_of_a_fact_is_the_commit_that_removed_the_line(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "import os\nprint(os.name)\n"})
    cause = small.commit("Tidy imports", {"a.py": "print(os.name)\n"})
    small.commit("Unrelated edit of the same file", {"a.py": "print(os.name)\nprint(1)\n"})
    small.commit("Unrelated file", {"b.py": "1\n"})
    change = Repository(small.folder).change_of("a.py", imports_os)
    assert change is not None and change.hash == cause and change.subject == "Tidy imports"


def test_the_change_is_found_behind_a_rename(small: SmallRepository) -> None:
    body = "".join(f"line_{n} = {n}\n" for n in range(30))
    small.commit("Start", {"a.py": "import os\n" + body})
    cause = small.commit("Tidy imports", {"a.py": body})
    small.git("mv", "a.py", "b.py")
    small.commit("Rename")
    change = Repository(small.folder).change_of("b.py", imports_os)
    assert change is not None and change.hash == cause


def test_a_change_made_in_the_rename_itself_is_the_rename(small: SmallRepository) -> None:
    body = "".join(f"line_{n} = {n}\n" for n in range(30))
    small.commit("Start", {"a.py": "import os\n" + body})
    small.git("mv", "a.py", "b.py")
    cause = small.commit("Rename and tidy", {"b.py": body})
    change = Repository(small.folder).change_of("b.py", imports_os)
    assert change is not None and change.hash == cause


def test_what_was_never_otherwise_has_no_change(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "print(1)\n"})
    small.commit("More", {"a.py": "print(1)\nprint(2)\n"})
    assert Repository(small.folder).change_of("a.py", imports_os) is None


def test_a_removal_on_a_branch_is_named_and_not_its_merge(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "import os\n\n\n\n\nprint(1)\n"})
    small.git("checkout", "--quiet", "-b", "feature")
    cause = small.commit("Remove on the branch", {"a.py": "\n\n\n\nprint(1)\n"})
    small.git("checkout", "--quiet", "main")
    small.commit("Work on main", {"a.py": "import os\n\n\n\n\nprint(2)\n"})
    small.git("merge", "--quiet", "--no-ff", "--no-edit", "-X", "ours", "feature")
    repository = Repository(small.folder)
    assert not imports_os(repository.text("a.py"))
    change = repository.change_of("a.py", imports_os)
    assert change is not None and change.hash == cause


def test_a_merge_that_drops_the_line_is_named_itself(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "import os\nprint(1)\n"})
    small.git("checkout", "--quiet", "-b", "feature")
    small.commit("Branch work", {"b.py": "2\n"})
    small.git("checkout", "--quiet", "main")
    small.commit("Main work", {"c.py": "3\n"})
    small.git("merge", "--quiet", "--no-ff", "--no-commit", "feature")
    cause = small.commit("Merge feature", {"a.py": "print(1)\n"})
    change = Repository(small.folder).change_of("a.py", imports_os)
    assert change is not None and change.hash == cause


def test_a_merge_that_takes_the_side_without_the_line_is_named_itself(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "print(1)\n"})
    small.git("checkout", "--quiet", "-b", "feature")
    small.commit("Add the import", {"a.py": "import os\nprint(1)\n"})
    small.git("checkout", "--quiet", "main")
    small.commit("Main work", {"c.py": "3\n"})
    small.git("merge", "--quiet", "--no-ff", "--no-commit", "feature")
    cause = small.commit("Merge feature and lose its import", {"a.py": "print(1)\n"})
    change = Repository(small.folder).change_of("a.py", imports_os)
    assert change is not None and change.hash == cause


def test_a_shallow_history_gives_no_change_instead_of_a_wrong_one(small: SmallRepository, tmp_path: Path) -> None:
    small.commit("Start", {"a.py": "import os\nprint(1)\n"})
    small.commit("Tidy imports", {"a.py": "print(1)\n"})
    small.commit("Later", {"b.py": "1\n"})
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{small.folder}", str(shallow)], check=True)
    repository = Repository(shallow)
    assert repository.shallow
    assert repository.change_of("a.py", imports_os) is None
    origin = repository.origin("a.py", 1)
    assert origin is not None and origin.boundary


def test_nothing_that_the_repository_configures_is_executed(small: SmallRepository, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    small.commit("Start", {"a.py": "import os\nprint(1)\n", ".gitattributes": "*.py diff=evil filter=evil\n"})
    small.commit("Tidy", {"a.py": "print(1)\n"})
    for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "core.pager", "filter.evil.smudge",
                "gpg.program", "core.sshCommand", "diff.evil.command"):  # fmt: skip
        small.git("config", key, f"touch {marker}")
    small.git("config", "log.showSignature", "true")
    repository = Repository(small.folder)
    repository.origin("a.py", 1)
    repository.change_of("a.py", imports_os)
    list(repository.commits_touching("a.py"))
    repository.grep("print")
    assert not marker.exists()


def test_the_commit_before_a_moment_is_found(small: SmallRepository) -> None:
    first = small.commit("First", {"a": "1\n"})
    small.commit("Second", {"a": "2\n"})
    assert Repository(small.folder).before(datetime(2025, 1, 1, 1, 30, tzinfo=UTC)) == first


def test_grep_gives_places_in_the_tree(small: SmallRepository) -> None:
    small.commit("Start", {"a.py": "one\ntwo\n", "b/c.py": "two\n"})
    places = Repository(small.folder).grep("two")
    assert [str(at) for at in places] == ["a.py:2", "b/c.py:1"]


def test_absence_quotes_what_the_nearest_folder_holds(small: SmallRepository) -> None:
    small.commit("Start", {"src/app/main.py": "1\n", "src/app/util.py": "1\n"})
    evidence = Repository(small.folder).absence("src/app/settings/base.py")
    assert evidence.quote == "main.py\nutil.py"
    assert evidence.locator.path == "src/app"
