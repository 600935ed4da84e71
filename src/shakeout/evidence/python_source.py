"""
Names of Python source, resolved statically: what is bound where, and what is used without being bound.

Nothing is imported or executed. Scopes are those of the language reference ("Naming and binding"), read with `ast` of
the Python that shakeout runs on.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from shakeout.evidence.python_flow import BOUND, DELETED, NONE, UNBOUND, states
from shakeout.evidence.python_scopes import Area, Binding, Bound, Read, Scopes

__all__ = ["BUILTINS", "Binding", "Bound", "Fate", "Lookup", "PythonSource", "Scope"]

Inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
Scope = ast.Module | Inner

BUILTINS = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__loader__", "__builtins__",
    "__annotations__", "__cached__", "__class__", "__debug__",
}  # fmt: skip

Fate = Literal["bound", "builtin", "nowhere", "later", "on one branch", "deleted", "type checking only", "global only"]
"""
What becomes of a lookup.

`nowhere`: no scope that it searches binds the name. `later`: one does, only after the lookup. `on one branch`: on some
paths. `deleted`: it is bound and deleted again (`del`, the end of an `except ... as`). `type checking only`: below
`if TYPE_CHECKING`. `global only`: a function would bind it in the module through `global`, the module itself never.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """
    One place where a name is read, and what becomes of it.

    `function` is the dotted name of the scope, empty for the module. `bound` is the binding that it would find, `owner`
    that binding's scope. `deferred`: the binding is in a scope that runs at another time, so that order is not known.
    `column` counts UTF-8 bytes. `annotation`: the line does not look the name up when it runs.
    """

    name: str
    line: int
    column: int
    function: str
    fate: Fate
    bound: Bound | None
    owner: Area | None
    area: Area
    deferred: bool = False
    annotation: bool = False

    @property
    def fails(self) -> bool:
        """Whether the lookup cannot succeed, or not on every path."""
        return self.fate not in {"bound", "builtin"} and not self.annotation


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
    def scopes(self) -> Scopes:
        """All scopes, with what they bind and read."""
        return Scopes(self.tree)

    # -- lookups ------------------------------------------------------------------------------------------------

    def lookups(self, name: str) -> tuple[Lookup, ...]:
        """Every place where a name is read, in the order of the lines."""
        return tuple(self._lookup(read) for read in self.scopes.reads if read.name == name)

    def _lookup(self, read: Read) -> Lookup:
        owner = read.area.owner_of(read.name)
        known = [bound for bound in owner.bound if bound.name == read.name] if owner else []
        fate: Fate = "bound"
        deferred = False
        if owner is None:
            fate = "builtin" if read.name in BUILTINS else "nowhere"
        elif known and all(bound.type_checking for bound in known):
            fate = "type checking only"
        else:
            deferred = _deferred(read.area, owner)
            fate = _fate(states(owner, read.name, None if deferred else read.node))
            if known and all(bound.by_global for bound in known):
                fate = "global only" if fate == "later" else fate
            elif fate in {"later", "on one branch"} and any(bound.by_global for bound in known):
                fate = "on one branch"
            if fate != "bound" and owner.kind in {"class", "module"} and read.area is owner:
                # Class bodies look further out, and the module in the builtins.
                beyond = owner.owner_of(read.name) if owner.kind == "class" else None
                outer = next((area for area in owner.around() if area.kind != "class" and area.binds(read.name)), None)
                if read.name in BUILTINS or (outer is not None and beyond is owner):
                    fate = "bound"
            elif fate != "bound" and owner.kind == "module" and read.name in BUILTINS:
                fate = "bound"
        return Lookup(
            name=read.name,
            line=read.line,
            column=read.column,
            function=_function(read.area).qualname,
            fate=fate,
            bound=_best(known, read.line),
            owner=owner,
            area=read.area,
            deferred=deferred,
            annotation=read.annotation,
        )

    def resolves(self, name: str, function: str) -> Bound | None:
        """
        The binding that a lookup from the function of that dotted name finds.

        Where there is no such function, a lookup from the module is made instead.
        """
        areas = [area for area in self.scopes.areas if area.qualname == function and area.kind != "comprehension"]
        area = areas[-1] if areas else self.scopes.module
        owner = area.owner_of(name)
        if owner is None:
            return None
        known = [bound for bound in owner.bound if bound.name == name and not bound.type_checking]
        return _best(known, 10**9) if known else None

    def uses(self, name: str) -> tuple[int, ...]:
        """The lines on which a name is read."""
        return tuple(sorted({read.line for read in self.scopes.reads if read.name == name and read.node is not None}))

    def is_undefined(self, name: str, line: int) -> bool:
        """Whether a name used on a line is bound in no scope that the lookup searches, and is no builtin."""
        if name in BUILTINS or self.has_star_import:
            return False
        found = [read for read in self.scopes.reads if read.name == name and read.line == line]
        if not found:
            return name not in self.visible(line)
        return any(read.area.owner_of(name) is None for read in found)

    # -- bindings -----------------------------------------------------------------------------------------------

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

    def bindings(self, name: str, scope: Scope | None = None) -> tuple[Bound, ...]:
        """Where a name is bound in one scope (by default the module's), in the order of the lines."""
        return tuple(bound for bound in self.bound_in(scope or self.tree) if bound.name == name)

    def bound_in(self, scope: Scope) -> tuple[Bound, ...]:
        """Everything that one scope binds, in the order of the lines."""
        return next(
            (tuple(area.bound) for area in self.scopes.areas if area.node is scope and area.kind != "types"), ()
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

    def defined(self, name: str) -> Bound | None:
        """The module's own definition of a name (function, class or assignment, no import), None without one."""
        own = [item for item in self.bindings(name) if item.way in {"function", "class", "assignment"}]
        return own[0] if own else None

    @cached_property
    def has_star_import(self) -> bool:
        """Whether `from module import *` may bind names that cannot be seen here."""
        return any(
            isinstance(node, ast.ImportFrom) and any(item.name == "*" for item in node.names)
            for node in ast.walk(self.tree)
        )

    @cached_property
    def dynamic_line(self) -> int | None:
        """The first line that may bind names in a way that cannot be read: `exec`, `globals()`, builtins, a hook."""
        return min(_dynamic(self.tree), default=None)

    # -- statements ---------------------------------------------------------------------------------------------

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
        if line == 0:
            # Below a first line for the shell, the encoding and a licence.
            for row in self.text.split("\n"):
                if not row.startswith("#"):
                    break
                line += 1
        return line


def _function(area: Area) -> Area:
    while area.kind in {"comprehension", "types"} and area.parent is not None:
        area = area.parent
    return area


def _deferred(area: Area, owner: Area) -> bool:
    """Whether the owner's bindings happen at another time than the code of the area."""
    while area is not owner:
        if not area.runs_inline or area.parent is None:
            return True
        area = area.parent
    return False


def _fate(found: frozenset[str]) -> Fate:
    if found in (NONE, BOUND):
        return "bound"
    if found == UNBOUND:
        return "later"
    return "deleted" if found & DELETED else "on one branch"


def _best(known: list[Bound], line: int) -> Bound | None:
    """The last binding before a line, real ones before those through `global`, else the first one after it."""
    own = [bound for bound in known if not bound.by_global] or known
    before = [bound for bound in own if bound.line <= line]
    return before[-1] if before else (own[0] if own else None)


def _dynamic(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"exec", "execfile"}:
            yield node.lineno
        target = node.value if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in {"update", "setdefault", "__setitem__"}:
                target = node.func.value
            if node.func.attr == "install" and isinstance(node.func.value, ast.Name):
                yield from [node.lineno] if node.func.value.id in {"gettext", "builtins"} else []
        found = target.func if isinstance(target, ast.Call) else None
        if isinstance(found, ast.Name) and found.id in {"globals", "locals", "vars"}:
            yield found.lineno
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"builtins", "__builtin__", "__builtins__"}
        ):
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Subscript) or (isinstance(first, ast.Name) and first.id == "builtins"):
                yield node.lineno
