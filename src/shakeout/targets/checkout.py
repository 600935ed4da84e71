"""
The files of one commit, laid out in a folder, without touching the user's repository.

A temporary index is filled from the commit and written out from there: the user's index, work tree and HEAD are only
read. Submodules come from their own checked-out repositories, and Git LFS files from the local LFS store; what is not
on this machine is an error that names it, since nothing is fetched.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath

from shakeout.errors import DeploymentError
from shakeout.targets.git import GitError, git

_SUBMODULE = b"160000"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_POINTER = re.compile(rb"version https://git-lfs[^\n]*\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize \d+\n")


def lay_out(repository: Path, commit: str, folder: Path) -> None:
    """
    Write the files of `commit`, a full hash, into the new folder `folder`.

    Raises DeploymentError, which says what is missing: the commit, a submodule, a file kept in Git LFS.
    """
    if not _COMMIT.fullmatch(commit):
        raise DeploymentError(f"{commit!r} is not a full commit hash", where=str(repository))
    try:
        git(repository, "cat-file", "-e", f"{commit}^{{commit}}")
    except GitError as error:
        raise DeploymentError(
            f"the commit {commit} is not in the repository {repository}",
            seen=error.seen,
            hint="in a shallow clone, fetch it first: git fetch --unshallow, or git fetch origin COMMIT",
        ) from error
    git_folder = Path(git(repository, "rev-parse", "--absolute-git-dir").decode().rstrip("\n"))
    folder.mkdir(parents=True)
    index = folder.parent / f"{folder.name}.index"
    here = (f"--git-dir={git_folder}", f"--work-tree={folder}")
    environment = {"GIT_INDEX_FILE": str(index)}
    try:
        git(repository, *here, "read-tree", commit, environment=environment, folder=folder)
        try:
            git(repository, *here, "checkout-index", "--all", "--force", environment=environment, folder=folder)
        except GitError as error:
            raise DeploymentError(
                f"the files of {commit[:12]} cannot be written out",
                seen=error.seen,
                hint="objects are missing in a partial clone until they are fetched: git fetch --refetch",
            ) from error
        listing = git(repository, *here, "ls-files", "-s", "-z", environment=environment, folder=folder)
        _fill_in_lfs(repository, git_folder, folder, here, environment)
    finally:
        index.unlink(missing_ok=True)
    for entry in listing.split(b"\0"):
        if entry.startswith(_SUBMODULE):
            head, _, name = entry.partition(b"\t")
            _submodule(repository, name.decode("utf-8", "surrogateescape"), head.split()[1].decode(), folder)


def copy_work_tree(repository: Path, folder: Path) -> None:
    """
    Copy what the work tree holds now into the new folder `folder`: tracked files as they are on disk, and files that
    are neither tracked nor ignored. `.git` and `.shakeout` are left out. Raises DeploymentError.
    """
    listing = git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard", user_configuration=True)
    folder.mkdir(parents=True)
    for raw in dict.fromkeys(listing.split(b"\0")):
        name = PurePosixPath(raw.decode("utf-8", "surrogateescape"))
        if not raw or name.parts[0] == ".shakeout":
            continue
        source, copy = repository / name, folder / name
        if source.is_symlink() or source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
        elif (source / ".git").exists():
            copy_work_tree(source, copy)
        elif source.is_dir():
            copy.mkdir(parents=True, exist_ok=True)


def _submodule(repository: Path, name: str, commit: str, folder: Path) -> None:
    source = repository / name
    target = folder / name
    if not (source / ".git").exists():
        raise DeploymentError(
            f"the submodule {name} at {commit[:12]} is not checked out in {repository}",
            hint="git submodule update --init --recursive",
        )
    if target.is_dir():
        target.rmdir()
    lay_out(source, commit, target)


def _fill_in_lfs(
    repository: Path, git_folder: Path, folder: Path, here: tuple[str, ...], environment: dict[str, str]
) -> None:
    """Replace Git LFS pointers by the files that they stand for."""
    if not any(b"filter=lfs" in path.read_bytes() for path in _attribute_files(git_folder, folder)):
        return
    names = git(repository, *here, "ls-files", "-z", environment=environment, folder=folder)
    answer = git(
        repository,
        *here,
        "check-attr",
        "--cached",
        "--stdin",
        "-z",
        "filter",
        input=names,
        environment=environment,
        folder=folder,
    ).split(b"\0")
    common = git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").decode().rstrip("\n")
    for raw, value in zip(answer[0::3], answer[2::3], strict=False):
        path = folder / raw.decode("utf-8", "surrogateescape")
        if value != b"lfs" or path.is_symlink() or not path.is_file():
            continue
        match = _POINTER.fullmatch(path.read_bytes()[:1024])
        if not match:
            continue  # committed before it was given to LFS: the content itself
        name = match.group(1).decode()
        stored = Path(common, "lfs", "objects", name[:2], name[2:4], name)
        if not stored.is_file():
            raise DeploymentError(
                f"{path.relative_to(folder)} is kept in Git LFS, and its content is not on this machine",
                expected=str(stored),
                hint="git lfs fetch",
            )
        mode = path.stat().st_mode
        shutil.copyfile(stored, path)
        path.chmod(mode)


def _attribute_files(git_folder: Path, folder: Path) -> list[Path]:
    found = [path for path in folder.rglob(".gitattributes") if path.is_file()]
    info = git_folder / "info" / "attributes"
    return [*found, info] if info.is_file() else found
