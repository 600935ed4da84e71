"""
A fix's patch, applied to a scratch copy of the deployed commit.

The copy is a bare repository in a temporary folder that borrows the objects of the user's own. The patch is put into
its index and committed there with git's plumbing: no work tree is written, no filter or hook runs, and the user's
repository is only read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shakeout.evidence import git
from shakeout.evidence.repository import Repository

_HUNK = re.compile(r"@@ -(?P<old>\d+)(?:,(?P<removed>\d+))? \+(?P<new>\d+)(?:,(?P<added>\d+))? @@")
_NAME = ("-c", "user.name=shakeout", "-c", "user.email=shakeout@example.com", "-c", "commit.gpgSign=false")


class PatchError(Exception):
    """A patch that does not fit the deployed commit; the text is git's own, on one line."""


@contextmanager
def patched(repository: Repository, patch: str) -> Iterator[Repository]:
    """
    The repository as of a commit that has the patch on top of the deployed one, until the block ends.

    Raises PatchError where the patch does not fit.
    """
    with tempfile.TemporaryDirectory(prefix="shakeout-fix-") as folder:
        copy = commit_patched(repository, patch, Path(folder) / "copy.git")
        try:
            yield copy
        finally:
            copy.close()


def commit_patched(repository: Repository, patch: str, folder: Path) -> Repository:
    """Make the scratch copy in `folder`, with the patch committed on top of the deployed commit. Raises PatchError."""
    try:
        objects = git.text(repository.folder, "rev-parse", "--path-format=absolute", "--git-path", "objects").strip()
        shallow = git.text(repository.folder, "rev-parse", "--path-format=absolute", "--git-path", "shallow").strip()
        folder.mkdir(parents=True)
        git.run(folder, "init", "--quiet", "--bare", "--template=")
        borrowed = folder / "objects" / "info"
        borrowed.mkdir(parents=True, exist_ok=True)
        (borrowed / "alternates").write_text(f"{objects}\n", encoding="utf-8")
        if Path(shallow).is_file():
            (folder / "shallow").write_bytes(Path(shallow).read_bytes())
        git.run(folder, "read-tree", repository.commit)
        git.run(folder, "apply", "--cached", "--whitespace=nowarn", "-", stdin=patch.encode("utf-8", "surrogateescape"))
        tree = git.text(folder, "write-tree").strip()
        commit = git.text(
            folder, *_NAME, "commit-tree", "--no-gpg-sign", "-p", repository.commit, "-m", "Apply the fix", tree
        ).strip()
        git.run(folder, "update-ref", "--no-deref", "HEAD", commit)
        # Branches and tags come along: a manifest may pin a service to one of them.
        refs = git.run(repository.folder, "for-each-ref", "--format=create %(refname) %(objectname)")
        git.run(folder, "update-ref", "--stdin", stdin=refs)
    except git.GitError as error:
        raise PatchError(" ".join(error.detail.split()) or "git gave no reason") from error
    return Repository(folder, commit)


@dataclass(frozen=True, slots=True)
class Moves:
    """Where a patch moves the lines of the files that it changes: `hunks` are (old line, removed, added) by path."""

    hunks: Mapping[str, tuple[tuple[int, int, int], ...]]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that the patch changes."""
        return tuple(self.hunks)

    def line(self, path: str, line: int) -> int:
        """The line of the patched file at which an unchanged line of the old one stands."""
        moved = line
        for old, removed, added in self.hunks.get(path, ()):
            if old < line:
                moved += added - removed
        return moved


def moves(patch: str) -> Moves:
    """Read where a patch in git's form removes and adds lines, without its context."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    path, old = "", 0
    for row in patch.split("\n"):
        hunk = _HUNK.match(row)
        if row.startswith("diff --git "):
            path = row.rpartition(" b/")[2]
            found.setdefault(path, [])
        elif hunk is not None:
            old = int(hunk["old"]) + (hunk["removed"] == "0")
        elif path and row[:1] == "-" and not row.startswith("--- "):
            found[path].append((old, 1, 0))
            old += 1
        elif path and row[:1] == "+" and not row.startswith("+++ "):
            found[path].append((old - 1, 0, 1))
        elif row[:1] == " ":
            old += 1
    return Moves({name: tuple(hunks) for name, hunks in found.items()})
