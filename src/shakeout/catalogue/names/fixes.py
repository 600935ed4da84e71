"""
Patches for names, each tried before it is offered: the patched file is parsed, and the lookup has to succeed in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from shakeout.catalogue.names.history import parsed
from shakeout.catalogue.names.use import Use
from shakeout.evidence.patches import lines_of, unified, with_line, with_line_after
from shakeout.evidence.python_source import PythonSource
from shakeout.why import Remedy

_BOM = b"\xef\xbb\xbf"


def remedy(use: Use, summary: str, after: str | None, *, bound: Iterable[str] = ()) -> Remedy:
    """
    The patch that makes the file `after`, where that parses and no lookup of the name (or of `bound`) fails in it.

    Otherwise the summary in words alone.
    """
    source = parsed(after) if after is not None and after != use.source.text else None
    if after is None or source is None or not _succeeds(source, use, (use.name, *bound)):
        return Remedy("words", summary)
    mark = "\ufeff" if (use.repository.read(use.path) or b"").startswith(_BOM) else ""
    return Remedy("patch", summary, patch=unified(use.path, mark + use.source.text, mark + after))


def _succeeds(source: PythonSource, use: Use, names: Iterable[str]) -> bool:
    return not any(
        lookup.fails
        for name in names
        for lookup in source.lookups(name)
        if lookup.function == use.lookup.function and not _failed_before(use, name, lookup.fate)
    )


def _failed_before(use: Use, name: str, fate: str) -> bool:
    """Whether lookups of another name than ours failed in the same way already."""
    return name != use.name and any(
        lookup.fate == fate for lookup in use.source.lookups(name) if lookup.function == use.lookup.function
    )


def import_added(use: Use, statement: str) -> str:
    """The file with an import after those of its head."""
    return with_line_after(use.source.text, use.source.import_line(), statement)


def replaced(use: Use, new: str, *, everywhere: bool = True) -> str | None:
    """The file with the new name (or expression) for each failing lookup of the old one, or for the use's line only."""
    places = [
        lookup
        for lookup in use.source.lookups(use.name)
        if lookup.fate == use.lookup.fate and (everywhere or lookup.line == use.line)
    ]
    rows = lines_of(use.source.text)
    for line in sorted({place.line for place in places}):
        columns = sorted((place.column for place in places if place.line == line), reverse=True)
        row = rows[line - 1].encode()
        old = use.name.encode()
        if all(row[column : column + len(old)] == old for column in columns):
            for column in columns:
                row = row[:column] + new.encode() + row[column + len(old) :]
            rows[line - 1] = row.decode()
        else:  # names in f-strings have no exact column before Python 3.12
            rows[line - 1] = re.sub(rf"(?<![\w.'\"]){re.escape(use.name)}(?![\w'\"])", new, rows[line - 1])
    return "".join(rows)


def binding_in_front(use: Use, line: int, statement: str) -> str:
    """The file with a statement in front of the outermost statement, in the binding's scope, that holds a line."""
    owner = use.lookup.owner
    body = getattr(owner.node, "body", None) if owner is not None else None
    for node in body if isinstance(body, list) else ():
        start = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
        if start <= line <= (node.end_lineno or node.lineno):
            return with_line_after(use.source.text, start - 1, " " * node.col_offset + statement)
    return use.source.text


def before_use(use: Use, statement: str) -> str | None:
    """The file with lines in front of the statement that holds the use, at its depth."""
    node = use.source.statement_at(use.line)
    if node is None:
        return None
    indented = "\n".join(f"{' ' * node.col_offset}{row}" if row else row for row in statement.split("\n"))
    return with_line_after(use.source.text, node.lineno - 1, indented)


def moved_up(use: Use, line: int) -> str | None:
    """The file with the simple statement at `line` moved in front of the use, where both stand in one block."""
    binding, using = use.source.statement_at(line), use.source.statement_at(use.line)
    if binding is None or using is None or binding is using or hasattr(binding, "body"):
        return None
    if binding.lineno <= using.lineno or binding.col_offset != using.col_offset:
        return None
    rows = lines_of(use.source.text)
    start, end = binding.lineno - 1, binding.end_lineno or binding.lineno
    moved = [row if row.endswith("\n") else f"{row}\n" for row in rows[start:end]]
    rest = [*rows[:start], *rows[end:]]
    return "".join([*rest[: using.lineno - 1], *moved, *rest[using.lineno - 1 :]])


def without_line(use: Use, line: int) -> str | None:
    """The file without a simple statement of one line; `pass` in its place where nothing else would be left."""
    node = use.source.statement_at(line)
    if node is None or node.lineno != (node.end_lineno or node.lineno) or hasattr(node, "body"):
        return None
    taken = with_line(use.source.text, line, None)
    return taken if parsed(taken) else with_line(use.source.text, line, " " * node.col_offset + "pass")


def declared_global(use: Use) -> str | None:
    """The file with `global` (or `nonlocal`) in the function of the use, for a name that is bound further out."""
    owner = use.lookup.owner
    if owner is None or owner.kind != "function" or not isinstance(owner.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    outer = next((area for area in owner.around() if area.kind != "class" and area.binds(use.name)), None)
    if outer is None:
        return None
    word = "global" if outer.kind == "module" else "nonlocal"
    body = owner.node.body
    first = body[0]
    docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1
    place = body[1] if docstring else first
    return with_line_after(use.source.text, place.lineno - 1, f"{' ' * place.col_offset}{word} {use.name}")


def imported_when_running(use: Use, line: int, statement: str) -> str | None:
    """The file with an import of an `if TYPE_CHECKING` block put among the others."""
    for node in ast.walk(use.source.tree):
        if not isinstance(node, ast.If) or not node.lineno < line <= (node.end_lineno or 0):
            continue
        single = next((item for item in node.body if item.lineno == line), None)
        if isinstance(single, ast.Import | ast.ImportFrom) and len(single.names) == 1 and not node.orelse:
            rows = lines_of(import_added(use, statement))
            gone = node if len(node.body) == 1 else single
            shift = 1 if use.source.import_line() < gone.lineno else 0
            del rows[gone.lineno - 1 + shift : (gone.end_lineno or gone.lineno) + shift]
            return "".join(rows)
    return import_added(use, statement)


def raised_again(use: Use, line: int) -> str | None:
    """The file with `raise` for the `pass` of the handler that passes over a failed import."""
    for node in ast.walk(use.source.tree):
        if isinstance(node, ast.Try) and node.lineno <= line <= (node.end_lineno or 0):
            for handler in node.handlers:
                last = handler.body[-1]
                if isinstance(last, ast.Pass) and last.lineno != handler.lineno:
                    return with_line(use.source.text, last.lineno, f"{' ' * last.col_offset}raise")
    return None
