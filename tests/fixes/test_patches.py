"""Patches on a scratch copy, and where they move lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.evidence.patches import unified, with_line, with_line_after
from shakeout.evidence.repository import Repository
from shakeout.fixes.patches import PatchError, moves, patched
from shakeout.testing import SmallRepository

TEXT = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"


@pytest.fixture
def small(tmp_path: Path) -> SmallRepository:
    repository = SmallRepository(tmp_path / "shop")
    repository.commit("Start", {"numbers.txt": TEXT, "other.txt": "same\n", "serve.sh": "#!/bin/sh\n"})
    return repository


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_copy_has_the_patch_on_top_of_the_deployed_commit(small: SmallRepository) -> None:
    repository = Repository(small.folder)
    patch = unified("numbers.txt", TEXT, with_line(TEXT, 3, "drei"))
    with patched(repository, patch) as copy:
        assert copy.lines("numbers.txt")[2] == "drei"
        assert copy.text("other.txt") == "same\n"
        commit = copy.describe(copy.commit)
        assert commit is not None and commit.parents == (repository.commit,)
        origin = copy.origin("numbers.txt", 1)
        assert origin is not None and origin.commit.subject == "Start"


def test_the_users_repository_is_only_read(small: SmallRepository) -> None:
    repository = Repository(small.folder)
    before = files(small.folder)
    with patched(repository, unified("numbers.txt", TEXT, with_line_after(TEXT, 0, "zero"))):
        assert files(small.folder) == before
    assert files(small.folder) == before


def test_hooks_and_filters_of_the_repository_do_not_run(small: SmallRepository, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    small.git("config", "filter.loud.clean", f"touch {witness}; cat")
    small.git("config", "filter.loud.smudge", f"touch {witness}; cat")
    for name in ("post-index-change", "reference-transaction", "post-commit"):
        hook = small.folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {witness}\n")
        hook.chmod(0o755)
    text = "*.txt filter=loud\n"
    small.git("-c", "core.hooksPath=/dev/null", "-c", "filter.loud.clean=cat", "add", ".")
    with patched(Repository(small.folder), unified("numbers.txt", TEXT, with_line(TEXT, 1, "eins"))):
        assert not witness.exists()
    with patched(Repository(small.folder), unified(".gitattributes", "", text, new_file=True)) as copy:
        assert copy.text(".gitattributes") == text
    assert not witness.exists()


def test_branches_and_tags_come_along(small: SmallRepository) -> None:
    first = small.commit("First", {"a.txt": "one\n"})
    small.git("tag", "v1")
    small.commit("Second", {"a.txt": "two\n"})
    patch = unified("a.txt", "two\n", "three\n")
    with patched(Repository(small.folder), patch) as copy:
        assert copy.resolve("v1") == first
        assert copy.text("a.txt") == "three\n"


def test_tags_and_branches_are_known_in_the_copy(small: SmallRepository) -> None:
    small.git("tag", "shop-1")
    small.git("tag", "--annotate", "--message", "words", "shop-2")
    repository = Repository(small.folder)
    with patched(repository, unified("numbers.txt", TEXT, with_line(TEXT, 3, "drei"))) as copy:
        assert {copy.resolve(name) for name in ("shop-1", "shop-2", "main")} == {repository.commit}
        assert copy.resolve("HEAD") == copy.commit != repository.commit


def test_a_mode_alone_can_be_patched(small: SmallRepository) -> None:
    patch = "diff --git a/serve.sh b/serve.sh\nold mode 100644\nnew mode 100755\n"
    with patched(Repository(small.folder), patch) as copy:
        assert copy.modes["serve.sh"] == "100755"


def test_a_patch_that_does_not_fit_says_so(small: SmallRepository) -> None:
    other = TEXT.replace("three", "trois")
    with (
        pytest.raises(PatchError, match=r"numbers\.txt"),
        patched(Repository(small.folder), unified("numbers.txt", other, with_line(other, 3, "drei"))),
    ):
        pass


def test_a_shallow_repository_can_be_patched(small: SmallRepository, tmp_path: Path) -> None:
    small.commit("Go on", {"other.txt": "else\n"})
    clone = tmp_path / "shallow"
    SmallRepository(tmp_path / "elsewhere").git("clone", "--quiet", "--depth=1", f"file://{small.folder}", str(clone))
    with patched(Repository(clone), unified("numbers.txt", TEXT, with_line(TEXT, 3, "drei"))) as copy:
        assert copy.shallow
        assert copy.lines("numbers.txt")[2] == "drei"


@pytest.mark.parametrize(
    ("changed", "old", "new"),
    [
        (with_line_after(TEXT, 2, "new"), 2, 2),
        (with_line_after(TEXT, 2, "new"), 3, 4),
        (with_line(TEXT, 2, None), 3, 2),
        (with_line(TEXT, 2, "zwei"), 2, 2),
        (with_line(TEXT, 2, "zwei"), 8, 8),
        (with_line_after(with_line_after(TEXT, 1, "a"), 7, "b"), 8, 10),
    ],
)
def test_lines_are_followed_through_a_patch(changed: str, old: int, new: int) -> None:
    found = moves(unified("numbers.txt", TEXT, changed))
    assert found.paths == ("numbers.txt",)
    assert found.line("numbers.txt", old) == new
    assert found.line("other.txt", old) == old
    if TEXT.splitlines()[old - 1] in changed:
        assert changed.splitlines()[new - 1] == TEXT.splitlines()[old - 1]
