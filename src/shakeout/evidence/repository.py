"""The repository at one commit, and its history, read with git plumbing only."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path

from shakeout.errors import InputError
from shakeout.evidence import git
from shakeout.evidence.commits import Commit, LineOrigin, parse_commit
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.objects import ObjectReader

__all__ = ["Commit", "LineOrigin", "Repository"]

RENAMES_LIMIT = 50
"""Renames of one file that are followed; beyond it the answer is unknown."""


class Repository:
    """
    A git repository (work tree or bare) looked at as of one commit.

    Raises InputError where the folder is no repository or the revision is not in it. Missing objects and a shallow
    history are not errors: what cannot be read is None.
    """

    described_as = "the repository (`--repo DIR`)"

    def __init__(self, folder: Path, revision: str = "HEAD") -> None:
        try:
            up = git.run(folder, "rev-parse", "--git-dir", "--show-cdup").split(b"\n")[1:2]
        except (git.GitError, NotADirectoryError) as error:
            raise InputError(
                f"{folder} is not a git repository",
                expected="a work tree or a bare repository",
                seen=str(getattr(error, "detail", error)) or "something else",
                hint="name the repository's folder: --repo DIR",
            ) from error
        # Paths are those of the whole tree, also where a folder within it was named.
        self.folder = folder / up[0].decode("utf-8", "surrogateescape") if up and up[0] else folder
        self._objects = ObjectReader(self.folder)
        resolved = self.resolve(revision)
        if resolved is None and revision == "HEAD":
            raise InputError(
                f"the repository {folder} has no commit that its HEAD names",
                expected="a repository with a commit",
                seen="a HEAD that leads to none",
                hint="fetch or commit something, or name what is there: --at REVISION",
            )
        if resolved is None:
            raise InputError(
                f"the revision {revision} is not in the repository {folder}",
                expected="a commit, branch or tag of this repository",
                seen=revision,
                hint="fetch it, or name another: --at REVISION",
            )
        self.commit = resolved

    def at(self, revision: str) -> Repository:
        """The same repository as of another revision; InputError where it is not here."""
        return Repository(self.folder, revision)

    def close(self) -> None:
        """End the git process that reads objects."""
        self._objects.close()

    def resolve(self, revision: str) -> str | None:
        """The full hash of a revision's commit, None where it is not here. Never read as an option."""
        try:
            found = git.text(
                self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except git.GitError:
            return None
        lines = [line for line in found.split() if line != "--end-of-options"]
        return lines[-1] if lines else None

    # -- the tree -----------------------------------------------------------------------------------------------

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every file of the tree, in git's order."""
        return tuple(path for path, _ in self._tree)

    def paths_at(self, commit: str) -> tuple[str, ...]:
        """Every file of another commit's tree; empty where that tree is not here."""
        try:
            listing = git.run(self.folder, "ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)
        except git.GitError:
            return ()
        return tuple(row.decode("utf-8", "surrogateescape") for row in listing.split(b"\0") if row)

    @cached_property
    def modes(self) -> dict[str, str]:
        """Git's mode (`100755` for an executable, `120000` for a link) of every file."""
        return dict(self._tree)

    @cached_property
    def _tree(self) -> tuple[tuple[str, str], ...]:
        listing = git.run(self.folder, "ls-tree", "-r", "-z", "--full-tree", self.commit)
        rows = (row.decode("utf-8", "surrogateescape") for row in listing.split(b"\0") if row)
        return tuple((row.split("\t", 1)[1], row.split(" ", 1)[0]) for row in rows)

    @cached_property
    def _path_set(self) -> frozenset[str]:
        return frozenset(self.paths)

    @cached_property
    def _folder_set(self) -> frozenset[str]:
        lowest = {path.rpartition("/")[0] for path in self.paths}  # few: only these are gone up from
        return frozenset(folder for one in lowest if one for folder in (one, *_parents(one)))

    def is_file(self, path: str) -> bool:
        return path in self._path_set

    def is_folder(self, path: str) -> bool:
        return path.rstrip("/") in self._folder_set or path in {"", "."}

    def read(self, path: str, commit: str | None = None) -> bytes | None:
        """A file's content at the commit, None where it is not there (or is a folder, or is too large)."""
        found = self._objects.read(f"{commit or self.commit}:{path}")
        return found[2] if found and found[1] == "blob" else None

    def text(self, path: str, commit: str | None = None) -> str | None:
        """As `read`, decoded as UTF-8 with a byte order mark taken off; None also for binary files."""
        content = self.read(path, commit)
        if content is None or b"\0" in content[:8192]:
            return None
        return content.decode("utf-8-sig", "replace")

    def lines(self, path: str, commit: str | None = None) -> tuple[str, ...]:
        """A file's lines without their ends; empty where it is not there."""
        content = self.text(path, commit)
        return tuple(content.split("\n")) if content is not None else ()

    def quote(self, path: str, line: int, end_line: int | None = None, note: str = "") -> Evidence | None:
        """The line (1-based) as evidence, None where there is no such line."""
        lines = self.lines(path)
        last = end_line or line
        if not 1 <= line <= last <= len(lines):
            return None
        at = Locator(source="file", path=path, line=line, end_line=end_line, commit=self.commit)
        return Evidence(
            kind="file", locator=at, quote="\n".join(one.rstrip("\r") for one in lines[line - 1 : last]), note=note
        )

    def absence(self, path: str) -> Evidence:
        """Evidence that a path is not in the tree: the nearest folder that is there, and what it holds."""
        folder = posixpath.dirname(path)
        while folder and not self.is_folder(folder):
            folder = posixpath.dirname(folder)
        start = f"{folder}/" if folder else ""
        inside = sorted({_next_part(other, folder) for other in self.paths if other.startswith(start)})
        at = Locator(source="search", path=folder or ".", commit=self.commit)
        shown = "\n".join(inside[:20]) or "(nothing)"
        return Evidence(
            kind="search", locator=at, quote=shown, note=f"all that is in {folder or 'the root'}; no {path}"
        )

    # -- history ------------------------------------------------------------------------------------------------

    @cached_property
    def shallow(self) -> bool:
        """Whether the history ends before its real beginning."""
        return git.text(self.folder, "rev-parse", "--is-shallow-repository").strip() == "true"

    def describe(self, commit: str) -> Commit | None:
        """A commit's header, None where it is not here."""
        found = self._objects.read(commit)
        if found is None or found[1] != "commit":
            return None
        return parse_commit(found[0], found[2].decode("utf-8", "replace"))

    def origin(self, path: str, line: int) -> LineOrigin | None:
        """
        The commit that introduced a line, through moves and renames and past changes of white space (`git blame`).

        None where blame cannot tell (no such line, objects missing). For what was true before and is not any more,
        see `change_of`.
        """
        try:
            answer = git.text(
                self.folder, "blame", "--porcelain", "-w", "-M", "-C", "--no-textconv",
                "-L", f"{line},{line}", self.commit, "--", path,
            )  # fmt: skip
        except git.GitError:
            return None
        head, *rest = answer.split("\n")
        hash_, original, *_ = head.split(" ")
        values = {row.split(" ", 1)[0]: row.partition(" ")[2] for row in rest if not row.startswith("\t")}
        commit = self.describe(hash_)
        if commit is None:
            return None
        boundary = "boundary" in values and (self.shallow or bool(commit.parents))
        return LineOrigin(commit=commit, path=values.get("filename", path), line=int(original), boundary=boundary)

    def change_of(self, path: str, holds: Callable[[str | None], bool]) -> Commit | None:
        """
        The newest commit after which `holds(text of the file)` is what it is now, and before which it was not.

        `holds` gets the file's text, None where the file is not there. Follows renames; a merge is named only where it
        changes what none of its sides changed (or drops what one side had added). None where it was never otherwise,
        or where the history ends before that is known (see `shallow`).
        """
        known: dict[str | None, bool] = {}

        def state(commit: str, name: str) -> bool:
            found = self._objects.info(f"{commit}:{name}")
            blob = found[0] if found and found[1] == "blob" else None
            if blob not in known:
                known[blob] = holds(self.text(name, commit) if blob else None)
            return known[blob]

        now = state(self.commit, path)
        start, name = self.commit, path
        for _ in range(RENAMES_LIMIT):
            graph = self._history_of(start, name)
            current = next(iter(graph), None)
            while current is not None and graph.get(current):
                parents = graph[current]
                changed = [state(parent, name) != now for parent in parents]
                if all(changed):
                    return self.describe(current)
                if any(changed):
                    # One side differs: did the other side change it, or does the merge drop what this side added?
                    base = self._merge_base(parents)
                    if base is not None and state(base, name) == now:
                        return self.describe(current)
                current = parents[changed.index(False)]
            if current is None or self._is_cut(current):
                return None
            commit = self.describe(current)
            source = self._renamed_from(commit, name) if commit else None
            if commit is None or source is None:
                return commit if commit and holds(None) != now else None
            start, name = source
            if state(start, name) != now:
                return commit
        return None

    def lost(self, text: str, limit: int = 5) -> tuple[tuple[str, Commit], ...]:
        """
        (path, commit) of the newest commits that took a text out of a file, most recent first (`git log -S`).

        A commit that put it in is none of them; a merge is none. Empty where the text never was there.
        """
        try:
            listing = git.text(
                self.folder, "log", f"-S{text}", f"--max-count={limit * 4}", "--format=%x00%H", "--name-only",
                "--no-textconv", "--no-ext-diff", "--no-renames", self.commit, "--",
            )  # fmt: skip
        except git.GitError:
            return ()
        records = (record.split() for record in listing.split("\0")[1:])
        found = ((path, self.describe(record[0])) for record in records for path in record[1:])
        taken = (
            (path, commit) for path, commit in found if commit and commit.parents and self._takes(commit, path, text)
        )
        return tuple(islice(taken, limit))

    def _takes(self, commit: Commit, path: str, text: str) -> bool:
        before, after = (self.text(path, hash_) or "" for hash_ in (commit.parents[0], commit.hash))
        return before.count(text) > after.count(text)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether one commit is reached from another (a commit is its own ancestor)."""
        try:
            git.run(self.folder, "merge-base", "--is-ancestor", older, newer)
        except git.GitError:
            return False
        return True

    def commits_touching(self, path: str, limit: int = 50) -> Iterator[Commit]:
        """The commits that changed a path, newest first, through renames."""
        try:
            listing = git.text(
                self.folder, "log", "--follow", f"--max-count={limit}", "--format=%H", "--no-textconv", "--no-ext-diff",
                self.commit, "--", path,
            )  # fmt: skip
        except git.GitError:
            return
        for hash_ in listing.split():
            if (commit := self.describe(hash_)) is not None:
                yield commit

    def former_name(self, path: str) -> tuple[Commit, str] | None:
        """The commit that gave a file its name by renaming another one, and that one's path; None where none did."""
        oldest = next(reversed(self._history_of(self.commit, path)), None)
        commit = self.describe(oldest) if oldest is not None else None
        source = self._renamed_from(commit, path) if commit is not None else None
        return (commit, source[1]) if commit is not None and source is not None else None

    def before(self, moment: datetime) -> str | None:
        """The newest commit (of any branch's first line reachable from this commit) made before a moment."""
        try:
            found = git.text(self.folder, "rev-list", "-1", f"--before={moment.isoformat()}", self.commit).strip()
        except git.GitError:
            return None
        return found or None

    def grep(
        self, pattern: str, paths: Sequence[str] = (), *, fixed: bool = True, limit: int = 200
    ) -> tuple[Locator, ...]:
        """Where a text (or a POSIX extended pattern) stands in the tree: at most `limit` places, in git's order."""
        try:
            listing = git.run(
                self.folder, "grep", "-I", "-n", "-z", "--no-textconv", "-F" if fixed else "-E", "-e", pattern,
                self.commit, "--", *paths,
            )  # fmt: skip
        except git.GitError:
            return ()
        found: list[Locator] = []
        for row in listing.split(b"\n")[:limit]:
            parts = row.decode("utf-8", "replace").split("\0")
            if len(parts) >= 3 and parts[1].isdigit():
                path = parts[0].split(":", 1)[1]
                found.append(Locator(source="file", path=path, line=int(parts[1]), commit=self.commit))
        return tuple(found)

    def _history_of(self, commit: str, path: str) -> dict[str, tuple[str, ...]]:
        """The commits that matter to one path, newest first, with their parents among them."""
        try:
            listing = git.text(
                self.folder, "rev-list", "--simplify-merges", "--parents", "--topo-order", commit, "--", path
            )
        except git.GitError:
            return {}
        rows = (row.split(" ") for row in listing.split("\n") if row)
        return {row[0]: tuple(row[1:]) for row in rows}

    def _renamed_from(self, commit: Commit, path: str) -> tuple[str, str] | None:
        """(parent, old path) where the commit made `path` by renaming another file."""
        for parent in commit.parents:
            try:
                answer = git.run(
                    self.folder, "diff-tree", "-r", "-z", "-M", "--no-commit-id", "--name-status", "--diff-filter=R",
                    "--no-ext-diff", "--no-textconv", parent, commit.hash,
                )  # fmt: skip
            except git.GitError:
                continue
            fields = answer.decode("utf-8", "surrogateescape").split("\0")
            renames = {fields[index + 2]: fields[index + 1] for index in range(0, len(fields) - 2, 3)}
            if path in renames:
                return parent, renames[path]
        return None

    def _merge_base(self, parents: Sequence[str]) -> str | None:
        try:
            return git.text(self.folder, "merge-base", "--octopus", *parents).strip() or None
        except git.GitError:
            return None

    def _is_cut(self, commit: str) -> bool:
        """Whether a commit has parents that are not here (a shallow clone)."""
        found = self.describe(commit)
        return found is None or (self.shallow and any(self._objects.info(parent) is None for parent in found.parents))


def _parents(path: str) -> Iterator[str]:
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)


def _next_part(path: str, folder: str) -> str:
    rest = path[len(folder) + 1 :] if folder else path
    head, slash, _ = rest.partition("/")
    return head + slash
