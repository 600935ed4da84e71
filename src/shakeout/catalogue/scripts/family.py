"""The family, and how its rules find the script's own line."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable

from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository
from shakeout.why import Family, GuardSpec

scripts = Family(
    "scripts",
    "The team's own deploy scripts: a tool that is not there, an option that nobody knows, an address that is not told",
    guard=GuardSpec(
        name="check of the deployment's scripts",
        kind="command",
        arguments=(
            r"\bshellcheck\b",
            r"\b(?:ba|z|da)?sh -n\b",
            r"\bdeploy[\w./-]*\b.*--(?:dry-run|check|plan)\b",
            r"\bshakeout\s+up\b",
        ),
        missing="nothing in the repository's checks looks at the deployment's scripts or runs them",
        add="shakeout up --environment ENVIRONMENT  # in CI, against a place of its own; or shellcheck scripts/*.sh",
    ),
)

_NOT_SOURCE = re.compile(
    r"(^|/)(tests?|spec|docs?|examples?|node_modules|vendor|fixtures)/|\.(md|rst|lock|sum|svg|patch|txt|html|css)$"
)


def calls(repository: Repository, text: str, within: Iterable[str] = ()) -> list[Locator]:
    """The lines of scripts and configuration with a text that stands for itself, in the files `within` where given."""
    word = re.compile(rf"(?<![\w./-]){re.escape(text)}(?![\w-])")
    files = frozenset(within)
    found = []
    for at in repository.grep(text):
        if _NOT_SOURCE.search(at.path) or (files and at.path not in files):
            continue
        row = repository.lines(at.path)[(at.line or 1) - 1]
        if word.search(row) and not row.lstrip().startswith(("#", "//")) and not _described(repository, at):
            found.append(at)
    return found


def _described(repository: Repository, at: Locator) -> bool:
    """Whether a line is part of a docstring, which only speaks of it."""
    if not at.path.endswith(".py"):
        return False
    try:
        tree = ast.parse(repository.text(at.path) or "")
    except (SyntaxError, ValueError, RecursionError):
        return False
    texts = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )
    return any(node.lineno <= (at.line or 0) <= (node.end_lineno or node.lineno) for node in texts)


def named(path: str) -> str:
    """A path without its folders."""
    return posixpath.basename(path)
