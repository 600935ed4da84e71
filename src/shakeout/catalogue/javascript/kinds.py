"""Files that Node.js reads as the other kind of module than they are written for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame, quoted
from shakeout.catalogue.imports.claims import NODE_STARTED, FileAbsentFromImage
from shakeout.catalogue.javascript.claims import KindDeclared, LoadedAsCommonJS, ReadAsOtherKind, javascript
from shakeout.evidence.build_context import BuildContext
from shakeout.evidence.javascript import SCRIPTS, uses
from shakeout.evidence.javascript_modules import kind_of, kind_word, package_of, type_in, written_for
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import unified, with_line_after
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Commit, Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown

_AS_COMMON = re.compile(
    r"Cannot use import statement outside a module|Unexpected token '?export'?"
    r"|Cannot use 'import\.meta' outside a module"
)
_AS_MODULE = re.compile(
    r"(?:require|module|exports|__dirname|__filename) is not defined(?: in ES module scope|\s*\Z|,)"
)
_LOADED = re.compile(
    r"require\(\) of ES Module (?P<what>\S{1,500}) from (?P<by>\S{1,500}) not supported"
    r"|Must use import to load ES Module: (?P<older>\S{1,500})"
)


@javascript.rule
def read_as_other_kind(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Iterator[Because]:
    """
    Node.js reads a file as the other kind of module than it is written for.

    ## What you see
    `SyntaxError: Cannot use import statement outside a module`, `Unexpected token 'export'`, or `ReferenceError:
    require is not defined in ES module scope`, while a service starts.

    ## Why it happens
    A `.js` file is an ES module or CommonJS by what the nearest package.json says, and not by what is written in it.

    ## How we know
    Node.js names the file and the line, and at the deployed commit that line has what only the other kind may have.

    ## What to change
    What decides on the kind, which the next link says, or the way in which the file is written.
    """
    first = raised.message.split("\n", 1)[0]
    if raised.simple_type == "SyntaxError" and _AS_COMMON.search(first):
        module = False
    elif raised.simple_type == "ReferenceError" and _AS_MODULE.match(first):
        module = True
    else:
        return
    at = own_frame(raised, paths, log)
    if at is None or at.line is None or not at.path.endswith(SCRIPTS) or _read_by_tool(raised, log):
        return
    text, name = paths.repository.text(at.path) or "", first.partition(" ")[0]
    if uses(text, at.line, name) if module else written_for(text, at.line):
        yield Because(ReadAsOtherKind(at.path, module, at), [*quoted(paths, at), *logged(raised, log)])


_TOOLS = re.compile(r"/(?:jest-runtime|@jest|ts-node|tsx|@babel/register|esbuild-register|@swc-node)/")


def _read_by_tool(raised: ExceptionRaised, log: ErrorLog | None) -> bool:
    """Whether a tool that has rules of its own read the file, and not Node.js."""
    occurrence = log.get(raised.key) if log is not None else None
    exceptions = occurrence.traceback.exceptions if occurrence is not None and occurrence.traceback is not None else ()
    return any(_TOOLS.search(f"/{frame.path}") for one in exceptions for frame in one.frames)


@javascript.rule
def loaded_as_common_js(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Iterator[Because]:
    """
    A script loads an ES module of the same repository with `require()`.

    ## What you see
    `Error [ERR_REQUIRE_ESM]: require() of ES Module /app/shared/rates.mjs from /app/run.js not supported`.

    ## Why it happens
    The module was rewritten or renamed, or its folder's package.json got `"type": "module"`, and who loads it did not
    change with it.

    ## How we know
    Node.js names both files, and both are the repository's. Of a package that is installed another rule speaks.

    ## What to change
    Load it with `import`, or keep the module CommonJS.
    """
    match = _LOADED.search(raised.message)
    if match is None:
        return
    path = paths.find((match["what"] or match["older"]).removeprefix("file://"))
    at = own_frame(raised, paths, log)
    if path is not None and at is not None and at.line is not None and path != at.path:
        yield Because(LoadedAsCommonJS(path, at), [*quoted(paths, at), *logged(raised, log)])


@javascript.rule(guard=NODE_STARTED)
def kind_declared(effect: ReadAsOtherKind | LoadedAsCommonJS, paths: SourcePaths) -> Iterator[Because]:
    """
    A package.json, or the file's own name, says which kind of module it is.

    ## What you see
    `"type": "module"` in a package.json above a file that uses `require`, or its absence above one that uses `import`.

    ## Why it happens
    `type` counts for every `.js` file below it. Put in, it makes ES modules of files that were CommonJS; taken out, or
    left out, it does the reverse. `.mjs` and `.cjs` decide for themselves.

    ## How we know
    The nearest package.json above the file at the deployed commit, or the file's ending, say what Node.js met.

    ## What to change
    Say the kind that the files are written for, or name this one `.mjs` or `.cjs`.
    """
    repository = paths.repository
    module = effect.module if isinstance(effect, ReadAsOtherKind) else True
    kind = kind_of(repository, effect.path)
    if kind is None or kind.module != module:
        return
    evidence = list(quoted(paths, kind.at)) if kind.decided != "ending" else []
    if kind.decided == "no type":
        evidence = [_saying_nothing(repository, kind.at)]
    yield Because(
        KindDeclared(effect.path, module, kind.decided, kind.at or effect.at, effect.at),
        [*evidence, *quoted(paths, effect.at)],
        fix=_fix(effect, module, kind.at, repository),
    )


@javascript.rule
def kind_not_in_image(effect: ReadAsOtherKind, build: BuildContext) -> Iterator[Because | Unknown]:
    """
    The package.json that says the kind is not where the program runs.

    ## What you see
    `Cannot use import statement outside a module`, although the repository's package.json says `"type": "module"`.

    ## Why it happens
    A last stage of a Dockerfile copies the scripts (often only `dist/`) and not the package.json above them. Without
    it, Node.js reads every `.js` file as CommonJS.

    ## How we know
    At the deployed commit the package.json says the kind that the file is written for. The image that has the file, by
    its Dockerfile and ignore file, does not have the package.json.

    ## What to change
    Copy the package.json too.
    """
    kind = kind_of(build.repository, effect.path)
    if kind is None or kind.module == effect.module or kind.decided == "ending" or kind.at is None:
        return
    package = kind.at.path
    holding = [image for image in build.of(effect.path) if image.dockerfile is not None]
    without = [image for image in holding if not build.holds(image, package)]
    quote = build.repository.quote(package, kind.at.line or 1)
    if without and quote is not None:
        yield Because(FileAbsentFromImage(package, without[0].name), [quote], strength=Strength.ENTAILED)
    else:
        yield Unknown("the package.json that the running program sees (another commit's, or another folder's)")


def _saying_nothing(repository: Repository, at: Locator | None) -> Evidence:
    """What shows that no `type` is given: the whole package.json, or the folder without one."""
    last = len(repository.lines(at.path)) if at is not None else 0
    whole = repository.quote(at.path, 1, min(last, 40), note="it says no `type`") if at is not None and last else None
    return whole or repository.absence("package.json")


def _fix(
    effect: ReadAsOtherKind | LoadedAsCommonJS, module: bool, at: Locator | None, repository: Repository
) -> Remedy:
    if isinstance(effect, LoadedAsCommonJS):
        return Remedy("words", f"load {effect.path} with import (or a dynamic `import()`) at {effect.at}")
    text = repository.text(at.path) if at is not None else None
    if (
        not module
        and at is not None
        and at.line is None
        and text
        and text.startswith("{\n")
        and _all_es(at, repository)
    ):
        indent = re.match(r"\{\n([ \t]*)", text)
        after = with_line_after(text, 1, f'{indent[1] if indent else "  "}"type": "module",')
        return Remedy("patch", f'say "type": "module" in {at.path}', patch=unified(at.path, text, after))
    other = "ES module (`import`)" if module else "CommonJS (`require`)"
    ending = ".cjs" if module else ".mjs"
    return Remedy("words", f"write {effect.path} as {other}, or let its name end with {ending}")


_LOOKED_AT = 300


def _all_es(at: Locator, repository: Repository) -> bool:
    """Whether no `.js` file that this package.json decides on is written for CommonJS."""
    folder = at.path.removesuffix("package.json")
    scripts = [path for path in repository.paths if path.startswith(folder) and path.endswith(".js")]
    if len(scripts) > _LOOKED_AT:
        return False
    for path in scripts:
        text = repository.text(path) or ""
        if package_of(repository, path) == at.path and any(
            written_for(text, number) is False for number in range(1, text.count("\n") + 2)
        ):
            return False
    return True


@javascript.rule
def kind_changed(declared: KindDeclared, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit changed the kind of the module, or wrote a line that does not fit it.

    ## What you see
    Below the line that decides, the commit after which the two no longer agreed.

    ## Why it happens
    One line of a package.json counts for every file below it; a rewrite of one file is easily forgotten there.

    ## How we know
    The history is asked for the newest commit before which the package.json said otherwise, and for the commit that
    wrote the line that does not fit (`git blame`). The younger of both is named.

    ## What to change
    Do the other half of the change.
    """
    written = repository.origin(declared.user.path, declared.user.line or 1)
    changed = _changed(declared, repository)
    if written is None or written.boundary:
        yield Unknown("the history of this repository (`git fetch --unshallow`)")
    elif changed is not None and (
        changed.hash == written.commit.hash or not repository.is_ancestor(changed.hash, written.commit.hash)
    ):
        yield Because(
            introduced(changed, f"made {declared.path} {kind_word(module=declared.module)}"), [changed.evidence()]
        )
    else:
        yield Because(introduced(written.commit, f"wrote {declared.user}"), [written.commit.evidence()])


def _changed(declared: KindDeclared, repository: Repository) -> Commit | None:
    """The commit by which the file became what it is read as; None where it never was anything else."""
    if declared.decided == "ending":
        before = repository.former_name(declared.path)
        other = before is not None and before[1].rpartition(".")[2] != declared.path.rpartition(".")[2]
        return before[0] if before is not None and other else None
    if not declared.at.path.endswith("package.json"):
        return None
    commit = repository.change_of(declared.at.path, lambda text: (type_in(text) == "module") is declared.module)
    return commit if commit is not None and commit.parents else None
