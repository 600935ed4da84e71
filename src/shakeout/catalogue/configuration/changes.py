"""The commits behind a setting that is read at one place and not declared at the other."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.configuration.claims import (
    DeclaredForAnother,
    DeclaredNowhere,
    DeclaredUnderAnotherName,
    configuration,
)
from shakeout.evidence.configuration import read_configuration
from shakeout.evidence.repository import Commit, Repository
from shakeout.why import Because
from shakeout.why.links import Unknown


@configuration.rule
def setting_changed_by_commit(
    missing: DeclaredNowhere | DeclaredForAnother | DeclaredUnderAnotherName, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    A commit took the variable out of the configuration, or began to read it without declaring it.

    ## What you see
    A setting that is read at one place and not declared at the other.

    ## Why it happens
    Code and configuration were changed in different commits, and one of them is missing.

    ## How we know
    The history of the files that declare variables: the newest commit after which this one is no longer declared.
    Where it never was, the commit that wrote the line that reads it; where two lines disagree, the newer of them.

    ## What to change
    Do the other half of the change.
    """
    found = _commit(missing, repository)
    if found is None:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
        return
    commit, what = found
    yield Because(introduced(commit, what), [commit.evidence()])


def _commit(
    missing: DeclaredNowhere | DeclaredForAnother | DeclaredUnderAnotherName, repository: Repository
) -> tuple[Commit, str] | None:
    files = missing.files if isinstance(missing, DeclaredNowhere) else (missing.at.path,)
    scope = missing.service if isinstance(missing, DeclaredForAnother) else None
    read_at = missing.at if isinstance(missing, DeclaredNowhere) else missing.needed_at
    for path in files:

        def declares(text: str | None, path: str = path) -> bool:
            found = [one for one in read_configuration(path, text or "") if one.name == missing.variable]
            return any(scope is None or one.scope == scope for one in found)

        commit = repository.change_of(path, declares)
        if commit is not None:
            return commit, f"took {missing.variable} out of {path}"
    places = [read_at] if isinstance(missing, DeclaredNowhere | DeclaredForAnother) else [missing.at, read_at]
    origins = [repository.origin(at.path, at.line or 1) for at in places if at is not None]
    known = [origin for origin in origins if origin is not None and not origin.boundary]
    if not known or len(known) < len(origins):
        return None
    newest = known[0]
    for origin in known[1:]:
        if repository.is_ancestor(newest.commit.hash, origin.commit.hash):
            newest = origin
    return newest.commit, f"wrote {newest.path}:{newest.line}, and the other side was not changed with it"
