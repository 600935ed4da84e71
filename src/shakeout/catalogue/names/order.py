"""Names that their scope binds, and not yet, not on this way, or not any more."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.names.changes import change_of_order
from shakeout.catalogue.names.claims import (
    BoundInAnotherScope,
    BoundOnOneBranch,
    GlobalNeverSet,
    NameDeleted,
    NameUnbound,
    UsedBeforeAssignment,
)
from shakeout.catalogue.names.family import GLOBAL_NEVER_SET, POSSIBLY_UNBOUND, guarded, names
from shakeout.catalogue.names.fixes import (
    binding_in_front,
    declared_global,
    import_added,
    moved_up,
    remedy,
    without_line,
)
from shakeout.catalogue.names.missing import optional
from shakeout.catalogue.names.use import Use, use_of
from shakeout.evidence.patches import with_line_after
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown


@names.rule
def used_before_assignment(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The name is assigned only after it is used.

    ## What you see
    `UnboundLocalError: cannot access local variable 'x' where it is not associated with a value`, or a `NameError`
    for a name that the file does bind.

    ## Why it happens
    An assignment anywhere in a function makes the name local to all of it, so that the use before it finds nothing,
    also where the module has a name that is the same.
    Or a function is called before the module has come to the binding.

    ## How we know
    The scope, parsed: on every way to that line the binding is still to come.

    ## What to change
    Move the assignment up, or say `global` where the module's own name is meant.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "later" or use.lookup.bound is None:
        return
    bound = use.lookup.bound
    yield Because(
        UsedBeforeAssignment(unbound.unbound, use.at, use.locate(bound.line)),
        [use.quote(), use.quote(bound.line, note=f"binds '{unbound.unbound}'")],
        fix=_earlier(use, bound.line),
        strength=Strength.ENTAILED if use.lookup.deferred else Strength.OBSERVED,
    )


def _earlier(use: Use, line: int) -> Remedy:
    if not use.lookup.deferred:
        wider = declared_global(use)
        if wider is not None:
            return remedy(use, f"declare that '{use.name}' in {use.lookup.function} is the one further out", wider)
    return remedy(use, f"assign '{use.name}' before {use.at} uses it", moved_up(use, line))


@guarded(POSSIBLY_UNBOUND)
def bound_on_one_branch(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The name is bound only on some of the ways to its use.

    ## What you see
    `UnboundLocalError` or `NameError` now and then: with an empty list, on an error, where a setting is off.

    ## Why it happens
    The assignment stands in an `if`, a loop, a `try` or a `match` that did not run, and nothing binds the name else.

    ## How we know
    The scope, parsed: every way from its beginning to the use is followed, and some do not pass a binding.

    ## What to change
    Bind the name on every way. The patch binds it to `None` in front of the branch; put there what fits.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "on one branch" or use.lookup.bound is None or optional(use):
        return
    bound = use.lookup.bound
    after = binding_in_front(use, bound.line, f"{use.name} = None")
    yield Because(
        BoundOnOneBranch(unbound.unbound, use.at, use.locate(bound.line)),
        [use.quote(), use.quote(bound.line, note=f"binds '{unbound.unbound}'")],
        fix=remedy(use, f"bind '{use.name}' on every way to {use.at}", after),
    )


@names.rule
def name_deleted(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The name was bound, and deleted before it is used.

    ## What you see
    `name 'x' is not defined` below lines that do bind it.

    ## Why it happens
    `del x` unbinds a name, and so does the end of `except ... as x`.

    ## How we know
    The scope, parsed: a way to the use passes the deletion and no binding after it.

    ## What to change
    Take the `del` out, or keep what is needed under another name.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "deleted" or use.lookup.owner is None:
        return
    deletions = [line for name, line in use.lookup.owner.deleted if name == use.name]
    bound = use.lookup.bound
    line = max((one for one in deletions if one <= use.line or use.lookup.deferred), default=bound.line if bound else 0)
    if not line:
        return
    summary = f"keep '{use.name}' until {use.at} has used it"
    yield Because(
        NameDeleted(use.name, use.at, use.locate(line)),
        [use.quote(), use.quote(line, note="after which it is unbound")],
        fix=remedy(use, summary, without_line(use, line) if deletions else None),
    )


@guarded(GLOBAL_NEVER_SET)
def global_never_set(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    Only a function sets the module's name, and it had not run.

    ## What you see
    `name 'x' is not defined` in a function, while another one says `global x`.

    ## Why it happens
    `global x` binds nothing by itself; before the function that assigns it has been called, there is no `x`.

    ## How we know
    The file, parsed: the module binds the name nowhere but through `global` in a function.

    ## What to change
    Set the name in the module too. The patch sets it to `None`; put there what fits.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "global only" or use.lookup.bound is None:
        return
    line = use.lookup.bound.line
    after = with_line_after(use.source.text, use.source.import_line(), f"\n{use.name} = None")
    yield Because(
        GlobalNeverSet(use.name, use.at, use.locate(line)),
        [use.quote(), use.quote(line, note="sets it when called")],
        fix=remedy(use, f"set '{use.name}' in the module {use.path} too", after),
    )


@names.rule
def bound_in_another_scope(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    Another function of the file binds the name, and this one does not see it.

    ## What you see
    `name 'x' is not defined` in a file that does import or assign `x`.

    ## Why it happens
    What a function imports or assigns is its own, and so is the variable of a comprehension (Python 2 let it out).

    ## How we know
    The file, parsed: the only bindings of the name are in scopes that the lookup does not search.

    ## What to change
    Import it for the whole file, or hand it over as an argument.
    """
    use = use_of(unbound, repository)
    if use is None or use.reason != "another scope" or use.other_scope is None:
        return
    scope, line = use.other_scope
    bound = next(
        (item for area in use.source.scopes.areas for item in area.bound if (item.name, item.line) == (use.name, line)),
        None,
    )
    if bound is not None and bound.way == "import":
        fix = remedy(use, f"import '{use.name}' for the whole of {use.path}", import_added(use, bound.statement))
    else:
        fix = Remedy("words", f"hand '{use.name}' over to {use.lookup.function or 'the module'} as a value of its own")
    yield Because(
        BoundInAnotherScope(use.name, scope, use.at, use.locate(line)),
        [use.quote(), use.quote(line, note=f"binds '{use.name}' in {scope} only")],
        fix=fix,
        strength=Strength.ENTAILED,
    )


@names.rule
def order_change(
    early: UsedBeforeAssignment | BoundOnOneBranch | NameDeleted | GlobalNeverSet | BoundInAnotherScope,
    repository: Repository,
) -> Iterator[Because | Unknown]:
    """
    A commit wrote the use or the binding in this order.

    ## What you see
    A name that is used where it may not be bound yet.

    ## Why it happens
    One of the two lines was written later than the other, and only together they fail.

    ## How we know
    The file's history, parsed version by version: the newest commit before which the same use was sure to find the
    name. Where it never was, both lines are blamed, and the newer one made them fail together.

    ## What to change
    Bind the name on every path before its use.
    """
    other = early.deleted_at if isinstance(early, NameDeleted) else early.bound_at
    yield from change_of_order(early.unbound, early.at, other, repository)
