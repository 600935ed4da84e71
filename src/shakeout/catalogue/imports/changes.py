"""The commits behind an import that fails."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.imports.claims import (
    CircularImport,
    ExportRemoved,
    ExportRenamed,
    ModuleAbsent,
    ModuleDeleted,
    ModuleMoved,
    NotCopied,
    PackageNotRequired,
    imports,
)
from shakeout.catalogue.imports.places import place_of
from shakeout.evidence.build_context import BuildContext
from shakeout.evidence.definitions import ended_by
from shakeout.evidence.dockerfile import Dockerfile
from shakeout.evidence.model import Locator
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.repository import Commit, Repository
from shakeout.evidence.requirements import distributions, read_requirements
from shakeout.why import Because
from shakeout.why.links import Unknown

_HISTORY = Unknown("the full history of this repository (`git fetch --unshallow`)")
_ELSEWHERE = Unknown("the repository or commit that the logs are of (`--at REVISION`): no commit here brought it about")

Broken = PackageNotRequired | ModuleMoved | ModuleDeleted | NotCopied | ExportRenamed | ExportRemoved | CircularImport


@imports.rule
def import_broken_by_commit(
    broken: PackageNotRequired
    | ModuleMoved
    | ModuleDeleted
    | NotCopied
    | ExportRenamed
    | ExportRemoved
    | CircularImport,
    modules: PythonModules,
    build: BuildContext,
) -> Iterator[Because | Unknown]:
    """
    A commit changed one side of an import and not the other.

    ## What you see
    An import that worked until a commit.

    ## Why it happens
    A module was moved, a name renamed, a requirement taken out, or an import written, and what belongs to it was not
    done in the same commit.

    ## How we know
    Each kind of cause has its own question to the history: after which commit is the file, the name, the requirement
    or the `COPY` gone; else which commit wrote the import. Renames are followed.

    ## What to change
    Do the other half of the change.
    """
    found = _change(broken, modules, build)
    if found is None:
        yield _HISTORY if modules.repository.shallow else _ELSEWHERE
        return
    commit, what = found
    yield Because(introduced(commit, what), [commit.evidence()])


def _change(broken: Broken, modules: PythonModules, build: BuildContext) -> tuple[Commit, str] | None:
    repository = modules.repository
    if isinstance(broken, ModuleMoved | ModuleDeleted):
        place = place_of(ModuleAbsent(broken.module, broken.at), modules)
        written = _written(broken.at, repository)
        if place is None or place.commit is None:
            return None
        if (
            written is not None
            and written.hash != place.commit.hash
            and (repository.is_ancestor(place.commit.hash, written.hash))
        ):
            return written, f"wrote the import of '{broken.module}', which was gone by then"
        done = f"moved it to {broken.now}" if isinstance(broken, ModuleMoved) else f"deleted {broken.path}"
        return place.commit, done
    if isinstance(broken, ExportRenamed | ExportRemoved):
        commit = ended_by(repository, broken.path, broken.name)
        done = f"renamed it to '{broken.now}'" if isinstance(broken, ExportRenamed) else f"removed '{broken.name}'"
        return (commit, done) if commit is not None else None
    if isinstance(broken, PackageNotRequired):
        return _requirement(broken, modules)
    if isinstance(broken, NotCopied):
        return _copy(broken, build, repository)
    return _circle(broken, modules)


def _written(at: Locator, repository: Repository) -> Commit | None:
    origin = repository.origin(at.path, at.line or 1)
    return origin.commit if origin is not None and not origin.boundary else None


def _requirement(broken: PackageNotRequired, modules: PythonModules) -> tuple[Commit, str] | None:
    """The commit that took the requirement out; else the one that wrote the first import of the package."""
    repository = modules.repository
    names = (broken.distribution, *distributions(broken.module)[0])

    def asks(text: str | None) -> bool:
        return any(name in names for name, group, _ in read_requirements(broken.at.path, text or "") if group == "main")

    commit = repository.change_of(broken.at.path, asks)
    if commit is not None:
        return commit, f"took {broken.distribution} out of {broken.at.path}"
    top = broken.module.partition(".")[0]
    lines = repository.grep(rf"^[[:space:]]*(import|from)[[:space:]]+{top}([. ]|$)|['\"]{broken.module}['\"]",
                            ["*.py", "*.js", "*.mjs", "*.ts"], fixed=False)  # fmt: skip
    written = [commit for at in lines[:20] if (commit := _written(at, repository)) is not None]
    if not written:
        return None
    first = written[0]
    for commit in written[1:]:
        if repository.is_ancestor(commit.hash, first.hash):
            first = commit
    return first, f"wrote the import of '{broken.module}' without asking for the package"


def _copy(broken: NotCopied, build: BuildContext, repository: Repository) -> tuple[Commit, str] | None:
    """The commit that took the copy out; else the one that put the file where nothing copies it."""
    image = next((one for one in build.images if one.dockerfile and one.dockerfile.path == broken.at.path), None)
    inside = image.inside(broken.path) if image is not None else None
    if inside is None:
        return None
    commit = repository.change_of(
        broken.at.path, lambda text: text is not None and bool(Dockerfile(text).places(inside))
    )
    added = repository.change_of(broken.path, lambda text: text is not None)
    if commit is not None and (added is None or not repository.is_ancestor(commit.hash, added.hash)):
        return commit, f"took {broken.path} out of what {broken.at.path} copies"
    return (added, f"added {broken.path} where {broken.at.path} copies nothing") if added is not None else None


def _circle(broken: CircularImport, modules: PythonModules) -> tuple[Commit, str] | None:
    """The newest of the commits that wrote the imports of the circle: without it there was none."""
    lines = [broken.at]
    target = next((one.path for one in modules.imports(broken.at.path) if one.at == broken.at), None)
    lines += [one.at for one in modules.way(target, broken.at.path)] if target else []
    written = [(at, _written(at, modules.repository)) for at in lines]
    known = [(at, commit) for at, commit in written if commit is not None]
    if len(known) < len(lines):
        return None
    newest_at, newest = known[0]
    for at, commit in known[1:]:
        if modules.repository.is_ancestor(newest.hash, commit.hash) and commit.hash != newest.hash:
            newest_at, newest = at, commit
    return newest, f"wrote the import at {newest_at}, which made the circle"
