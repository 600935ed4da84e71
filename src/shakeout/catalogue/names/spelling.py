"""Names that were never bound: slips, bare names of attributes, Python 2, and what nobody can tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shakeout.catalogue.names.changes import change_of_use
from shakeout.catalogue.names.claims import (
    ClassAttributeWithoutOwner,
    MisspeltName,
    NameUnbound,
    NeverBound,
    Python2Builtin,
)
from shakeout.catalogue.names.family import names
from shakeout.catalogue.names.fixes import remedy, replaced
from shakeout.catalogue.names.use import PYTHON_2, Use, use_of
from shakeout.evidence.patches import with_line_after
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Strength
from shakeout.why.links import Unknown


@names.rule
def misspelt_name(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The name is spelt differently from the one that is bound.

    ## What you see
    `name 'confg' is not defined`, in a file that binds `config`.

    ## Why it happens
    A slip of the keyboard on a line that no test reaches.

    ## How we know
    The file's history never bound the name, no module imports or defines it, and one name that is bound where it is
    used is nearly the same (three quarters of the letters by Ratcliff and Obershelp's measure), nearer than any other.

    ## What to change
    Spell it as it is bound.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "misspelt" or use.near is None:
        return
    binding = use.source.visible(use.line)[use.near]
    yield Because(
        MisspeltName(unbound.unbound, use.near, use.at),
        [use.quote(), use.quote(binding.line, note=f"binds '{use.near}'")],
        strength=Strength.ENTAILED,
        fix=remedy(use, f"say '{use.near}' at {use.at}", replaced(use, use.near), bound=(use.near,)),
    )


@names.rule
def class_attribute_without_owner(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    An attribute or a method of a class is used by its bare name.

    ## What you see
    `name 'x' is not defined` in a method, or in a comprehension of a class body, of a class that has `x`.

    ## Why it happens
    Methods and comprehensions do not look names up in the body of the class around them.

    ## How we know
    The file, parsed: the class body around the use binds the name, and no scope that the lookup searches does.

    ## What to change
    Say `self.x`, or the class's name and `.x`.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "class attribute" or use.class_attribute is None:
        return
    node, line = use.class_attribute
    owner = _receiver(use, node)
    summary = f"say '{owner or node.name}.{use.name}' at {use.at}"
    yield Because(
        ClassAttributeWithoutOwner(use.name, node.name, use.at, use.locate(line)),
        [use.quote(), use.quote(line, note=f"binds '{use.name}' in the class {node.name}")],
        fix=remedy(use, summary, replaced(use, f"{owner}.{use.name}", everywhere=False) if owner else None),
    )


def _receiver(use: Use, node: ast.ClassDef) -> str | None:
    """By what the method around the use reaches its class: its first parameter; None in the class body itself."""
    for method in node.body:
        if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if method.lineno <= use.line <= (method.end_lineno or method.lineno):
            static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in method.decorator_list)
            first = [*method.args.posonlyargs, *method.args.args][:1]
            return node.name if static or not first else first[0].arg
    return None


@names.rule
def python2_builtin(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The name was built in until Python 3.

    ## What you see
    `name 'unicode' is not defined`, also `xrange`, `raw_input`, `basestring`, `long`, `reduce`.

    ## Why it happens
    Code of Python 2 was carried over, and this line had not run under Python 3 yet.

    ## How we know
    The name is one of the builtins that Python 3 renamed or moved, and neither the file nor its history binds it.

    ## What to change
    Use what Python 3 has instead.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "python 2":
        return
    new = PYTHON_2[use.name]
    module, _, attribute = new.rpartition(".")
    if module:
        after = with_line_after(use.source.text, use.source.import_line(), f"from {module} import {attribute}")
    else:
        after = replaced(use, new) or use.source.text
    yield Because(
        Python2Builtin(use.name, new, use.path, use.at),
        [use.quote()],
        fix=remedy(use, f"use '{new}' in {use.path}", after),
        strength=Strength.ENTAILED,
    )


@names.rule
def never_bound(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    Nothing ever bound the name in that file.

    ## What you see
    `name 'x' is not defined`, and no hint at what was meant.

    ## Why it happens
    Code was pasted or generated that expects a name of another place.

    ## How we know
    The file's history never bound the name, no other module imports it by one statement or alone defines it, and no
    name that is bound there is nearly the same.

    ## What to change
    Bind the name, or take the line out.
    """
    use = use_of(unbound, repository)
    if use is not None and use.reason == "never":
        yield Because(
            NeverBound(unbound.unbound, use.path, use.at), [use.quote()], strength=Strength.ENTAILED
        )  # fmt: skip


@names.rule
def use_change(
    used: MisspeltName | ClassAttributeWithoutOwner | Python2Builtin | NeverBound, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    A commit wrote the line that uses the name.

    ## What you see
    A line that never worked, in a file whose tests do not reach it.

    ## Why it happens
    It was written, pasted or moved here in one commit.

    ## How we know
    Blame of that line at the deployed commit. Where the line came from another file, the commit that brought it here.

    ## What to change
    Correct the line.
    """
    yield from change_of_use(used.unbound, used.at, repository, f"wrote the use of '{used.unbound}'")
