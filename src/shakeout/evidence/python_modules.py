"""The repository's Python modules: which file an import means, seen from the file that imports it."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from shakeout.evidence import git
from shakeout.evidence.model import Locator
from shakeout.evidence.python_source import PythonSource
from shakeout.evidence.repository import Commit, Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One import statement that runs when the module is loaded: what it asks for, and the file that this is."""

    module: str
    names: tuple[str, ...]
    at: Locator
    path: str | None


class PythonModules:
    """Files by the names under which they are imported. Nothing is imported or executed."""

    described_as = Repository.described_as
    made_from = (Repository,)

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._sources: dict[str, PythonSource | None] = {}
        self.remembered: dict[object, object] = {}
        """What rules found out about a claim, so that the history is asked once."""

    def roots(self, importer: str | None) -> tuple[str, ...]:
        """Folders from which an absolute import may start, the likeliest first."""
        above = list(_above(importer)) if importer else [""]
        found = [base for folder in above for base in (folder, posixpath.join(folder, "src"))]
        if importer is None:
            found += [posixpath.dirname(path) for path in self._markers]
            found += [posixpath.join(posixpath.dirname(path), "src") for path in self._markers]
        return tuple(
            dict.fromkeys(base for base in found if not base or self.repository.is_folder(base) or base in above)
        )

    @cached_property
    def _markers(self) -> tuple[str, ...]:
        names = {"pyproject.toml", "setup.py", "requirements.txt", "Dockerfile", "manage.py"}
        return tuple(path for path in self.repository.paths if posixpath.basename(path) in names)

    def candidates(self, module: str, importer: str | None) -> tuple[str, ...]:
        """Where the module would have to lie."""
        tail = module.replace(".", "/")
        return tuple(
            posixpath.join(root, name)
            for root in self.roots(importer)
            for name in (f"{tail}.py", f"{tail}/__init__.py")
        )

    def find(self, module: str, importer: str | None) -> str | None:
        """The file that an absolute import means, None where the repository has none."""
        found = next((path for path in self.candidates(module, importer) if self.repository.is_file(path)), None)
        if found is not None:
            return found
        # A folder without __init__.py is a package too: one of its files stands for it.
        for root in self.roots(importer):
            folder = posixpath.join(root, module.replace(".", "/"))
            if self.repository.is_folder(folder):
                return next((path for path in self.repository.paths if path.startswith(folder + "/")), None)
        return None

    def source(self, path: str) -> PythonSource | None:
        """The parsed file, None where it is not there or no Python."""
        if path not in self._sources:
            text = self.repository.text(path)
            try:
                self._sources[path] = PythonSource(text, path) if text is not None else None
            except SyntaxError:
                self._sources[path] = None
        return self._sources[path]

    def imports(self, path: str) -> tuple[Import, ...]:
        """The imports that run while the module is loaded, in the order of the lines."""
        source = self.source(path)
        return tuple(self._imports(source, path)) if source is not None else ()

    def _imports(self, source: PythonSource, path: str) -> Iterator[Import]:
        for node in _loaded(source.tree.body):
            line = getattr(node, "lineno", 1)
            at = Locator(source="file", path=path, line=line, commit=self.repository.commit)
            if isinstance(node, ast.Import):
                for item in node.names:
                    yield Import(module=item.name, names=(), at=at, path=self.find(item.name, path))
            elif isinstance(node, ast.ImportFrom):
                module = self.absolute(node, path)
                names = tuple(item.name for item in node.names)
                inner = [self.find(f"{module}.{name}", path) for name in names]
                target = self.find(module, path) if module else None
                if any(inner) and (target is None or not target.endswith("__init__.py")):
                    target = next(found for found in inner if found)
                yield Import(module=module, names=names, at=at, path=target)
                for name, found in zip(names, inner, strict=True):
                    if found is not None and found != target:
                        yield Import(module=f"{module}.{name}", names=(), at=at, path=found)

    def absolute(self, node: ast.ImportFrom, path: str) -> str:
        """The module that `from … import` names, with its dots resolved against the file's folder."""
        if not node.level:
            return node.module or ""
        folder = posixpath.dirname(path)
        for _ in range(node.level - 1):
            folder = posixpath.dirname(folder)
        return ".".join(part for part in (*folder.split("/"), *(node.module or "").split(".")) if part)

    def way(self, start: str, end: str) -> tuple[Import, ...]:
        """The shortest way of imports from one file to another (also to itself); empty where there is none."""
        queue: list[tuple[Import, ...]] = [(one,) for one in self.imports(start)]
        seen: set[str] = set()
        while queue and len(seen) < 2000:
            way = queue.pop(0)
            path = way[-1].path
            if path == end:
                return way
            if path is not None and path not in seen and path.endswith(".py"):
                seen.add(path)
                queue += [(*way, one) for one in self.imports(path)]
        return ()

    def name_of(self, path: str) -> str:
        """The module's dotted name as its own folder with `__init__.py` files gives it."""
        parts = [re.sub(r"\.py$", "", posixpath.basename(path))]
        folder = posixpath.dirname(path)
        while folder and self.repository.is_file(posixpath.join(folder, "__init__.py")):
            parts.insert(0, posixpath.basename(folder))
            folder = posixpath.dirname(folder)
        return ".".join(part for part in parts if part != "__init__")

    def renamed_by(self, commit: Commit, path: str) -> str | None:
        """What a commit renamed a file to, None where it did not."""
        for parent in commit.parents[:1]:
            try:
                answer = git.run(
                    self.repository.folder, "diff-tree", "-r", "-z", "-M40%", "--no-commit-id", "--name-status",
                    "--diff-filter=R", "--no-ext-diff", "--no-textconv", parent, commit.hash,
                )  # fmt: skip
            except git.GitError:
                return None
            fields = answer.decode("utf-8", "surrogateescape").split("\0")
            for index in range(0, len(fields) - 2, 3):
                if fields[index + 1] == path:
                    return fields[index + 2]
        return None


def _above(path: str) -> Iterator[str]:
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _loaded(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is loaded: those of functions and of type checking are not among them."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _loaded(node.orelse)
            continue
        yield node
        for name in ("body", "orelse", "finalbody"):
            yield from _loaded(getattr(node, name, []))
        for handler in getattr(node, "handlers", []):
            yield from _loaded(handler.body)
