"""One use of a name, read together with its file and that file's history: what every rule of the family looks at."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from weakref import WeakKeyDictionary

from shakeout.catalogue.names.claims import NameUnbound
from shakeout.catalogue.names.history import Lost, lost_binding
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import nearest
from shakeout.evidence.python_source import Lookup, PythonSource
from shakeout.evidence.repository import Repository

Reason = Literal[
    "lost", "class attribute", "another scope", "python 2", "elsewhere", "misspelt", "never",
    "later", "on one branch", "deleted", "type checking only", "global only",
]  # fmt: skip

PYTHON_2 = {
    "unicode": "str",
    "basestring": "str",
    "xrange": "range",
    "raw_input": "input",
    "long": "int",
    "unichr": "chr",
    "file": "open",
    "StandardError": "Exception",
    "buffer": "memoryview",
    "reduce": "functools.reduce",
    "reload": "importlib.reload",
    "intern": "sys.intern",
}
"""Builtins of Python 2 and what Python 3 has instead ("What's new in Python 3.0")."""

_SEARCHED = 40
"""Files that are parsed in search of a definition."""


@dataclass(frozen=True, eq=False)
class Use:
    """A use of a name. `lookup` is the one that fails on the line; `source` its file, parsed."""

    name: str
    at: Locator
    lookup: Lookup
    source: PythonSource
    repository: Repository

    @property
    def path(self) -> str:
        return self.at.path

    @property
    def line(self) -> int:
        return self.at.line or 0

    def locate(self, line: int) -> Locator:
        """A line of the same file."""
        return Locator(source="file", path=self.path, line=line, commit=self.repository.commit)

    def quote(self, line: int | None = None, note: str = "") -> Evidence:
        found = self.repository.quote(self.path, line or self.line, note=note)
        if found is None:
            raise ValueError(f"no line {line or self.line} in {self.path}")
        return found

    @cached_property
    def lost(self) -> Lost | None:
        """The commit that took the binding out of this file, and the binding as it was before."""
        return lost_binding(self.repository, self.path, self.name, self.lookup.function)

    @cached_property
    def elsewhere(self) -> Elsewhere:
        """What the rest of the repository says of the name."""
        return _elsewhere(self)

    @cached_property
    def near(self) -> str | None:
        """The one name that a lookup here would find and that is nearly the same."""
        visible = [name for name in self.source.visible(self.line) if name != self.name]
        first = nearest(self.name, visible, 0.7)
        if first is None or len(self.name) < 3:
            return None
        other = nearest(self.name, [name for name in visible if name != first], 0.7)
        return first if other is None or _closer(self.name, first, other) else None

    @cached_property
    def reason(self) -> Reason:
        """Which of the family's causes it is; each rule answers for one of them."""
        fate = self.lookup.fate
        if fate in {"later", "on one branch", "deleted", "type checking only", "global only"}:
            return fate
        if fate == "bound":
            return "later"
        if self.lost is not None:
            return "lost"
        if self.class_attribute is not None:
            return "class attribute"
        if self.other_scope is not None:
            return "another scope"
        if self.name in PYTHON_2:
            return "python 2"
        if self.elsewhere.statement is not None:
            return "elsewhere"
        return "misspelt" if self.near is not None else "never"

    @cached_property
    def class_attribute(self) -> tuple[ast.ClassDef, int] | None:
        """The class around the use that binds the name in its body, and the line of that."""
        for area in (self.lookup.area, *self.lookup.area.around()):
            if area.kind == "class" and isinstance(area.node, ast.ClassDef) and area.binds(self.name):
                return area.node, next((item.line for item in area.bound if item.name == self.name), area.node.lineno)
        return None

    @cached_property
    def other_scope(self) -> tuple[str, int] | None:
        """(scope in words, line) where the file binds the name and this use cannot see it."""
        for area in self.source.scopes.areas:
            line = next((item.line for item in area.bound if item.name == self.name and item.way != "parameter"), None)
            if line is None or area.kind in {"module", "types"}:
                continue
            if area.kind == "comprehension":
                if area.qualname == self.lookup.function:
                    return "a comprehension", line
            elif area.kind == "function":
                return f"the function {area.qualname}", line
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """How the rest of the repository binds a name: the one statement that would do, and the places that show it."""

    statement: str | None
    places: tuple[Locator, ...]
    how: str


_KNOWN: WeakKeyDictionary[Repository, dict[NameUnbound, Use | None]] = WeakKeyDictionary()


def use_of(unbound: NameUnbound, repository: Repository) -> Use | None:
    """The use that a claim is about; None where the file cannot be read or parsed, or has no such use there."""
    known = _KNOWN.setdefault(repository, {})
    if unbound not in known:
        known[unbound] = _read(unbound, repository)
    return known[unbound]


def _read(unbound: NameUnbound, repository: Repository) -> Use | None:
    text = repository.text(unbound.at.path)
    if text is None or unbound.at.line is None:
        return None
    try:
        source = PythonSource(text, unbound.at.path)
    except SyntaxError:
        return None
    lookup = lookup_at(source, unbound.unbound, unbound.at.line)
    if lookup is None:
        return None
    at = Locator(source="file", path=unbound.at.path, line=lookup.line, commit=repository.commit)
    return Use(unbound.unbound, at, lookup, source, repository)


def lookup_at(source: PythonSource, name: str, line: int) -> Lookup | None:
    """
    The lookup that a traceback's line means: on the line itself, else in the statement (or its head) around it.

    One that fails comes before one that may succeed, and one that the line makes before an annotation.
    """
    found = source.lookups(name)
    here = [one for one in found if one.line == line]
    if not here:
        statement = source.statement_at(line)
        if statement is None:
            return None
        body = getattr(statement, "body", None)
        end = statement.end_lineno or statement.lineno
        if isinstance(body, list) and body and line < body[0].lineno:
            end = body[0].lineno - 1
        elif isinstance(body, list):
            return None
        here = [one for one in found if statement.lineno <= one.line <= end]
    here.sort(key=lambda one: (not one.fails, one.annotation, one.line, one.column))
    return here[0] if here else None


def _closer(name: str, first: str, other: str) -> bool:
    """Whether the first is nearer by one slip at least, so that there is no doubt."""
    return _slips(name, first) < _slips(name, other)


def _slips(one: str, other: str) -> int:
    """Levenshtein's distance, with an exchange of two neighbours as one slip."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        current = [number]
        for place, right in enumerate(other, 1):
            cost = min(row[place] + 1, current[place - 1] + 1, row[place - 1] + (left != right))
            if number > 1 and place > 1 and left == other[place - 2] and one[number - 2] == right:
                cost = min(cost, before[place - 2] + 1)
            current.append(cost)
        before, row = row, current
    return row[-1]


def _elsewhere(use: Use) -> Elsewhere:
    imports = list(_imports_elsewhere(use))
    statements = {statement for _, statement in imports}
    if len(statements) == 1:
        return Elsewhere(
            statement=statements.pop(), places=tuple(at for at, _ in imports[:3]), how="imports it"
        )  # fmt: skip
    if not statements:
        found = list(_definitions(use))
        if len(found) == 1:
            at, module = found[0]
            return Elsewhere(statement=f"from {module} import {use.name}", places=(at,), how="defines it")
        if not found and use.name in sys.stdlib_module_names and _is_used_as_module(use):
            return Elsewhere(statement=f"import {use.name}", places=(), how="")
    return Elsewhere(statement=None, places=(), how="")


def _imports_elsewhere(use: Use) -> Iterator[tuple[Locator, str]]:
    for at in use.repository.grep(use.name, ["*.py"]):
        if at.path == use.path:
            continue
        row = use.repository.lines(at.path)[(at.line or 1) - 1]
        statement = import_statement(row.strip(), use.name)
        if statement and not statement.startswith("from ."):
            yield at, statement


def import_statement(row: str, name: str) -> str | None:
    """The import on a line that binds a name, written for that name alone."""
    if "import" not in row:
        return None
    try:
        source = PythonSource(row)
    except SyntaxError:
        return None
    return next((bound.statement for bound in source.bindings(name) if bound.way == "import"), None)


def _definitions(use: Use) -> Iterator[tuple[Locator, str]]:
    """Modules of the repository that define the name, with the module's name as this file would import it."""
    word = re.escape(use.name)
    pattern = rf"^((async )?def {word} *\(|class {word} *[(:]|{word} *(:[^=]*)?=)"
    seen: set[str] = set()
    for at in use.repository.grep(pattern, ["*.py"], fixed=False):
        if at.path == use.path or at.path in seen or len(seen) >= _SEARCHED or _is_test(at.path):
            continue
        seen.add(at.path)
        module = module_name(at.path, use.path, use.repository)
        if module is not None:
            yield at, module


def _is_test(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"


def module_name(path: str, importer: str, repository: Repository) -> str | None:
    """
    How a file of the repository is imported: from its own folder for scripts side by side, else below `src` or the top.
    """
    folder, _, name = path.rpartition("/")
    stem = name.removesuffix(".py")
    package = f"{folder}/__init__.py" if folder else "__init__.py"
    if folder == importer.rpartition("/")[0] and not repository.is_file(package):
        return stem
    parts = [part for part in [*folder.split("/"), stem] if part]
    if parts and parts[0] == "src":
        parts = parts[1:]
    if parts and parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def _is_used_as_module(use: Use) -> bool:
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == use.name
        for node in ast.walk(use.source.tree)
    )
