"""Definitions over a file's history: which commit ended that a name is bound, and what it was renamed to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from shakeout.evidence.python_source import PythonSource
from shakeout.evidence.repository import Commit, Repository

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def parsed(text: str | None) -> PythonSource | None:
    """The text as Python, None where it is none."""
    if text is None:
        return None
    try:
        return PythonSource(text)
    except SyntaxError:
        return None


def binds(text: str | None, name: str) -> bool:
    """Whether a module's text binds a name (also by a star import, which cannot be looked into, not)."""
    if text is None or name not in text:
        return False
    source = parsed(text)
    return source is not None and bool(source.bindings(name))


def ended_by(repository: Repository, path: str, name: str) -> Commit | None:
    """The commit after which a module no longer binds a name, None where it never did."""
    return repository.change_of(path, lambda text: binds(text, name))


def before(repository: Repository, commit: Commit, path: str) -> PythonSource | None:
    """The file as it was before a commit, through a rename in that commit."""
    for parent in commit.parents:
        found = parsed(repository.text(path, parent))
        if found is not None:
            return found
    return None


def renamed_to(repository: Repository, commit: Commit, path: str, name: str) -> str | None:
    """The one name that the commit began to bind in the same way where it ended `name`."""
    old = before(repository, commit, path)
    new = parsed(repository.text(path, commit.hash))
    if old is None or new is None:
        return None
    had = {bound.name for bound in old.bound_in(old.tree)}
    ways = {bound.way for bound in old.bindings(name)}
    began = sorted({bound.name for bound in new.bound_in(new.tree) if bound.name not in had and bound.way in ways})
    return began[0] if len(began) == 1 else None


def definition(source: PythonSource | None, name: str, owner: str | None = None) -> Definition | None:
    """The function or class of that name, in the class `owner` where one is given; the last one counts."""
    if source is None:
        return None
    found: Definition | None = None
    for scope in _bodies(source.tree, owner):
        for node in scope:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
                found = node
    return found


def _bodies(tree: ast.Module, owner: str | None) -> Iterator[list[ast.stmt]]:
    if owner is None:
        yield _flat(tree.body)
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == owner:
            yield _flat(node.body)


def _flat(body: list[ast.stmt]) -> list[ast.stmt]:
    """A body with what stands in its branches."""
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                found += _flat(getattr(node, name, []))
    return found


def members(source: PythonSource | None, owner: str) -> dict[str, int]:
    """What a class of the file has: methods, class attributes and what is assigned to `self`, with the line of each."""
    found: dict[str, int] = {}
    for node in ast.walk(source.tree) if source is not None else ():
        if not isinstance(node, ast.ClassDef) or node.name != owner:
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and inner is not node:
                found.setdefault(inner.name, inner.lineno)
            elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                if isinstance(inner.value, ast.Name) and inner.value.id == "self":
                    found.setdefault(inner.attr, inner.lineno)
            elif isinstance(inner, ast.Assign | ast.AnnAssign):
                targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, inner.lineno)
    return found


def ended(repository: Repository, path: str, holds: Callable[[PythonSource], bool]) -> Commit | None:
    """The commit after which `holds` is for the parsed file what it is now; text that is no Python never holds."""

    def told(text: str | None) -> bool:
        source = parsed(text)
        return source is not None and holds(source)

    return repository.change_of(path, told)
