"""The repository's own files, read with limits; nothing of it is run."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FILES = 20_000
_SIZE = 256 * 1024
_SKIPPED = re.compile(
    r"(^|/)(node_modules|\.git|\.venv|venv|vendor|__pycache__|dist|build|\.shakeout|site-packages|tests?|spec|fixtures"
    r"|examples?|docs?)/"
)


class Tree:
    """The files of a folder that git knows or would take, without tests, examples and what is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = tuple(sorted(path for path in _listed(folder) if not _SKIPPED.search(path))[:_FILES])

    def find(self, *patterns: str) -> Iterator[str]:
        """The files whose name (without folders) fits a pattern, those nearest to the top first."""
        for path in sorted(self.paths, key=lambda path: (path.count("/"), path)):
            if any(fnmatch.fnmatchcase(path.rpartition("/")[2], pattern) for pattern in patterns):
                yield path

    def within(self, folder: str) -> list[str]:
        """The files below a folder."""
        start = "" if folder == "." else f"{folder}/"
        return [path for path in self.paths if path.startswith(start)]

    def has(self, path: str) -> bool:
        return path in self.paths

    @cache  # noqa: B019 (a tree lives as long as one command)
    def text(self, path: str) -> str:
        """A file's text; empty where it is no small text file of the folder."""
        place = self.folder / path
        try:
            if place.is_symlink() or not place.is_file() or place.stat().st_size > _SIZE:
                return ""
            raw = place.read_bytes()
        except OSError:
            return ""
        return "" if b"\0" in raw else raw.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")

    def lines(self, path: str) -> list[str]:
        return self.text(path).split("\n")


def _listed(folder: Path) -> Iterator[str]:
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        for place, folders, names in os.walk(folder):
            below = Path(place).relative_to(folder).as_posix()
            folders[:] = [name for name in folders if not _SKIPPED.search(f"/{name}/")]
            yield from (name if below == "." else f"{below}/{name}" for name in names)
        return
    for raw in dict.fromkeys(done.stdout.split(b"\0")):
        if raw and (folder / os.fsdecode(raw)).is_file():
            name = os.fsdecode(raw)
            if name.isprintable():
                yield name
