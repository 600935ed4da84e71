"""Which commit it was after which a name was missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.javascript.claims import ExportMissing, ScriptNameUndeclared, javascript
from shakeout.evidence.javascript import exports, may_declare
from shakeout.evidence.repository import Repository
from shakeout.why import Because
from shakeout.why.links import Unknown


@javascript.rule
def script_name_lost(
    missing: ExportMissing | ScriptNameUndeclared, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    A commit took the name out, or wrote a use of it that never had one.

    ## What you see
    Below the line that uses the name, the commit after which it was missing.

    ## Why it happens
    A file was tidied or a name changed, and the use of it stayed; or the use was new and the name was not there.

    ## How we know
    The history is asked for the newest commit before which the file had the name. Where the using line is younger than
    that, or the name was never there, it is the commit that wrote the line (`git blame`).

    ## What to change
    Put the name back, or change the use.
    """
    at = missing.at
    origin = repository.origin(at.path, at.line or 1)
    if origin is None:
        yield Unknown("the history of this repository (`git fetch --unshallow`)")
        return
    path, there, what = _asked(missing)
    lost = repository.change_of(path, there)
    if lost is not None and (
        lost.hash == origin.commit.hash or not repository.is_ancestor(lost.hash, origin.commit.hash)
    ):
        yield Because(introduced(lost, what), [lost.evidence()])
    elif origin.boundary or (lost is None and repository.shallow):
        yield Unknown("the history before the oldest commit here (`git fetch --unshallow`)")
    else:
        yield Because(introduced(origin.commit, f"wrote the use of '{missing.name}'"), [origin.commit.evidence()])


def _asked(missing: ExportMissing | ScriptNameUndeclared) -> tuple[str, Callable[[str | None], bool], str]:
    """The file that should have the name, whether a text of it has it, and what it means that it no longer has."""
    name = missing.name
    if isinstance(missing, ExportMissing):
        return (
            missing.module,
            lambda text: text is not None and ((known := exports(text)) is None or name in known),
            f"took the export of '{name}' out of {missing.module}",
        )
    return (
        missing.at.path,
        lambda text: text is not None and may_declare(text, name),
        f"took the declaration of '{name}' out of {missing.at.path}",
    )
