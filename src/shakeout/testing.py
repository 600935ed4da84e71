"""Public helpers for tests: small repositories with a history, built from a table."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path

_DATE = 1_735_689_600  # 2025-01-01T00:00:00Z; each commit is one hour later than the one before it


class SmallRepository:
    """
    A real git repository in `folder`, made commit by commit.

    `commit` takes files as {path: text} (None removes the file); texts are dedented. Dates and names are fixed, so that
    the same table gives the same hashes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._count = 0
        self.git("init", "--quiet", "--initial-branch=main", "--template=")  # no hooks and notes: half of the time

    def git(self, *arguments: str) -> str:
        """Run git in the repository, without any user configuration; returns its output without the last line end."""
        moment = f"{_DATE + 3600 * self._count} +0000"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "Example",
            "GIT_AUTHOR_EMAIL": "dev@example.com",
            "GIT_COMMITTER_NAME": "Example",
            "GIT_COMMITTER_EMAIL": "dev@example.com",
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_DATE": moment,
        }
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def write(self, files: Mapping[str, str | None]) -> None:
        """Put files into the work tree without committing them."""
        for path, text in files.items():
            place = self.folder / path
            if text is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(textwrap.dedent(text), encoding="utf-8")

    def commit(self, subject: str, files: Mapping[str, str | None] | None = None) -> str:
        """Commit the files (and all else that changed in the work tree); returns the full hash."""
        self.write(files or {})
        self._count += 1
        self.git("add", "--all", ".")
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", subject)
        head = (self.folder / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        return (self.folder / ".git" / head.removeprefix("ref: ")).read_text(encoding="utf-8").strip()
