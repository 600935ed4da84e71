"""
The git history of a checkout, for scripts that ask git for the commit, a tag or a difference.

The checkout becomes a repository of its own, at the deployed commit and on no branch, as CI has it. It borrows the
objects of the user's repository, which is only read, and knows its tags; it has no remote.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from shakeout.targets.git import git


def give_history(repository: Path, commit: str, folder: Path) -> None:
    """Make the files in `folder`, those of `commit`, a repository. Raises GitError."""
    own = folder / ".git"
    git(repository, "init", "--quiet", "--template=", str(folder), folder=folder)
    objects, shallow = (
        Path(git(repository, "rev-parse", "--path-format=absolute", "--git-path", name).decode().rstrip("\n"))
        for name in ("objects", "shallow")
    )
    (own / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (own / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
    if shallow.is_file():
        shutil.copyfile(shallow, own / "shallow")
    (own / "HEAD").write_text(f"{commit}\n", encoding="ascii")
    tags = git(repository, "for-each-ref", "--format=create %(refname) %(objectname)", "refs/tags")
    git(folder, "update-ref", "--stdin", input=tags, folder=folder)
    git(folder, "read-tree", "HEAD", folder=folder)
    git(folder, "update-index", "-q", "--refresh", "--unmerged", "--ignore-submodules", folder=folder)
