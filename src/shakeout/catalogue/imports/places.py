"""Where the file of a module that was not found is, was, or would have to be."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from shakeout.catalogue.imports.claims import ModuleAbsent
from shakeout.evidence import git
from shakeout.evidence.javascript import SCRIPTS
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.repository import Commit

_NODE_ENDS = ("", ".js", ".mjs", ".cjs", ".ts", ".json", "/index.js", "/index.ts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """
    `here` is the file where the repository has it, `former` where it had it, with the commit that ended that.

    `own` says that the module belongs to the repository's own code. `package` is what a package registry would call it.
    """

    node: bool
    package: str
    own: bool
    candidates: tuple[str, ...]
    here: str | None = None
    former: str | None = None
    commit: Commit | None = None


def place_of(absent: ModuleAbsent, modules: PythonModules) -> Place | None:
    """What the repository has of a module; None where nothing can be told."""
    if absent not in modules.remembered:
        modules.remembered[absent] = _place_of(absent, modules)
    found = modules.remembered[absent]
    return found if isinstance(found, Place) else None


def _place_of(absent: ModuleAbsent, modules: PythonModules) -> Place | None:
    importer = absent.at.path if absent.at else None
    node = (
        absent.node
        or "/" in absent.module
        or absent.module.startswith(".")
        or bool(importer and importer.endswith((".js", ".mjs", ".cjs", ".ts")))
    )
    if node:
        return _node(absent.module, importer, modules)
    here = modules.find(absent.module, importer)
    candidates = modules.candidates(absent.module, importer)
    top = absent.module.partition(".")[0]
    own = here is not None or ("." in absent.module and modules.find(top, importer) is not None)
    return _with_history(Place(node=False, package=top, own=own, candidates=candidates, here=here), modules)


def _node(name: str, importer: str | None, modules: PythonModules) -> Place | None:
    repository = modules.repository
    if name.startswith("."):
        base = posixpath.normpath(posixpath.join(posixpath.dirname(importer or ""), name))
    elif repository.is_folder(posixpath.dirname(name)) and posixpath.splitext(name)[1] in SCRIPTS:
        base = name
    elif name.startswith(("/", "file:")):
        parts = [part for part in name.removeprefix("file://").split("/") if part]
        tails = ["/".join(parts[start:]) for start in range(len(parts))]
        base = next(
            (tail for tail in tails if "/" in tail and repository.is_folder(posixpath.dirname(tail))), parts[-1]
        )
    else:
        scoped = name.split("/")
        package = "/".join(scoped[:2]) if name.startswith("@") else scoped[0]
        return Place(node=True, package=package, own=False, candidates=())
    candidates = tuple(f"{base}{end}" for end in _NODE_ENDS)
    here = next((path for path in candidates if repository.is_file(path)), None)
    return _with_history(Place(node=True, package=name, own=True, candidates=candidates, here=here), modules)


def _with_history(place: Place, modules: PythonModules) -> Place:
    """The place with the commit that took the file away, where one did."""
    repository = modules.repository
    if place.here is not None or not place.candidates:
        return place
    try:
        known = git.text(repository.folder, "rev-list", "-1", repository.commit, "--", *place.candidates).strip()
    except git.GitError:
        return place
    for path in place.candidates if known else ():
        commit = repository.change_of(path, lambda text: text is not None)
        if commit is not None:
            return Place(
                node=place.node, package=place.package, own=True, candidates=place.candidates, former=path,
                commit=commit,
            )  # fmt: skip
    return place
