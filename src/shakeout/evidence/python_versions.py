"""Which Python runs the application, as the repository declares it, and what needs a newer one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shakeout.evidence.build_context import BuildContext
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

Version = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A version of Python and the line that declares it."""

    version: Version
    at: Locator


@dataclass(frozen=True, kw_only=True, slots=True)
class Construct:
    """Something that needs a version of Python: what a person calls it, and the version."""

    name: str
    needs: Version


# From the pages "What's New in Python 3.x".
MODULES: dict[str, Version] = {
    "tomllib": (3, 11), "zoneinfo": (3, 9), "graphlib": (3, 9), "contextvars": (3, 7), "annotationlib": (3, 14),
    "importlib.metadata": (3, 8), "importlib.resources": (3, 7), "wsgiref.types": (3, 11),
}  # fmt: skip
NAMES: dict[tuple[str, str], Version] = {
    ("typing", "Literal"): (3, 8), ("typing", "Final"): (3, 8), ("typing", "Protocol"): (3, 8),
    ("typing", "TypedDict"): (3, 8), ("typing", "Annotated"): (3, 9), ("typing", "ParamSpec"): (3, 10),
    ("typing", "TypeAlias"): (3, 10), ("typing", "TypeGuard"): (3, 10), ("typing", "Self"): (3, 11),
    ("typing", "NotRequired"): (3, 11), ("typing", "Required"): (3, 11), ("typing", "LiteralString"): (3, 11),
    ("typing", "Never"): (3, 11), ("typing", "assert_never"): (3, 11), ("typing", "Unpack"): (3, 11),
    ("typing", "dataclass_transform"): (3, 11), ("typing", "override"): (3, 12), ("typing", "TypeIs"): (3, 13),
    ("enum", "StrEnum"): (3, 11), ("enum", "verify"): (3, 11), ("datetime", "UTC"): (3, 11),
    ("itertools", "pairwise"): (3, 10), ("itertools", "batched"): (3, 12), ("functools", "cache"): (3, 9),
    ("functools", "cached_property"): (3, 8), ("asyncio", "TaskGroup"): (3, 11), ("asyncio", "timeout"): (3, 11),
    ("asyncio", "Runner"): (3, 11), ("asyncio", "Barrier"): (3, 11), ("asyncio", "to_thread"): (3, 9),
    ("contextlib", "chdir"): (3, 11), ("contextlib", "aclosing"): (3, 10), ("types", "NoneType"): (3, 10),
    ("warnings", "deprecated"): (3, 13), ("copy", "replace"): (3, 13), ("math", "lcm"): (3, 9),
    ("hashlib", "file_digest"): (3, 11), ("collections.abc", "Buffer"): (3, 12),
    ("str", "removeprefix"): (3, 9), ("str", "removesuffix"): (3, 9),
}  # fmt: skip
# What the Python that shakeout runs on may not be able to parse itself.
_LINES: tuple[tuple[re.Pattern[str], Construct], ...] = (
    (re.compile(r"\s*type\s+\w+\s*(?:\[[^\]]*\])?\s*=(?!=)"), Construct(name="a type statement", needs=(3, 12))),
    (
        re.compile(r"\s*(?:async\s+)?(?:def|class)\s+\w+\s*\[[^\]]+\]\s*[(:]"),
        Construct(name="type parameters", needs=(3, 12)),
    ),
    (re.compile(r"\s*except\s+\w[\w.]*\s*,\s*\w[\w.]*\s*:"), Construct(name="except without brackets", needs=(3, 14))),
    (re.compile(r"\s*match\s+[^=:]+:\s*(?:#.*)?$"), Construct(name="a match statement", needs=(3, 10))),
)


class PythonVersions:
    """The declared version for each file: its image's `FROM`, else `runtime.txt` or `.python-version`."""

    described_as = Repository.described_as
    made_from = (Repository, BuildContext)

    def __init__(self, repository: Repository, build: BuildContext) -> None:
        self.repository = repository
        self.build = build

    def of(self, path: str) -> Declared | None:
        """The version that runs a file; None where nothing declares one, or where its images do not agree."""
        found = {}
        for image in self.build.of(path) or self.build.images:
            python = image.dockerfile.python if image.dockerfile else None
            if python is not None and image.dockerfile is not None:
                at = Locator(source="file", path=image.dockerfile.path, line=python[1], commit=self.repository.commit)
                found[python[0]] = Declared(version=python[0], at=at)
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
        for name in ("runtime.txt", ".python-version"):
            for number, row in enumerate(self.repository.lines(name), 1):
                match = re.match(r"\s*(?:python-)?(3)\.(\d+)", row)
                if match:
                    at = Locator(source="file", path=name, line=number, commit=self.repository.commit)
                    return Declared(version=(int(match[1]), int(match[2])), at=at)
        return None


def constructs(text: str, line: int, declared: Version) -> tuple[Construct, ...]:
    """What stands at a line (or in the statement around it) that the declared version has not."""
    rows = text.split("\n")
    row = rows[line - 1] if 1 <= line <= len(rows) else ""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        found = _by_line(row[:500])
    else:
        found = list(_in_tree(tree, line))
        found = found or _by_line(row[:500])
    return tuple(dict.fromkeys(one for one in found if one.needs > declared))


def _by_line(row: str) -> list[Construct]:
    found = [construct for pattern, construct in _LINES if pattern.match(row)]
    return [*found, Construct(name="an f-string with its own quotes inside", needs=(3, 12))] if _quotes(row) else found


def _quotes(row: str) -> bool:
    """Whether an f-string on a line has, within its braces, the quotation marks that it is written in."""
    for start in re.finditer(r"\b[fFrR]{1,2}(['\"])", row):
        depth = 0
        for letter in row[start.end() :]:
            depth += (letter == "{") - (letter == "}")
            if letter == start[1]:
                if depth > 0:
                    return True
                break
    return False


def _in_tree(tree: ast.Module, line: int) -> Iterator[Construct]:
    for node in ast.walk(tree):
        start = getattr(node, "lineno", None)
        if start is None or not start <= line <= start + 3:
            continue
        close = start == line
        if isinstance(node, ast.Match) and close:
            yield Construct(name="a match statement", needs=(3, 10))
        elif isinstance(node, ast.TryStar) and node.handlers:
            yield Construct(name="except*", needs=(3, 11))
        elif isinstance(node, ast.NamedExpr) and close:
            yield Construct(name="an assignment expression (:=)", needs=(3, 8))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.args.posonlyargs and close:
            yield Construct(name="positional-only parameters", needs=(3, 8))
        elif isinstance(node, ast.With | ast.AsyncWith) and close and len(node.items) > 1:
            if node.items[0].context_expr.lineno > node.lineno:
                yield Construct(name="a with statement in brackets", needs=(3, 10))
        elif type(node).__name__ == "TypeAlias" and close:
            yield Construct(name="a type statement", needs=(3, 12))
        elif close and getattr(node, "type_params", None):
            yield Construct(name="type parameters", needs=(3, 12))
