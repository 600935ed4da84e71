"""Finds the definition that a failing line means, statically and only where there is one candidate."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from shakeout.evidence.definitions import Definition, definition
from shakeout.evidence.model import Locator
from shakeout.evidence.python_modules import PythonModules

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A definition, the class that it stands in, its file and its line."""

    node: Definition
    owner: str | None
    path: str
    at: Locator


def class_of(name: str, modules: PythonModules, near: str | None = None) -> Found | None:
    """The repository's one class of that name; among several, the one that a file defines or imports."""
    places = modules.repository.grep(rf"^[[:space:]]*class {re.escape(name)}[(:[]", ["*.py"], fixed=False)
    paths = list(dict.fromkeys(at.path for at in places if not _is_test(at.path)))
    if len(paths) > 1 and near is not None:
        imported = {one.path for one in modules.imports(near)}
        paths = [path for path in paths if path == near or path in imported]
    if len(paths) != 1:
        return None
    node = definition(modules.source(paths[0]), name)
    return _found(node, None, paths[0], modules) if isinstance(node, ast.ClassDef) else None


def function_of(name: str, modules: PythonModules, near: str) -> Found | None:
    """
    The function that `name` (`total`, `Order.total`, `Order.__init__`) means where `near` uses it.

    A bare name is looked for in the file itself, then in the modules that it imports, then in the whole repository.
    """
    owner, _, own = name.rpartition(".")
    owner = owner.rpartition(".")[2].replace("<locals>", "")
    if owner:
        found = class_of(owner, modules, near)
        if found is None:
            return None
        node = definition(modules.source(found.path), own, owner)
        if node is None and own == "__init__":
            return found if _is_dataclass(found.node) else None
        return _found(node, owner, found.path, modules) if isinstance(node, Function) else None
    paths = [near, *(one.path for one in modules.imports(near) if one.path is not None)]
    for path in dict.fromkeys(paths):
        node = definition(modules.source(path), own) if path.endswith(".py") else None
        if isinstance(node, Function):
            return _found(node, None, path, modules)
    places = modules.repository.grep(rf"^[[:space:]]*(async )?def {re.escape(own)}\(", ["*.py"], fixed=False)
    places = tuple(at for at in places if not _is_test(at.path))
    if len(places) != 1:
        return None
    source = modules.source(places[0].path)
    for one in ast.walk(source.tree) if source is not None else ():
        if isinstance(one, Function) and one.name == own:
            return _found(one, _class_around(source.tree if source else None, one), places[0].path, modules)
    return None


def calls_on(path: str, line: int, modules: PythonModules) -> list[ast.Call]:
    """The calls of the statement at a line, the outermost first."""
    source = modules.source(path)
    statement = source.statement_at(line) if source is not None else None
    if statement is None:
        return []
    return [node for node in ast.walk(statement) if isinstance(node, ast.Call)]


def called_name(call: ast.Call) -> str | None:
    """The last part of what is called."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else None


def _found(node: Definition | None, owner: str | None, path: str, modules: PythonModules) -> Found | None:
    if node is None:
        return None
    at = Locator(source="file", path=path, line=node.lineno, commit=modules.repository.commit)
    return Found(node=node, owner=owner, path=path, at=at)


def _is_test(path: str) -> bool:
    return re.search(r"(?:^|/)(?:tests?/|test_[^/]*$|conftest\.py$)", path) is not None


def _is_dataclass(node: Definition) -> bool:
    return any("dataclass" in ast.dump(one) or "define" in ast.dump(one) for one in node.decorator_list) or bool(
        isinstance(node, ast.ClassDef) and node.bases
    )


def _class_around(tree: ast.Module | None, wanted: Function) -> str | None:
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.ClassDef) and wanted in node.body:
            return node.name
    return None
