"""Installed packages that are not what a line takes them for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame, quoted
from shakeout.catalogue.imports.claims import NODE_STARTED
from shakeout.catalogue.javascript.claims import PackageAskedFor, PackageDoesNotFit, javascript
from shakeout.evidence.javascript_modules import package_named
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.evidence.requirements import Requirements
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown

_INSTALLED = r"\S{0,500}node_modules/(?P<package>(?:@[^/\s]{1,100}/)?[^/\s]{1,200})"
_LOADED = re.compile(
    rf"(?:require\(\) of ES Module|Must use import to load ES Module:) {_INSTALLED}/\S{{1,500}}"
    r"(?: from (?P<by>\S{1,500}))?"
)
_WITHIN = re.compile(
    rf"(?:Package subpath '(?P<sub>[^'\n]{{1,300}})' is not defined by \"exports\"|No \"exports\" main defined) in "
    rf"{_INSTALLED}/package\.json(?: imported from (?P<by>\S{{1,500}}))?"
)


@javascript.rule
def package_does_not_fit(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Iterator[Because]:
    """
    An installed package cannot be loaded as a line does it, or does not offer what the line asks of it.

    ## What you see
    `ERR_REQUIRE_ESM: require() of ES Module /app/node_modules/x/index.js from /app/send.js not supported`, or
    `ERR_PACKAGE_PATH_NOT_EXPORTED: Package subpath './lib/y' is not defined by "exports"`.

    ## Why it happens
    A new major version of a package became an ES module, or closed its inner files to others.

    ## How we know
    Node.js names the package's file and the file that loads it, which is the repository's, and a line of it names the
    package. A package that another package loads is left alone.

    ## What to change
    The way in which it is loaded, or the version that is asked for; the next link says where.
    """
    text = raised.message
    match = _LOADED.search(text) or _WITHIN.search(text)
    if match is None:
        return
    at = _user(raised, match["by"], match["package"], paths, log)
    if at is None:
        return
    sub = match.groupdict().get("sub")
    how = f"does not offer '{sub}'" if sub else "cannot be loaded with require()"
    yield Because(PackageDoesNotFit(match["package"], how, at), [*quoted(paths, at), *logged(raised, log)])


def _user(
    raised: ExceptionRaised, by: str | None, package: str, paths: SourcePaths, log: ErrorLog | None
) -> Locator | None:
    """The application's line that loads the package; None where the application does not load it itself."""
    path = paths.find(by.removeprefix("file://")) if by is not None else None
    at = own_frame(raised, paths, log) if by is None or path is not None else None
    if path is not None and (at is None or at.path != path):
        at = Locator(source="file", path=path, commit=paths.repository.commit)
    if at is None:
        return None
    rows = paths.repository.lines(at.path)
    names = re.compile(rf"['\"]{re.escape(package)}(?:/[^'\"\n]*)?['\"]")
    if at.line is not None and at.line <= len(rows) and names.search(rows[at.line - 1]):
        return at
    line = next((number for number, row in enumerate(rows, 1) if names.search(row)), None)
    return Locator(source="file", path=at.path, line=line, commit=at.commit) if line is not None else None


@javascript.rule(guard=NODE_STARTED)
def package_asked_for(
    effect: PackageDoesNotFit, requirements: Requirements, paths: SourcePaths
) -> Iterator[Because | Unknown]:
    """
    A package.json asks for a version of the package that cannot be used as a line does it.

    ## What you see
    A raised version in `dependencies`, or a new `require` of a package that has been an ES module for years.

    ## Why it happens
    The version and the line that loads the package are changed at different times.

    ## How we know
    The package.json that stands nearest above the file asks for the package. That what it asks for is what is installed
    follows from how installers work; a lock file beside it may narrow it.

    ## What to change
    Load it with `import`, or ask for a version that has CommonJS; of a closed inner file, use what the package offers.
    """
    files = requirements.files_for(effect.at.path, node=True)
    asked = [item for item in requirements.all if item.at.path in files and item.name == package_named(effect.package)]
    if not asked:
        yield Unknown(f"which package brings {effect.package} (`npm ls {effect.package}`): no package.json asks for it")
        return
    at = asked[0].at
    remedy = (
        f"load {effect.package} with a dynamic `import()` at {effect.at}, or ask for a version with CommonJS at {at}"
        if "require" in effect.how
        else f"use what {effect.package} offers at {effect.at}, or ask for another version at {at}"
    )
    yield Because(
        PackageAskedFor(effect.package, effect.how, at, effect.at),
        [*quoted(paths, at), *quoted(paths, effect.at)],
        strength=Strength.ENTAILED,
        fix=Remedy("words", remedy),
    )


@javascript.rule
def package_changed(asked: PackageAskedFor, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit raised the version, or wrote the line that loads the package so.

    ## What you see
    Below the line of the package.json, the commit after which the two no longer agreed.

    ## Why it happens
    A new major version was taken without its list of changes, or an example was copied that is of another version.

    ## How we know
    `git blame` of the line that asks for the package, and of the line that loads it; the younger is named.

    ## What to change
    Do the other half of the change.
    """
    origins = [repository.origin(at.path, at.line or 1) for at in (asked.at, asked.user)]
    if any(origin is None or origin.boundary for origin in origins):
        yield Unknown("the history of this repository (`git fetch --unshallow`)")
        return
    version, user = (origin.commit for origin in origins if origin is not None)
    if repository.is_ancestor(version.hash, user.hash):
        yield Because(introduced(user, f"wrote {asked.user}"), [user.evidence()])
    else:
        yield Because(introduced(version, f"wrote {asked.at}"), [version.evidence()])
