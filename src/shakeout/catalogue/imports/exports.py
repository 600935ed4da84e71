"""A name that its module does not have: renamed, removed, or not bound yet because of a circle of imports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import own_frame, quoted
from shakeout.catalogue.imports.claims import (
    CircularImport,
    ExportNeverThere,
    ExportRemoved,
    ExportRenamed,
    NameNotExported,
    imports,
)
from shakeout.catalogue.imports.products import submodule_made_by_build
from shakeout.evidence.definitions import binds, ended_by, renamed_to
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import nearest, unified, with_line
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_modules import Import, PythonModules
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, GuardSpec, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

_NAME = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
_FILE = re.compile(r"\((/[^()\n]{1,1000}\.py)\)\s*$")
_PARTIAL = re.compile(
    r"partially initialized module '([\w.]+)'(?: from '[^']*')? has no attribute '(\w+)'|circular import"
)

CHECKED = GuardSpec(
    name="type checker or import linter",
    kind="lint-rule",
    arguments=("import",),
    missing="nothing in the repository's checks looks at what modules import from each other",
    add="- run: mypy .  # or pyright, in CI",
)


def _imported(at: Locator, module: str, modules: PythonModules) -> str | None:
    """The file that an import statement's module is, as the importing file sees it."""
    for one in modules.imports(at.path):
        if one.module == module and one.path is not None:
            return one.path
    return modules.find(module, at.path)


def _told(message: str, module: str, paths: SourcePaths) -> str | None:
    """The repository's file that the exception itself names: a library beside the application is on no usual path."""
    match = _FILE.search(message)
    found = paths.find(match[1]) if match is not None else None
    if found is None:
        return None
    parts = found.removesuffix(".py").removesuffix("/__init__").split("/")
    return found if parts[-1] == module.rpartition(".")[2] else None


@imports.rule(guard=CHECKED)
def name_not_exported(
    raised: ExceptionRaised, paths: SourcePaths, modules: PythonModules, log: ErrorLog | None
) -> Iterator[Because | Unknown]:
    """
    A module is found, and the name that is imported from it is not in it.

    ## What you see
    `ImportError: cannot import name 'x' from 'y'`, with or without "most likely due to a circular import".

    ## Why it happens
    The name was renamed or taken out, or the module has not come to the line that binds it, because it is being
    imported by what it imports itself.

    ## How we know
    The exception's text, the import's line, and the module's file in the repository.

    ## What to change
    The next link says which of these it is.
    """
    match = _NAME.search(raised.message) if raised.simple_type == "ImportError" else None
    partial = _PARTIAL.search(raised.message) if raised.simple_type == "AttributeError" else None
    if match is None and (partial is None or partial[1] is None):
        return
    module, name = (match[2], match[1]) if match else (partial[1], partial[2]) if partial else ("", "")
    at = own_frame(raised, paths, log)
    path = (_imported(at, module, modules) or _told(raised.message, module, paths)) if at is not None else None
    if at is None or path is None:
        if at is not None:
            yield Unknown(f"the installed version of '{module}' (it is not the repository's own)")
        return
    yield Because(NameNotExported(name, path, at), quoted(paths, at))


@imports.rule(guard=CHECKED)
def export_renamed_or_removed(
    missing: NameNotExported, modules: PythonModules, paths: SourcePaths
) -> Iterator[Because | RuledOut]:
    """
    The name was renamed or taken out of its module.

    ## What you see
    `cannot import name 'total' from 'shop.orders'` after a refactor.

    ## Why it happens
    A definition got another name or was deleted, and an import of it stayed.

    ## How we know
    The module's history bound the name, and a commit ended that. Where the same commit began to bind exactly one
    name in the same way, it was renamed.

    ## What to change
    Import the new name; the patch does it on that line.
    """
    repository = modules.repository
    text = repository.text(missing.path)
    if binds(text, missing.name):
        source = modules.source(missing.path)
        bound = source.bindings(missing.name) if source is not None else ()
        if bound:
            at = Locator(source="file", path=missing.path, line=bound[0].line, commit=repository.commit)
            yield RuledOut(f"'{missing.name}' was taken out of {missing.path}", quoted(paths, at))
        return
    commit = ended_by(repository, missing.path, missing.name)
    if commit is None:
        return
    evidence = [*quoted(paths, missing.at), commit.evidence()]
    now = renamed_to(repository, commit, missing.path, missing.name)
    if now is None:
        yield Because(ExportRemoved(missing.name, missing.path, missing.at), evidence)
        return
    line = missing.at.line or 1
    whole = repository.text(missing.at.path) or ""
    row = repository.lines(missing.at.path)[line - 1]
    used = row if " as " in row else re.sub(rf"\b{missing.name}\b", f"{now} as {missing.name}", row, count=1)
    corrected = re.sub(rf"\b{missing.name}\b(?= as )", now, row) if " as " in row else used
    fix = Remedy(
        "patch",
        f"import '{now}' instead of '{missing.name}' at {missing.at}",
        patch=unified(missing.at.path, whole, with_line(whole, line, corrected)),
    )
    yield Because(ExportRenamed(missing.name, now, missing.path, missing.at), evidence, fix=fix)


@imports.rule(guard=CHECKED)
def export_never_there(missing: NameNotExported, modules: PythonModules, paths: SourcePaths) -> Iterator[Because]:
    """
    The name was never in that module.

    ## What you see
    `cannot import name 'Lending' from 'shop.models'` after a commit that renamed a use.

    ## Why it happens
    The import was written for a definition that another change was to bring, or the name is misspelt.

    ## How we know
    The whole history of the module's file never bound the name, the import's line has it, and the module neither takes
    in everything of another one nor answers for names by code.
    Of a package the name may be a module; there this rule is silent.

    ## What to change
    Define the name there, or import the one that is meant.
    """
    repository = modules.repository
    source = modules.source(missing.path)
    line = missing.at.line or 1
    rows = repository.lines(missing.at.path)[line - 1 : line + 30]
    told = any(re.search(rf"\b{re.escape(missing.name)}\b", row) for row in rows)
    if source is None or source.bindings(missing.name) or repository.shallow or not told:
        return
    if source.bindings("__getattr__") or "import *" in (repository.text(missing.path) or ""):
        return
    if missing.path.endswith("/__init__.py"):
        return  # of a package the name may be a module, which may be made elsewhere
    if ended_by(repository, missing.path, missing.name) is not None:
        return
    if submodule_made_by_build(missing, modules) is not None:
        return
    names = sorted({bound.name for bound in source.bound_in(source.tree)})
    meant = nearest(missing.name, names)
    fix = Remedy("words", f"define '{missing.name}' in {missing.path}, or import another name at {missing.at}")
    if meant is not None and rows[0].count(missing.name) == 1:
        text = repository.text(missing.at.path) or ""
        corrected = rows[0].replace(missing.name, f"{meant} as {missing.name}")
        patch = unified(missing.at.path, text, with_line(text, line, corrected))
        fix = Remedy("patch", f"import '{meant}' at {missing.at}", patch=patch)
    shown = modules.repository.quote(missing.path, 1, note=f"what it binds: {', '.join(names[:20])}")
    evidence = [*quoted(paths, missing.at), *([shown] if shown is not None else [])]
    yield Because(ExportNeverThere(missing.name, missing.path, missing.at), evidence, fix=fix)


@imports.rule(guard=CHECKED)
def circular_import(missing: NameNotExported, modules: PythonModules, paths: SourcePaths) -> Iterator[Because]:
    """
    Modules import each other while they are loaded.

    ## What you see
    `cannot import name 'x' from partially initialized module 'y' (most likely due to a circular import)`.

    ## Why it happens
    A module that is still being loaded is imported again by one that it imports; what stands further down in it is not
    bound yet.

    ## How we know
    The imports that run at load time are followed through the repository; the circle is shown line by line. The name is
    bound in the module, so nothing else keeps it from being imported.

    ## What to change
    Move what both modules need into a third one, or import inside the function that needs it.
    """
    source = modules.source(missing.path)
    if source is None or not source.bindings(missing.name):
        return
    cycle = _cycle(missing, modules)
    if not cycle:
        return
    evidence = [item for one in cycle for item in quoted(paths, one.at)]
    names = tuple(modules.name_of(one.at.path) for one in cycle)
    # The circle is one circle wherever it was entered.
    first = min(range(len(names)), key=lambda number: names[number])
    yield Because(
        CircularImport(names[first:] + names[:first], missing.at),
        evidence,
        strength=Strength.OBSERVED,
        fix=Remedy("words", f"import '{missing.name}' inside the function that uses it, or move it to a third module"),
    )


def _cycle(missing: NameNotExported, modules: PythonModules) -> tuple[Import, ...]:
    """The circle that goes through the failing import, beginning with the module that is being loaded."""
    back = modules.way(missing.path, missing.at.path)
    closing = next(
        (one for one in modules.imports(missing.at.path) if one.path == missing.path and one.at == missing.at), None
    ) or next((one for one in modules.imports(missing.at.path) if one.path == missing.path), None)
    if closing is None:
        return ()
    if missing.path == missing.at.path:
        return (closing,)
    return (*back, closing) if back else ()
