"""Imports of files that are there, under a name that is written otherwise."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.frames import quoted
from shakeout.catalogue.imports.claims import NODE_STARTED, ModuleAbsent
from shakeout.catalogue.imports.places import place_of
from shakeout.catalogue.javascript.claims import EndingLeftOut, LettersDiffer, javascript
from shakeout.evidence.javascript_modules import kind_of, specifier_in
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy
from shakeout.why.links import Unknown

_TYPED = re.compile(r"\.([cm]?)tsx?$")
_MODULES = (".mjs", ".mts", ".ts", ".tsx")


@javascript.rule(guard=NODE_STARTED)
def ending_left_out(absent: ModuleAbsent, modules: PythonModules, paths: SourcePaths) -> Iterator[Because]:
    """
    An ES module imports a file without the ending of its name.

    ## What you see
    `ERR_MODULE_NOT_FOUND: Cannot find module '/app/src/lib/price'`, or `ERR_UNSUPPORTED_DIR_IMPORT`, for a file that is
    there: `price.js`, or `lib/index.js`.

    ## Why it happens
    `require()` and bundlers try endings and `index.js`; Node.js's own ES modules name a file in full. It shows when a
    package becomes `"type": "module"`, or when TypeScript's output is run as it is.

    ## How we know
    Node.js names what it looked for and the importing file, which is an ES module. At the deployed commit a line of it
    imports just that, and with an ending, or `/index`, it is a file of the repository.

    ## What to change
    The name on that line; the patch does it. In TypeScript too the name ends with `.js`, that of what is made of it.
    """
    place = place_of(absent, modules)
    written, at = _written(absent, modules.repository)
    if place is None or not place.node or place.here is None or written is None or at is None:
        return
    kind = kind_of(modules.repository, at.path)
    base = posixpath.normpath(posixpath.join(posixpath.dirname(at.path), written))
    tail = place.here.removeprefix(base)
    if not (at.path.endswith(_MODULES) or (kind is not None and kind.module)):
        return
    if not place.here.startswith(base) or not tail or not re.fullmatch(r"(?:/index)?\.[cm]?[jt]sx?", tail):
        return
    full = written.rstrip("/") + _TYPED.sub(r".\1js", tail)
    file = modules.repository.quote(place.here, 1, note="the file's first line, in the repository")
    yield Because(
        EndingLeftOut(written, place.here, at),
        [*quoted(paths, at), *([file] if file is not None else [])],
        fix=_renamed(modules.repository, at, written, full),
    )


@javascript.rule(guard=NODE_STARTED)
def letters_differ(absent: ModuleAbsent, modules: PythonModules, paths: SourcePaths) -> Iterator[Because]:
    """
    An import and the file that it means differ in capital letters.

    ## What you see
    `Cannot find module './Header'` in the container, and nothing on the machines of those who wrote it.

    ## Why it happens
    The file systems of macOS and Windows do not tell `header.js` from `Header.js`; that of the container does. git
    does not notice either when a file is renamed so.

    ## How we know
    No file of the repository has the name that the line writes, and exactly one has it in other capital letters.

    ## What to change
    Write the name as the file has it; the patch does that.
    """
    place = place_of(absent, modules)
    written, at = _written(absent, modules.repository)
    if place is None or not place.node or place.here is not None or written is None or at is None:
        return
    wanted = {path.lower(): path for path in place.candidates}
    found = [path for path in modules.repository.paths if path.lower() in wanted]
    if len(found) != 1:
        return
    (path,) = found
    base = posixpath.normpath(posixpath.join(posixpath.dirname(at.path), written))
    asked = wanted[path.lower()]
    full = posixpath.relpath(path[: len(base)], posixpath.dirname(at.path) or ".")
    full = full if full.startswith(".") else f"./{full}"
    yield Because(
        LettersDiffer(written, path, at),
        [*quoted(paths, at), *_listed(modules.repository, path, asked)],
        fix=_renamed(modules.repository, at, written, full),
    )


@javascript.rule
def letters_changed(differ: LettersDiffer, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit renamed the file, or wrote the import in other letters.

    ## What you see
    Below the line, the commit after which the import and the file no longer had the same name.

    ## Why it happens
    The rename was tried where it made no difference.

    ## How we know
    The history of the file says when it got its name, and `git blame` when the line was written; the younger counts.

    ## What to change
    Do the other half of the change.
    """
    written = repository.origin(differ.at.path, differ.at.line or 1)
    renamed = repository.former_name(differ.path)
    if written is None or written.boundary:
        yield Unknown("the history of this repository (`git fetch --unshallow`)")
    elif renamed is not None and not repository.is_ancestor(renamed[0].hash, written.commit.hash):
        yield Because(introduced(renamed[0], f"renamed {renamed[1]} to {differ.path}"), [renamed[0].evidence()])
    else:
        yield Because(introduced(written.commit, f"wrote {differ.at}"), [written.commit.evidence()])


def _written(absent: ModuleAbsent, repository: Repository) -> tuple[str | None, Locator | None]:
    """The relative name that the importing line has, and that line."""
    at = absent.at
    rows = repository.lines(at.path) if at is not None else ()
    if at is None or at.line is None or not 1 <= at.line <= len(rows):
        return None, None
    written = specifier_in(rows[at.line - 1], posixpath.basename(absent.module.rstrip("/")))
    return (written, at) if written is not None and written.startswith(".") else (None, None)


def _listed(repository: Repository, path: str, asked: str) -> tuple[Evidence, ...]:
    """What is in the file's folder, which shows the file and not the name that is asked for."""
    seen = repository.absence(asked) if repository.is_folder(posixpath.dirname(asked)) else None
    first = repository.quote(path, 1, note="the file's first line, in the repository")
    return tuple(piece for piece in (seen, first) if piece is not None)


def _renamed(repository: Repository, at: Locator, written: str, full: str) -> Remedy:
    text = repository.text(at.path) or ""
    row = text.split("\n")[(at.line or 1) - 1]
    patch = unified(at.path, text, with_line(text, at.line or 1, row.replace(written, full, 1)))
    return Remedy("patch", f"import '{full}' at {at}", patch=patch)
