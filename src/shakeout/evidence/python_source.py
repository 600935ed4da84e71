"""
Names of Python source, resolved statically: what is bound where, and what is used without being bound.

Nothing is imported or executed. Scopes are those of the language reference ("Naming and binding"), read with `symtable`
and `ast` of the Python that shakeout runs on.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
Scope = ast.Module | Inner
Binding = Literal["import", "assignment", "function", "class", "parameter", "other"]

BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """Where a name is bound: the line, in what way, and whether only on some paths through its scope."""

    name: str
    line: int
    end_line: int
    way: Binding
    conditional: bool
    statement: str
    """For an import, the statement that binds just this name, for example `from app import env`."""


class PythonSource:
    """One file of Python. Raises SyntaxError where it is none (also for source with null bytes)."""

    def __init__(self, text: str, path: str = "<source>") -> None:
        self.path = path
        self.text = text
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.tree = ast.parse(text, path)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)}

    def scopes_at(self, line: int) -> tuple[Scope, ...]:
        """The scopes around a line, innermost first, the module last."""
        found: list[Inner] = []
        for node in ast.walk(self.tree):
            if isinstance(node, Inner):
                end = node.end_lineno or node.lineno
                if node.lineno <= line <= end:
                    found.append(node)
        found.sort(key=lambda node: (node.lineno, -(node.end_lineno or node.lineno)), reverse=True)
        return (*found, self.tree)

    def uses(self, name: str) -> tuple[int, ...]:
        """The lines on which a name is read."""
        return tuple(
            sorted(
                {
                    node.lineno
                    for node in ast.walk(self.tree)
                    if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
                }
            )
        )

    def bindings(self, name: str, scope: Scope | None = None) -> tuple[Bound, ...]:
        """Where a name is bound in one scope (by default the module's), in the order of the lines."""
        return tuple(bound for bound in self.bound_in(scope or self.tree) if bound.name == name)

    def bound_in(self, scope: Scope) -> tuple[Bound, ...]:
        """Everything that one scope binds, in the order of the lines."""
        found = list(_parameters(scope))
        for node in _own_nodes(scope):
            for name, way, statement in _names_bound_by(node):
                line = getattr(node, "lineno", 1)
                found.append(
                    Bound(
                        name=name,
                        line=line,
                        end_line=getattr(node, "end_lineno", None) or line,
                        way=way,
                        conditional=self._is_conditional(node, scope),
                        statement=statement,
                    )
                )
        declared = {
            name for node in _own_nodes(scope) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names
        }
        if not isinstance(scope, ast.Module):
            found = [bound for bound in found if bound.name not in declared]
        else:
            found += self._bound_by_global()
        return tuple(sorted(found, key=lambda bound: (bound.line, bound.name)))

    def _bound_by_global(self) -> Iterator[Bound]:
        """Names that functions bind in the module through `global`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = {name for own in _own_nodes(node) if isinstance(own, ast.Global) for name in own.names}
                for own in _own_nodes(node) if names else ():
                    for name, way, statement in _names_bound_by(own):
                        if name in names:
                            line = getattr(own, "lineno", 1)
                            yield Bound(
                                name=name, line=line, end_line=line, way=way, conditional=True, statement=statement
                            )

    def visible(self, line: int) -> dict[str, Bound]:
        """Every name that a lookup on a line can find (class scopes around functions are not searched)."""
        found: dict[str, Bound] = {}
        for number, scope in enumerate(self.scopes_at(line)):
            if number and isinstance(scope, ast.ClassDef):
                continue
            for bound in self.bound_in(scope):
                found.setdefault(bound.name, bound)
        return found

    @cached_property
    def has_star_import(self) -> bool:
        """Whether `from module import *` may bind names that cannot be seen here."""
        return any(
            isinstance(node, ast.ImportFrom) and any(item.name == "*" for item in node.names)
            for node in ast.walk(self.tree)
        )

    def is_undefined(self, name: str, line: int) -> bool:
        """Whether a name used on a line is bound in no scope that the lookup searches, and is no builtin."""
        return name not in BUILTINS and not self.has_star_import and name not in self.visible(line)

    def statement_at(self, line: int) -> ast.stmt | None:
        """The innermost statement that a line belongs to."""
        best: ast.stmt | None = None
        for node in ast.walk(self.tree):
            holds_line = isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
            if isinstance(node, ast.stmt) and holds_line and (best is None or node.lineno >= best.lineno):
                best = node
        return best

    def import_line(self) -> int:
        """The line after which a new import belongs: after the last import of the module's head, else its docstring."""
        line = 0
        for node in self.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                line = node.end_lineno or node.lineno
            elif (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                line = max(line, node.end_lineno or node.lineno)
            elif line:
                break
        if line == 0 and self.text.startswith("#!"):
            line = 1
        return line

    def _is_conditional(self, node: ast.AST, scope: Scope) -> bool:
        current = self._parents.get(node)
        while current is not None and current is not scope:
            if isinstance(
                current,
                ast.If | ast.For | ast.AsyncFor | ast.While | ast.Match | ast.Try | ast.TryStar | ast.ExceptHandler,
            ):
                return True
            current = self._parents.get(current)
        return False


def _own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the scopes inside it."""
    stack: list[ast.AST] = [scope.body] if isinstance(scope, ast.Lambda) else list(scope.body)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stack.extend(node.decorator_list)
        elif isinstance(node, ast.Lambda):
            continue
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            # A comprehension has a scope of its own; only `:=` binds outside of it.
            stack.extend(inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        else:
            stack.extend(ast.iter_child_nodes(node))


def _parameters(scope: Scope) -> Iterator[Bound]:
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    arguments = scope.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    for argument in every:
        if argument is not None:
            line = argument.lineno
            yield Bound(
                name=argument.arg, line=line, end_line=line, way="parameter", conditional=False, statement=argument.arg
            )


def _names_bound_by(node: ast.AST) -> Iterator[tuple[str, Binding, str]]:
    if isinstance(node, ast.Import):
        for item in node.names:
            name = item.asname or item.name.split(".", 1)[0]
            yield name, "import", f"import {item.name}" + (f" as {item.asname}" if item.asname else "")
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        for item in node.names:
            if item.name != "*":
                renamed = f" as {item.asname}" if item.asname else ""
                yield item.asname or item.name, "import", f"from {module} import {item.name}{renamed}"
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, "function", f"def {node.name}"
    elif isinstance(node, ast.ClassDef):
        yield node.name, "class", f"class {node.name}"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        if isinstance(node.ctx, ast.Store):
            yield node.id, "assignment", node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, "other", node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, "other", node.rest
