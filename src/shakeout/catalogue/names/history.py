"""When a file stopped to bind a name, and what came instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shakeout.evidence.python_source import Bound, PythonSource
from shakeout.evidence.repository import Commit, Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """
    The commit after which a file no longer binds a name, and what bound it before.

    `old` is the file's text before the commit and `path` its path then; `bound` is None where that text is none that
    this Python can parse.
    """

    commit: Commit
    bound: Bound | None
    old: str
    path: str


def lost_binding(repository: Repository, path: str, name: str, function: str) -> Lost | None:
    """What took the binding of a name out of a file, as seen from one of its functions."""
    commit = repository.change_of(path, lambda text: _binds(text, name, function))
    if commit is None:
        return None
    for parent in commit.parents:
        for before in (path, *same_name(repository, parent, path)):
            text = repository.text(before, parent)
            if text is not None and _binds(text, name, function):
                source = parsed(text)
                bound = source.resolves(name, function) if source else None
                return Lost(commit=commit, bound=bound, old=text, path=before)
    return None


def change_of_state(repository: Repository, path: str, holds: Callable[[PythonSource], bool]) -> Commit | None:
    """The newest commit after which `holds` is what it is now; versions that cannot be parsed count as not holding."""

    def state(text: str | None) -> bool:
        source = parsed(text)
        return source is not None and holds(source)

    return repository.change_of(path, state)


def parsed(text: str | None) -> PythonSource | None:
    """The text as Python; None where it is none that this Python can parse."""
    if text is None:
        return None
    try:
        return PythonSource(text)
    except SyntaxError:
        return None


def _binds(text: str | None, name: str, function: str) -> bool:
    if text is None or name not in text:
        return False
    source = parsed(text)
    if source is not None:
        return source.resolves(name, function) is not None
    # An older (or newer) Python: what its lines look like has to do.
    word = re.escape(name)
    return (
        re.search(rf"^\s*(?:(?:from\s.*)?import\b.*\b{word}\b|(?:def|class)\s+{word}\b|{word}\s*=)", text, re.M)
        is not None
    )


def same_name(repository: Repository, commit: str, path: str) -> Iterator[str]:
    """Other files of a commit's tree that have the same name, for a file that was moved."""
    name = path.rsplit("/", 1)[-1]
    for other in repository.paths_at(commit):
        if other != path and other.rsplit("/", 1)[-1] == name:
            yield other


def renamed_to(lost: Lost, new: str, name: str, function: str) -> Bound | None:
    """
    What the commit began to bind instead, where the file itself shows that it is the same under another name.

    A line that had the old name has to stand in the new text with the new name in its place.
    """
    before, after = parsed(lost.old), parsed(new)
    if before is None or after is None or lost.bound is None:
        return None
    candidates = [
        bound
        for bound in _visible(after, function)
        if bound.name != name and bound.way == lost.bound.way and before.resolves(bound.name, function) is None
    ]
    fitting = {bound.name: bound for bound in candidates if _takes_its_place(lost.old, new, name, bound)}
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _visible(source: PythonSource, function: str) -> Iterator[Bound]:
    for area in source.scopes.areas:
        if area.kind == "module" or area.qualname == function:
            yield from area.bound


def _takes_its_place(old: str, new: str, name: str, bound: Bound) -> bool:
    rows = {row.strip() for row in new.split("\n")} - {row.strip() for row in old.split("\n")}
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    if bound.way == "import":
        # `from module import old` became `from module import new`, alone or among others.
        return any(
            word.sub(bound.name, row.strip()) in rows for row in old.split("\n") if "import" in row and word.search(row)
        )
    return any(word.sub(bound.name, row.strip()) in rows for row in old.split("\n") if word.search(row))
