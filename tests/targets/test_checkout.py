"""Laying out a commit: its files and nothing else, and the user's repository untouched."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from shakeout.errors import DeploymentError
from shakeout.targets.checkout import copy_work_tree, lay_out


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def snapshot(repository) -> tuple[str, bytes, str]:
    """What a user would notice: status, index and HEAD."""
    folder = repository.folder
    return repository.git("status", "--porcelain"), (folder / ".git" / "index").read_bytes(), repository.head


def test_the_commit_is_laid_out_and_the_repository_is_not_touched(repository, tmp_path):
    repository.write(**{"run.sh": "#!/bin/sh\n", "sub/dir/file with space.txt": "x", "naïve.txt": "y"})
    (repository.folder / "run.sh").chmod(0o755)
    (repository.folder / "link").symlink_to("run.sh")
    commit = repository.commit()
    repository.commit(later__txt="later")
    repository.write(server__py="edited", staged__txt="staged")
    repository.git("add", "staged.txt")
    before = snapshot(repository)
    lay_out(repository.folder, commit, tmp_path / "out")
    assert names(tmp_path / "out") == ["link", "naïve.txt", "run.sh", "server.py", "sub/dir/file with space.txt"]
    assert (tmp_path / "out" / "server.py").read_text() != "edited"
    assert (tmp_path / "out" / "link").is_symlink()
    assert (tmp_path / "out" / "run.sh").stat().st_mode & stat.S_IXUSR
    assert snapshot(repository) == before
    assert not (tmp_path / "out.index").exists()


def test_hooks_and_the_users_configuration_have_no_say(repository, tmp_path, monkeypatch):
    told = tmp_path / "told"
    for hook in ("post-checkout", "post-index-change"):
        path = repository.folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {hook} >> {told}\n")
        path.chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text("[core]\n\tautocrlf = true\n\teol = crlf\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "another-index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    lay_out(repository.folder, repository.head, tmp_path / "out")
    assert b"\r" not in (tmp_path / "out" / "server.py").read_bytes()
    assert not told.exists()


def test_a_linked_work_tree_is_a_repository_too(repository, tmp_path):
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    lay_out(tmp_path / "linked", repository.head, tmp_path / "out")
    assert names(tmp_path / "out") == ["server.py"]


def test_a_bare_repository_will_do(repository, tmp_path):
    repository.git("clone", "-q", "--bare", str(repository.folder), str(tmp_path / "bare.git"))
    lay_out(tmp_path / "bare.git", repository.head, tmp_path / "out")
    assert names(tmp_path / "out") == ["server.py"]


def test_paths_that_look_like_options_are_paths(repository, tmp_path):
    folder = tmp_path / "--upload-pack=x"
    shutil.copytree(repository.folder, folder)
    repository.write(**{"--help": "a file", "-": "another"})
    commit = repository.commit()
    lay_out(repository.folder, commit, tmp_path / "--force")
    assert names(tmp_path / "--force") == ["-", "--help", "server.py"]
    lay_out(folder, repository.git("rev-parse", "HEAD~1"), tmp_path / "out")
    assert names(tmp_path / "out") == ["server.py"]


@pytest.mark.parametrize("commit", ["HEAD", "main", "--all", "a" * 39, ""])
def test_only_a_full_hash_is_a_commit(repository, tmp_path, commit):
    with pytest.raises(DeploymentError, match="not a full commit hash"):
        lay_out(repository.folder, commit, tmp_path / "out")


def test_a_commit_that_is_not_there_says_how_to_get_it(repository, tmp_path):
    with pytest.raises(DeploymentError, match="is not in the repository") as caught:
        lay_out(repository.folder, "1" * 40, tmp_path / "out")
    assert "git fetch" in str(caught.value.hint)


def test_a_missing_object_is_an_error_and_not_a_half_checkout(repository, tmp_path):
    blob = repository.git("rev-parse", "HEAD:server.py")
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(DeploymentError) as caught:
        lay_out(repository.folder, repository.head, tmp_path / "out")
    assert "server.py" in str(caught.value) or blob in str(caught.value)


def test_a_folder_that_is_no_repository(tmp_path):
    with pytest.raises(DeploymentError):
        lay_out(tmp_path, "1" * 40, tmp_path / "out")
    with pytest.raises(DeploymentError, match="does not exist"):
        copy_work_tree(tmp_path / "gone", tmp_path / "out")


def test_a_submodule_is_laid_out_at_its_own_commit(repository, new_repository, tmp_path):
    library = new_repository("library")
    first = library.commit(lib__py="first")
    repository.git("submodule", "add", "-q", str(library.folder), "vendor/library")
    commit = repository.commit()
    later = library.commit(lib__py="second")
    repository.git("-C", "vendor/library", "fetch", "-q")
    repository.git("-C", "vendor/library", "checkout", "-q", later)
    lay_out(repository.folder, commit, tmp_path / "out")
    assert first != later
    assert (tmp_path / "out" / "vendor" / "library" / "lib.py").read_text() == "first"
    copy_work_tree(repository.folder, tmp_path / "dirty")
    assert (tmp_path / "dirty" / "vendor" / "library" / "lib.py").read_text() == "second"
    assert not (tmp_path / "dirty" / "vendor" / "library" / ".git").exists()


def test_a_submodule_that_is_not_checked_out_says_what_to_do(repository, new_repository, tmp_path):
    library = new_repository("library")
    library.commit(lib__py="first")
    repository.git("submodule", "add", "-q", str(library.folder), "vendor/library")
    commit = repository.commit()
    repository.git("clone", "-q", str(repository.folder), str(tmp_path / "clone"))
    with pytest.raises(DeploymentError, match="submodule vendor/library") as caught:
        lay_out(tmp_path / "clone", commit, tmp_path / "out")
    assert caught.value.hint == "git submodule update --init --recursive"


@pytest.fixture
def pointer(repository) -> tuple[str, Path]:
    """A commit with a file kept in Git LFS, and where its content would be stored."""
    name = hashlib.sha256(b"picture").hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize 7\n"
    commit = repository.commit(**{"art/.gitattributes": "*.png filter=lfs -text\n", "art/logo.png": text})
    return commit, repository.folder / ".git" / "lfs" / "objects" / name[:2] / name[2:4] / name


def test_a_file_in_lfs_gets_its_content(repository, tmp_path, pointer):
    commit, stored = pointer
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"picture")
    lay_out(repository.folder, commit, tmp_path / "out")
    assert (tmp_path / "out" / "art" / "logo.png").read_bytes() == b"picture"


def test_a_file_in_lfs_that_is_not_here_is_named(repository, tmp_path, pointer):
    with pytest.raises(DeploymentError, match=r"art/logo\.png is kept in Git LFS") as caught:
        lay_out(repository.folder, pointer[0], tmp_path / "out")
    assert caught.value.hint == "git lfs fetch"


def test_the_work_tree_is_copied_as_it_is(repository, tmp_path):
    repository.commit(**{".gitignore": "*.log\n", "deleted.txt": "x", "kept.txt": "old"})
    repository.write(**{"kept.txt": "edited", "new.txt": "new", "debug.log": "x", ".shakeout/state/local.json": "{}"})
    (repository.folder / "deleted.txt").unlink()
    (repository.folder / "dangling").symlink_to("nowhere")
    os.mkfifo(repository.folder / "pipe")
    before = snapshot(repository)
    copy_work_tree(repository.folder, tmp_path / "out")
    assert names(tmp_path / "out") == [".gitignore", "dangling", "kept.txt", "new.txt", "server.py"]
    assert (tmp_path / "out" / "kept.txt").read_text() == "edited"
    assert snapshot(repository) == before


@pytest.fixture
def new_repository(tmp_path: Path, repository) -> Callable[[str], object]:
    def make(name: str) -> object:
        folder = tmp_path / name
        folder.mkdir()
        made = type(repository)(folder)
        made.git("init", "-q")
        return made

    return make
