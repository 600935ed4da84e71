"""
The scopes of one file of Python: what each binds, and which names are read in it.

Scopes follow the language reference ("Naming and binding"): class scopes are not searched from the functions in them,
a comprehension has a scope of its own except for its first iterable, decorators, defaults and annotations belong to
the scope around a function. The syntax tree is walked with a stack of our own, so that depth is no limit.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Binding = Literal["import", "assignment", "function", "class", "parameter", "other"]
AreaKind = Literal["module", "function", "class", "lambda", "comprehension", "types"]


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
    type_checking: bool = False
    """Whether only type checkers see it (`if TYPE_CHECKING`)."""
    by_global: bool = False
    """Whether a function binds it in the module, through `global`."""


@dataclass(eq=False, kw_only=True, slots=True)
class Read:
    """One lookup of a name. `annotation`: it is not looked up when the line runs (strings, postponed annotations)."""

    name: str
    line: int
    column: int
    node: ast.Name | None
    area: Area
    annotation: bool = False


@dataclass(eq=False, slots=True)
class Area:
    """One scope. `qualname` is dotted, empty for the module."""

    node: ast.AST
    kind: AreaKind
    parent: Area | None
    qualname: str = ""
    bound: list[Bound] = field(default_factory=list)
    local: set[str] = field(default_factory=set)
    deleted: list[tuple[str, int]] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)

    @property
    def runs_inline(self) -> bool:
        """Whether its code runs where it stands (a class body, a comprehension), not when something is called."""
        return self.kind in {"class", "comprehension", "types"}

    def binds(self, name: str) -> bool:
        return name in self.local and name not in self.globals and name not in self.nonlocals

    def around(self) -> Iterator[Area]:
        """The scopes around this one, the nearest first."""
        area = self.parent
        while area is not None:
            yield area
            area = area.parent

    def owner_of(self, name: str) -> Area | None:
        """The scope in which a lookup from here finds the name; None where no scope binds it."""
        if name not in self.globals and name not in self.nonlocals and self.binds(name):
            return self
        outer = [area for area in self.around() if area.kind != "class" or self.kind == "types"]
        if self.kind == "module":
            return None
        if name in self.globals:
            outer = outer[-1:]
        return next((area for area in outer if area.binds(name)), None)


class Scopes:
    """All scopes of a syntax tree: `areas` with the module first, `reads` in the order of their places."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Area(tree, "module", None)
        self.areas: list[Area] = [self.module]
        self.reads: list[Read] = []
        self._postponed = any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(item.name == "annotations" for item in node.names)
            for node in tree.body
        )
        self._stack: list[tuple[ast.AST, Area, bool, bool, bool]] = []
        for node in tree.body:
            self._stack.append((node, self.module, False, False, False))
        while self._stack:
            self._visit(*self._stack.pop())
        self.reads.sort(key=lambda read: (read.line, read.column))
        for area in self.areas:
            area.bound.sort(key=lambda bound: (bound.line, bound.name))
        self._give_globals_to_the_module()

    def _give_globals_to_the_module(self) -> None:
        for area in self.areas[1:]:
            for bound in area.bound:
                if bound.name in area.globals:
                    own = {name: getattr(bound, name) for name in ("name", "line", "end_line", "way", "statement")}
                    self.module.bound.append(Bound(**own, conditional=True, by_global=True))
                    self.module.local.add(bound.name)
            for name in area.nonlocals:
                owner = next((outer for outer in area.around() if outer.kind == "function" and outer.binds(name)), None)
                if owner is not None:
                    owner.bound += [bound for bound in area.bound if bound.name == name]
            area.bound = [item for item in area.bound if item.name not in area.globals | area.nonlocals]
        self.module.bound.sort(key=lambda bound: (bound.line, bound.name))

    def _push(
        self, nodes: object, area: Area, annotation: bool = False, branch: bool = False, checking: bool = False
    ) -> None:
        for node in nodes if isinstance(nodes, list) else [nodes]:
            if isinstance(node, ast.AST):
                self._stack.append((node, area, annotation, branch, checking))

    def _open(self, node: ast.AST, kind: AreaKind, parent: Area, name: str) -> Area:
        qualname = f"{parent.qualname}.{name}" if parent.qualname and name else name or parent.qualname
        area = Area(node, kind, parent, qualname)
        self.areas.append(area)
        return area

    def _bind(
        self, area: Area, name: str, node: ast.AST, way: Binding, statement: str, branch: bool, checking: bool
    ) -> None:
        line = getattr(node, "lineno", 1)
        area.local.add(name)
        area.bound.append(
            Bound(
                name=name,
                line=line,
                end_line=getattr(node, "end_lineno", None) or line,
                way=way,
                conditional=branch,
                statement=statement,
                type_checking=checking,
            )
        )

    def _visit(self, node: ast.AST, area: Area, annotation: bool, branch: bool, checking: bool) -> None:
        if isinstance(node, ast.Name):
            self._name(node, area, annotation, branch, checking)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self._function(node, area, branch, checking)
        elif isinstance(node, ast.ClassDef):
            self._class(node, area, branch, checking)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            self._comprehension(node, area, annotation, branch)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name, statement in imported(node):
                self._bind(area, name, node, "import", statement, branch, checking)
        elif isinstance(node, ast.Global):
            area.globals.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            area.nonlocals.update(node.names)
        elif isinstance(node, ast.AnnAssign):
            self._annotated(node, area, branch, checking)
        elif isinstance(node, ast.AugAssign):
            if isinstance(node.target, ast.Name):
                self._read(node.target, area, annotation)
            self._push([node.target, node.value], area, annotation, branch, checking)
        elif isinstance(node, ast.NamedExpr):
            owner = area
            while owner.kind == "comprehension" and owner.parent is not None:
                owner = owner.parent
            self._bind(owner, node.target.id, node, "assignment", node.target.id, branch, checking)
            self._push(node.value, area, annotation, branch, checking)
        elif isinstance(node, ast.If):
            inside = checking or is_type_checking(node.test)
            self._push(node.test, area, annotation, branch, checking)
            self._push(node.body, area, annotation, True, inside)
            self._push(node.orelse, area, annotation, True, checking)
        elif isinstance(node, ast.Constant):
            if annotation and isinstance(node.value, str):
                self._string_annotation(node, area)
        else:
            self._other(node, area, annotation, branch, checking)

    def _other(self, node: ast.AST, area: Area, annotation: bool, branch: bool, checking: bool) -> None:
        if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            self._bind(area, node.name, node, "other", node.name, True, checking)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            self._bind(area, node.rest, node, "other", node.rest, True, checking)
        branches = ast.For | ast.AsyncFor | ast.While | ast.Match | ast.Try | ast.TryStar | ast.ExceptHandler
        for child in ast.iter_child_nodes(node):
            self._stack.append((child, area, annotation, branch or isinstance(node, branches), checking))

    def _name(self, node: ast.Name, area: Area, annotation: bool, branch: bool, checking: bool) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(area, node.id, node, "assignment", node.id, branch, checking)
        elif isinstance(node.ctx, ast.Del):
            area.local.add(node.id)
            area.deleted.append((node.id, node.lineno))
        else:
            self._read(node, area, annotation)

    def _read(self, node: ast.Name, area: Area, annotation: bool) -> None:
        self.reads.append(
            Read(
                name=node.id, line=node.lineno, column=node.col_offset, node=node, area=area,
                annotation=annotation and (self._postponed or area.kind in {"function", "lambda"}),
            )
        )  # fmt: skip

    def _string_annotation(self, node: ast.Constant, area: Area) -> None:
        try:
            tree = ast.parse(str(node.value).strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        for inner in ast.walk(tree):
            if isinstance(inner, ast.Name):
                self.reads.append(
                    Read(name=inner.id, line=node.lineno, column=node.col_offset, node=None, area=area, annotation=True)
                )

    def _annotated(self, node: ast.AnnAssign, area: Area, branch: bool, checking: bool) -> None:
        self._push(node.annotation, area, True)
        if node.value is not None:
            self._push([node.target, node.value], area, False, branch, checking)
        elif isinstance(node.target, ast.Name):
            area.local.add(node.target.id)  # `x: int` alone makes the name local and binds nothing
        else:
            self._push(node.target, area)

    def _types(self, node: ast.AST, area: Area) -> Area:
        """The scope that type parameters (`def f[T]()`) have."""
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return area
        inner = self._open(node, "types", area, "")
        for parameter in parameters:
            self._bind(inner, parameter.name, parameter, "parameter", parameter.name, False, False)
            self._push(getattr(parameter, "bound", None), inner, True)
        return inner

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, area: Area, branch: bool, checking: bool
    ) -> None:
        arguments = node.args
        self._push([*arguments.defaults, *(item for item in arguments.kw_defaults if item)], area)
        name = "<lambda>"
        outer = area
        if not isinstance(node, ast.Lambda):
            name = node.name
            self._bind(area, name, node, "function", f"def {name}", branch, checking)
            self._push(list(node.decorator_list), area)
            outer = self._types(node, area)
            self._push(node.returns, outer, True)
        inner = self._open(node, "lambda" if isinstance(node, ast.Lambda) else "function", outer, name)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for argument in every:
            if argument is not None:
                self._bind(inner, argument.arg, argument, "parameter", argument.arg, False, False)
                self._push(argument.annotation, outer, True)
        self._push(node.body, inner)

    def _class(self, node: ast.ClassDef, area: Area, branch: bool, checking: bool) -> None:
        self._bind(area, node.name, node, "class", f"class {node.name}", branch, checking)
        self._push(list(node.decorator_list), area)
        outer = self._types(node, area)
        self._push([*node.bases, *(item.value for item in node.keywords)], outer)
        inner = self._open(node, "class", outer, node.name)
        inner.local.update({"__module__", "__qualname__"})
        self._push(list(node.body), inner)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, area: Area, annotation: bool,
        branch: bool,
    ) -> None:  # fmt: skip
        inner = self._open(node, "comprehension", area, "")
        for number, generator in enumerate(node.generators):
            self._push(generator.iter, inner if number else area, annotation, branch)
            self._push(generator.target, inner)
            self._push(list(generator.ifs), inner, annotation, branch)
        parts: list[ast.expr] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._push(list(parts), inner, annotation, branch)


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Each name that an import binds, with the statement that would bind just that name; a star binds none here."""
    if isinstance(node, ast.Import):
        for item in node.names:
            name = item.asname or item.name.split(".", 1)[0]
            yield name, f"import {item.name}" + (f" as {item.asname}" if item.asname else "")
        return
    module = "." * node.level + (node.module or "")
    for item in node.names:
        if item.name != "*":
            renamed = f" as {item.asname}" if item.asname else ""
            yield item.asname or item.name, f"from {module} import {item.name}{renamed}"


def is_type_checking(test: ast.expr) -> bool:
    """Whether a condition is `TYPE_CHECKING`, by whatever module's name."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
