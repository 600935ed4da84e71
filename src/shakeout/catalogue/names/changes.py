"""Which commit it was: for a binding that went, and for lines that fail together."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.names.claims import NameUnbound
from shakeout.catalogue.names.history import change_of_state
from shakeout.catalogue.names.use import use_of
from shakeout.evidence.model import Locator
from shakeout.evidence.python_source import PythonSource
from shakeout.evidence.repository import Commit, Repository
from shakeout.why import Because
from shakeout.why.links import Unknown

FULL_HISTORY = "the full history of this repository (`git fetch --unshallow`)"


def change_of_loss(name: str, at: Locator, repository: Repository, lost_by: str) -> Iterator[Because | Unknown]:
    """The commit that took the binding out, else the one that wrote the use."""
    use = use_of(NameUnbound(name, at), repository)
    if use is None:
        return
    if use.lost is not None:
        yield _because(use.lost.commit, lost_by)
        return
    yield from change_of_use(name, at, repository, f"wrote the use of '{name}' without binding it")


def change_of_use(name: str, at: Locator, repository: Repository, what: str) -> Iterator[Because | Unknown]:
    """The commit that brought the line with the use into this file."""
    origin = repository.origin(at.path, at.line or 1)
    if origin is None or origin.boundary:
        yield Unknown(FULL_HISTORY)
        return
    commit = origin.commit
    if origin.path != at.path:
        # Blame leads to another file, where the line may have been right: what counts is when it came here.
        commit = change_of_state(repository, at.path, lambda source: _fails(source, name)) or commit
    yield _because(commit, what)


def change_of_order(name: str, at: Locator, bound_at: Locator, repository: Repository) -> Iterator[Because | Unknown]:
    """The commit after which the use may fail and before which it did not, else the newer of the two lines."""
    use = use_of(NameUnbound(name, at), repository)
    if use is None:
        return
    function = use.lookup.function

    def succeeds(source: PythonSource) -> bool:
        found = [one for one in source.lookups(name) if one.function == function and not one.annotation]
        return bool(found) and not any(one.fails for one in found)

    commit = change_of_state(repository, at.path, succeeds) if use.lookup.fails else None
    if commit is not None:
        yield _because(commit, f"left '{name}' unbound at that line on the way that it takes")
        return
    origins = [repository.origin(place.path, place.line or 1) for place in (at, bound_at)]
    known = [origin for origin in origins if origin is not None]
    if len(known) < 2 or any(origin.boundary for origin in known):
        yield Unknown(FULL_HISTORY)
        return
    newer = known[0] if repository.is_ancestor(known[1].commit.hash, known[0].commit.hash) else known[1]
    yield _because(newer.commit, f"wrote line {at.line if newer is known[0] else bound_at.line} of {at.path}")


def _fails(source: PythonSource, name: str) -> bool:
    return any(one.fails for one in source.lookups(name))


def _because(commit: Commit, what: str) -> Because:
    merged = " while merging" if len(commit.parents) > 1 else ""
    return Because(introduced(commit, f"{what}{merged}"), [commit.evidence()])
