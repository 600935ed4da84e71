"""What bound the name was renamed or taken out of the file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from shakeout.catalogue.names.changes import change_of_loss
from shakeout.catalogue.names.claims import BindingRemoved, BindingRenamed, NameUnbound
from shakeout.catalogue.names.family import names
from shakeout.catalogue.names.fixes import before_use, remedy, replaced
from shakeout.catalogue.names.history import lost_binding, parsed, renamed_to
from shakeout.catalogue.names.use import Use, module_name, use_of
from shakeout.evidence.patches import with_line_after
from shakeout.evidence.python_source import Bound
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy, RuledOut
from shakeout.why.links import Unknown


@names.rule
def binding_renamed(unbound: NameUnbound, repository: Repository) -> Iterator[Because | RuledOut]:
    """
    What bound the name was renamed, and this use kept the old name.

    ## What you see
    A name that used to work is not defined after a refactor.

    ## Why it happens
    A function, class, variable, parameter or imported name was renamed, and not every use of it was changed with it.

    ## How we know
    The file's history bound the name, and one commit ended that.
    The same commit put one new name, bound in the same way, into a line that had the old one.

    ## What to change
    Use the new name.
    """
    use = use_of(unbound, repository)
    found = replacement(use) if use is not None and use.reason == "lost" else None
    if use is None or use.lost is None or found is None:
        return
    evidence = [use.quote(), use.lost.commit.evidence()]
    current = use.source.visible(use.line).get(found)
    if current is not None:
        evidence.append(use.quote(current.line, note=f"binds '{found}' now"))
    if use.near is not None and use.near != found:
        yield RuledOut(f"'{use.name}' is a slip for '{use.near}'", [use.lost.commit.evidence()])
    yield Because(
        BindingRenamed(unbound.unbound, found, use.path, use.at),
        evidence,
        fix=remedy(use, f"say '{found}' at {use.at}", _with_new_name(use, found), bound=(found,)),
    )


@names.rule
def binding_removed(unbound: NameUnbound, repository: Repository) -> Iterator[Because | RuledOut]:
    """
    What bound the name was taken out of the file, and this use stayed.

    ## What you see
    A name that used to work is not defined after a clean-up or a merge.

    ## Why it happens
    A function, class or variable was deleted as unused, or lost when two branches were put together.

    ## How we know
    The file's history bound the name, one commit ended that, and put no other name in its place.

    ## What to change
    Bring the definition back, or take this use out too. The patch brings back what stood there.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "lost" or use.lost is None or replacement(use) is not None:
        return
    bound = use.lost.bound
    if bound is not None and bound.way == "import":
        return
    if use.near is not None:
        yield RuledOut(f"'{use.name}' is a slip for '{use.near}'", [use.lost.commit.evidence()])
    yield Because(
        BindingRemoved(unbound.unbound, use.path, use.at),
        [use.quote(), use.lost.commit.evidence()],
        fix=_brought_back(use, bound),
    )


@names.rule
def binding_change(lost: BindingRenamed | BindingRemoved, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit renamed or removed what bound the name.

    ## What you see
    A use of a name whose definition is no longer in the file.

    ## Why it happens
    A refactor changed the definition and missed a use, often one that only runs in production.

    ## How we know
    The file's history, parsed version by version: the newest commit after which nothing binds the name.

    ## What to change
    Finish the refactor: change this use too.
    """
    done = f"renamed it to '{lost.renamed_to}'" if isinstance(lost, BindingRenamed) else "took the definition out"
    yield from change_of_loss(lost.unbound, lost.at, repository, done)


def replacement(use: Use) -> str | None:
    """The name that took the place of a lost one: in the file itself, or in the module that it was imported from."""
    lost = use.lost
    if lost is None or lost.bound is None:
        return None
    new = use.repository.text(use.path, lost.commit.hash)
    found = renamed_to(lost, new, use.name, use.lookup.function) if new is not None else None
    if found is not None and use.source.resolves(found.name, use.lookup.function) is not None:
        return found.name
    return _renamed_in_module(use, lost.bound) if lost.bound.way == "import" else None


def _renamed_in_module(use: Use, bound: Bound) -> str | None:
    """Where the module that it came from has it under another name now."""
    words = bound.statement.split(" ")
    if words[0] != "from" or " as " in bound.statement:
        return None
    module = words[1]
    for path in use.repository.paths:
        if (
            not path.endswith(f"{module.rsplit('.', 1)[-1]}.py")
            or module_name(path, use.path, use.repository) != module
        ):
            continue
        source = parsed(use.repository.text(path))
        if source is None or source.has_star_import or source.resolves(use.name, "") is not None:
            return None
        gone = lost_binding(use.repository, path, use.name, "")
        text = use.repository.text(path, gone.commit.hash) if gone is not None else None
        new = renamed_to(gone, text, use.name, "") if gone is not None and text is not None else None
        return new.name if new is not None and source.resolves(new.name, "") is not None else None
    return None


def _with_new_name(use: Use, new: str) -> str | None:
    after = replaced(use, new)
    if after is None or use.source.resolves(new, use.lookup.function) is not None or use.lost is None:
        return after
    bound = use.lost.bound
    if bound is None or bound.way != "import":
        return after
    module = bound.statement.split(" ")[1]
    return with_line_after(after, use.source.import_line(), f"from {module} import {new}")


def _brought_back(use: Use, bound: Bound | None) -> Remedy:
    lost = use.lost
    summary = f"bring the definition of '{use.name}' back into {use.path}, or take out what uses it"
    if lost is None or bound is None:
        return Remedy("words", summary)
    before = parsed(lost.old)
    node = before.statement_at(bound.line) if before is not None else None
    if node is None:
        return Remedy("words", summary)
    first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
    text = textwrap.dedent("\n".join(lost.old.split("\n")[first - 1 : node.end_lineno])).rstrip()
    in_module = (
        any(item.name == use.name and item.line == bound.line for item in before.scopes.module.bound)
        if before
        else False
    )
    if not in_module:
        return remedy(use, summary, before_use(use, text))
    gap = "\n\n" if bound.way in {"function", "class"} else "\n"
    return remedy(use, summary, with_line_after(use.source.text, use.source.import_line(), f"{gap}{text}"))
