"""Maps the paths that running programs print to paths of the repository."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from functools import cached_property

from shakeout.evidence.repository import Repository

_FOREIGN = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|lib/python\d(?:\.\d+)?|node:internal|<frozen "
    r"|^[\w-]+ \(\d[\w.]*\) |gems/[\w.-]+-\d[\w.]*/|ruby/\d\.\d\.\d/|vendor_ruby/|vendor/.*\.php$)",
    re.IGNORECASE,
)


def is_foreign(path: str) -> bool:
    """Whether a path is a library's or the interpreter's own, and so never the application's."""
    return path.startswith(("<", "node:")) or bool(_FOREIGN.search(path.replace("\\", "/")))


class SourcePaths:
    """
    The files of the repository, found by what a running program calls them.

    `/app/src/api.py`, `/usr/src/app/src/api.py` and `src/api.py` are all the repository's `src/api.py` where that is
    the only file that fits best. The longest common tail wins; where several fit equally well, the line's own text
    decides; where it cannot, the answer is None.
    """

    described_as = Repository.described_as

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.repository.paths:
            found[posixpath.basename(path)].append(path)
        return found

    def find(self, path: str, line: int | None = None, code: str = "") -> str | None:
        """The repository's path for a path that was printed; `code` is the source text printed for `line`."""
        wanted = posixpath.normpath(path.replace("\\", "/"))
        if is_foreign(wanted):
            return None
        if self.repository.is_file(wanted.removeprefix("./")):
            return wanted.removeprefix("./")
        parts = [part for part in wanted.split("/") if part]
        if not parts:
            return None
        candidates = [(self._common(parts, found.split("/")), found) for found in self._by_name.get(parts[-1], ())]
        if not candidates:
            return None
        best = max(length for length, _ in candidates)
        fitting = [found for length, found in candidates if length == best]
        if len(fitting) == 1:
            # A file of the same name elsewhere is not it: the text of the line has to agree where only the name does.
            only = fitting[0]
            return only if best > 1 or best == len(only.split("/")) or self._has(only, line, code) else None
        agreeing = [found for found in fitting if self._has(found, line, code)]
        return agreeing[0] if len(agreeing) == 1 else None

    @staticmethod
    def _common(one: list[str], other: list[str]) -> int:
        length = 0
        for left, right in zip(reversed(one), reversed(other), strict=False):
            if left != right:
                break
            length += 1
        return length

    def _has(self, path: str, line: int | None, code: str) -> bool:
        if line is None or not code.strip():
            return False
        lines = self.repository.lines(path)
        return 1 <= line <= len(lines) and code.strip().splitlines()[0].strip() in lines[line - 1]
