"""Imports that are not there, or not where the name is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shakeout.catalogue.names.changes import change_of_loss, change_of_order
from shakeout.catalogue.names.claims import (
    ImportedForTypeCheckersOnly,
    MissingImport,
    NameUnbound,
    OptionalImportMissing,
)
from shakeout.catalogue.names.family import POSSIBLY_UNBOUND, TYPE_CHECKING_ONLY, guarded, names
from shakeout.catalogue.names.fixes import import_added, imported_when_running, raised_again, remedy
from shakeout.catalogue.names.lost import replacement
from shakeout.catalogue.names.use import Use, use_of
from shakeout.evidence.repository import Repository
from shakeout.why import Because, RuledOut, Strength
from shakeout.why.links import Unknown


@names.rule
def missing_import(unbound: NameUnbound, repository: Repository) -> Iterator[Because | RuledOut]:
    """
    The import that binds the name is not in the file.

    ## What you see
    `name 'x' is not defined` in a file that uses `x` as if it were imported.

    ## Why it happens
    An import was taken out while a use of it stayed (a clean-up, a merge), or code was moved or added without it.

    ## How we know
    The file's own history had the import and a commit took it out.
    Or the file never had it, and other modules of the repository import that very name, all by one statement; or one
    module of the repository alone defines it; or it is a module of Python's own library that is used as a module.

    ## What to change
    Add the import line. The patch puts it after the file's last import.
    """
    use = use_of(unbound, repository)
    if use is None:
        return
    if use.reason == "lost" and use.lost is not None:
        if use.lost.bound is None or use.lost.bound.way != "import" or replacement(use) is not None:
            return
        statement = use.lost.bound.statement
        evidence = [use.quote(), use.lost.commit.evidence()]
        if use.near is not None:
            yield RuledOut(f"'{use.name}' is a slip for '{use.near}'", [use.lost.commit.evidence()])
    elif use.reason == "elsewhere" and use.elsewhere.statement is not None:
        statement = use.elsewhere.statement
        evidence = [use.quote()]
    else:
        return
    for at in use.elsewhere.places if use.elsewhere.statement == statement else ():
        quoted = repository.quote(at.path, at.line or 1, note=f"{at.path} {use.elsewhere.how}")
        if quoted is not None:
            evidence.insert(len(evidence) - (use.lost is not None), quoted)
    yield Because(
        MissingImport(unbound.unbound, statement, use.path, use.at),
        evidence,
        fix=remedy(use, f"add the import '{statement}' to {use.path}", import_added(use, statement)),
        strength=Strength.OBSERVED if use.lost is not None else Strength.ENTAILED,
    )


@names.rule
def import_change(missing: MissingImport, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit took the import out, or added the use without it.

    ## What you see
    A missing import, and a history in which the file once worked, or never did.

    ## Why it happens
    A clean-up removed an import that looked unused, a merge dropped it, or new code was written without it.

    ## How we know
    The file's history is walked through renames and merges, parsing each version: the commit named is the newest after
    which the file no longer binds the name. Where it never did, it is the commit that wrote the line with the use.

    ## What to change
    Put the import back; let a linter look for undefined names before a merge.
    """
    yield from change_of_loss(missing.unbound, missing.at, repository, "took the import out")


@guarded(TYPE_CHECKING_ONLY)
def imported_for_type_checkers_only(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The import stands under `if TYPE_CHECKING` and the name is used at run time.

    ## What you see
    `name 'x' is not defined` in a file that seems to import `x`.

    ## Why it happens
    `TYPE_CHECKING` is false when a program runs, so that what is imported below it is there for type checkers only.

    ## How we know
    The file, parsed: every binding of the name is below `if TYPE_CHECKING`, and the use is no annotation.

    ## What to change
    Import the name where programs see it.
    """
    use = use_of(unbound, repository)
    bound = use.lookup.bound if use is not None else None
    if use is None or bound is None or use.reason != "type checking only":
        return
    yield Because(
        ImportedForTypeCheckersOnly(use.name, use.at, use.locate(bound.line)),
        [use.quote(), use.quote(bound.line, note="imports it for type checkers only")],
        fix=remedy(
            use,
            f"import '{use.name}' in {use.path} when it runs, not for type checkers only",
            imported_when_running(use, bound.line, bound.statement),
        ),
    )


@guarded(POSSIBLY_UNBOUND)
def optional_import_missing(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The import failed, and its failure was passed over.

    ## What you see
    `name 'x' is not defined` far from the import of `x`, which stands in a `try`.

    ## Why it happens
    `except ImportError: pass` hides that a package is not installed until something uses it.

    ## How we know
    The file, parsed: the name's only binding before the use is an import in a `try`, and the way past its handler binds
    nothing.

    ## What to change
    Install the package, and let the import fail where it stands, or bind a substitute in the handler.
    """
    use = use_of(unbound, repository)
    if use is None or not optional(use) or use.lookup.bound is None:
        return
    bound = use.lookup.bound
    yield Because(
        OptionalImportMissing(use.name, bound.statement, use.at, use.locate(bound.line)),
        [use.quote(), use.quote(bound.line, note="may fail, and the program goes on")],
        fix=remedy(use, f"let '{bound.statement}' fail where it stands, and install it", raised_again(use, bound.line)),
    )


def optional(use: Use) -> bool:
    """Whether the use is of an import that may have failed."""
    bound = use.lookup.bound
    return use.reason == "on one branch" and bound is not None and bound.way == "import" and _in_try(use, bound.line)


def _in_try(use: Use, line: int) -> bool:
    return any(
        isinstance(node, ast.Try) and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0)
        for node in ast.walk(use.source.tree)
    )


@names.rule
def misplaced_import_change(
    placed: ImportedForTypeCheckersOnly | OptionalImportMissing, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    A commit put the import where programs may not get it, or used the name all the same.

    ## What you see
    An import that type checkers alone see, or that may fail in silence, and a use that counts on it.

    ## Why it happens
    An import is moved to save time or to break a circle, and one use at run time is overlooked.

    ## How we know
    The file's history, parsed version by version: the newest commit before which the same use was sure to find the
    name; else the newer one of the two lines, by blame.

    ## What to change
    Move the import back, or bind the name in each case.
    """
    yield from change_of_order(placed.unbound, placed.at, placed.bound_at, repository)
