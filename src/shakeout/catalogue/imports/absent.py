"""No module of that name: not asked for, moved, deleted, or never there."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator, Sequence

from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame, quoted
from shakeout.catalogue.imports.claims import (
    FileAbsentFromImage,
    FileNotThere,
    ModuleAbsent,
    ModuleDeleted,
    ModuleMoved,
    ModuleNeverCommitted,
    PackageNotRequired,
    RequiredOnlyFor,
    imports,
)
from shakeout.catalogue.imports.places import Place, place_of
from shakeout.catalogue.imports.products import made_by_build
from shakeout.catalogue.made import how_made, observed_of
from shakeout.evidence.build_context import BuildContext
from shakeout.evidence.image import Images, Made
from shakeout.evidence.javascript_modules import specifier_in
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import unified, with_line, with_line_after
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.requirements import Requirements, distributions
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

_PYTHON_TYPES = frozenset({"ModuleNotFoundError", "ImportError"})
_PYTHON = re.compile(r"No module named '?([\w.]+)'?")
_NODE = re.compile(
    r"(?:Cannot find (?:module|package)|Directory import) '([^'\n]{1,300})'"
    r"(?: is not supported resolving ES modules)?(?: imported from (\S{1,300}))?"
)
_OPENED = re.compile(r"(?:No such file or directory: |open ')'?([^'\n]{1,400})'|^([\w./-]+\.(?:html|txt|j2|jinja))$")


@imports.rule
def module_not_found(
    raised: ExceptionRaised, paths: SourcePaths, modules: PythonModules, log: ErrorLog | None
) -> Iterator[Because]:
    """
    A module is imported that the running program does not find.

    ## What you see
    `ModuleNotFoundError: No module named 'x'`, or `Cannot find module 'x'` from Node.js, mostly while a service starts.

    ## Why it happens
    The module is not installed, not in the image, or has another name by now.

    ## How we know
    The exception's own type and text, and the innermost frame that is the application's.

    ## What to change
    The next link says which of these it is.
    """
    name, importer = None, None
    python = raised.simple_type in _PYTHON_TYPES or raised.simple_type == "ImportModuleError"  # of AWS Lambda
    if python:
        match = _PYTHON.search(raised.message)
        name = match[1] if match else None
    elif match := _NODE.search(raised.message.split("\n", 1)[0]):
        name, importer = match[1], match[2]
    if name is None:
        return
    at = own_frame(raised, paths, log)
    if importer is not None:
        found = _import_of(name, importer.removeprefix("file://"), paths)
        name, at = found if found is not None else (name, at)
    if not python and at is not None and posixpath.basename(name) not in _row(modules, at):
        at = None  # the logs are of another commit, or the name is put together: this line does not say it
    named = None
    if python and at is not None and not any(re.search(rf"\b{part}\b", _row(modules, at)) for part in name.split(".")):
        # The line runs what imports it: a framework that takes names from settings, or a library of its own needs.
        at = named = _named(name, modules)
    evidence = (*quoted(paths, at), *logged(raised, log))
    if evidence:
        yield Because(ModuleAbsent(name, at, node=not python, named=named is not None), evidence)


def _named(module: str, modules: PythonModules) -> Locator | None:
    """The only line of Python that has a module's name as a text, or as the beginning of one (`INSTALLED_APPS`)."""
    form = re.compile(rf"['\"]{re.escape(module)}(?:['\"]|\.\w)")
    found = [at for at in modules.repository.grep(module, ["*.py"]) if form.search(_row(modules, at))]
    return found[0] if len(found) == 1 else None


_BUILT = frozenset({"dist", "build", "out", "lib", "output", ".next"})


def _import_of(name: str, importer: str, paths: SourcePaths) -> tuple[str, Locator] | None:
    """The name as the importing line has it, and that line; of a file that TypeScript made, of its source."""
    repository = paths.repository
    path = paths.find(importer) or _source_of(importer, repository.paths)
    tail = posixpath.basename(name.rstrip("/")) if name.startswith(("/", "file:", ".")) else name
    for number, row in enumerate(repository.lines(path) if path is not None else (), 1):
        written = specifier_in(row, tail) or (tail if re.search(rf"['\"]{re.escape(tail)}[/'\"]", row) else None)
        if path is not None and written is not None and re.search(r"\b(?:import|export|from)\b", row):
            at = Locator(source="file", path=path, line=number, commit=repository.commit)
            return (written if written.startswith(".") else name), at
    return None


def _source_of(made: str, known: Sequence[str]) -> str | None:
    """The one TypeScript file of the repository of which a file below `dist/` and the like may have been made."""
    parts = made.split("/")
    starts = [number for number, part in enumerate(parts) if part in _BUILT]
    if not starts:
        return None
    inner = posixpath.splitext("/".join(parts[starts[-1] + 1 :]))[0].removeprefix("src/")
    ends = tuple(f"/{inner}{ending}" for ending in (".ts", ".mts", ".tsx"))
    found = [path for path in known if f"/{path}".endswith(ends)]
    return found[0] if len(found) == 1 else None


def _row(modules: PythonModules, at: Locator) -> str:
    rows = modules.repository.lines(at.path)
    return rows[at.line - 1] if at.line is not None and 1 <= at.line <= len(rows) else ""


@imports.rule
def data_file_not_found(raised: ExceptionRaised, paths: SourcePaths, log: ErrorLog | None) -> Iterator[Because]:
    """
    The program opens a file of the repository that is not there where it runs.

    ## What you see
    `FileNotFoundError: [Errno 2] No such file or directory`, or `TemplateNotFound`, for a file that everyone has.

    ## Why it happens
    The file is in the repository and was not put into the image.

    ## How we know
    The path in the exception's text leads to exactly one file of the repository at the deployed commit.

    ## What to change
    Put the file into the image; the next links say what keeps it out.
    """
    if raised.simple_type not in {"FileNotFoundError", "TemplateNotFound", "TemplateDoesNotExist", "Error"}:
        return
    match = _OPENED.search(raised.message)
    path = paths.find(match[1] or match[2]) if match else None
    if path is not None and (match is None or raised.simple_type != "Error" or "ENOENT" in raised.message):
        at = own_frame(raised, paths, log)
        evidence = (*quoted(paths, at), *logged(raised, log))
        if evidence:
            yield Because(FileNotThere(path), evidence)


def _of_the_same_name(module: str, modules: PythonModules) -> str | None:
    """A file of the repository that the module may be, if only its folder were searched."""
    ends = (f"/{module.replace('.', '/')}.py", f"/{module.replace('.', '/')}/__init__.py")
    return next((path for path in modules.repository.paths if f"/{path}".endswith(ends)), None)


@imports.rule
def package_not_required(
    absent: ModuleAbsent, modules: PythonModules, requirements: Requirements, paths: SourcePaths
) -> Iterator[Because | RuledOut | Unknown]:
    """
    A package is imported that no requirements file asks for.

    ## What you see
    `No module named 'requests'`, for a package that is installed on every developer's machine.

    ## Why it happens
    The import was written, or the requirement was taken out, and nobody built from a clean start.
    Or the package is asked for only in the group for development and tests.

    ## How we know
    The module is no file of the repository and never was, and not one of the requirements files that stand nearest to
    the importing file names a package that may provide it.
    Where the package's name is not a well-known one, it is taken to be the module's, and the report says so.

    ## What to change
    Ask for the package; the patch adds it without a version where the file is a plain list.
    """
    place = place_of(absent, modules)
    if place is None or place.own or absent.module.partition(".")[0] in sys.stdlib_module_names:
        return
    if made_by_build(absent, modules) is not None:
        return
    names, assumed = ((place.package,), False) if place.node else distributions(absent.module)
    same = _of_the_same_name(absent.module, modules) if assumed and not place.node else None
    if same is not None:
        yield Unknown(f"the folders that the program searches for modules (`sys.path` there; {same} has that name)")
        return
    files = requirements.files_for(absent.at.path if absent.at else None, node=place.node)
    if not files:
        yield Unknown("the file that says which packages are installed (none stands near the importing file)")
        return
    near = [item for item in requirements.all if item.at.path in files]
    asked = [item for item in near if item.name in names]
    imported = quoted(paths, absent.at, note="imports it")
    main = [item for item in asked if item.group == "main"]
    if main:
        seen = quoted(paths, main[0].at)
        yield RuledOut(f"{main[0].at.path} does not ask for {main[0].name}", seen or imported)
        yield Unknown("what is installed in the image (`pip freeze` there)")
        return
    if asked:
        item = asked[0]
        yield Because(
            RequiredOnlyFor(absent.module, item.name, item.group, item.at),
            (*quoted(paths, item.at), *imported),
            strength=Strength.ENTAILED,
        )
        return
    locked = requirements.locked(names)
    if locked is not None:
        yield Unknown(f"what is installed in the image ({locked} has the package, no requirement asks for it)")
        return
    file = next(
        (path for path in files if any(item.at.path == path and item.group == "main" for item in near)), files[0]
    )
    text = modules.repository.text(file) or ""
    evidence = [*imported]
    rows = [item.at.line or 1 for item in near if item.at.path == file]
    if rows:
        listed = modules.repository.quote(file, min(rows), max(rows), note=f"all that {file} asks for; no {names[0]}")
        evidence += [listed] if listed is not None else []
    else:
        evidence.append(modules.repository.absence(f"{file}#{names[0]}"))
    fix = Remedy("words", f"ask for {names[0]} in {file}")
    if file.endswith((".txt", ".in")):
        after = with_line_after(text, len(text.rstrip("\n").split("\n")) if text.strip() else 0, names[0])
        fix = Remedy("patch", f"ask for {names[0]} in {file}", patch=unified(file, text, after))
    at = Locator(source="file", path=file, commit=modules.repository.commit)
    yield Because(
        PackageNotRequired(absent.module, names[0], assumed, at), evidence, strength=Strength.ENTAILED, fix=fix
    )


@imports.rule
def module_moved_or_deleted(absent: ModuleAbsent, modules: PythonModules, paths: SourcePaths) -> Iterator[Because]:
    """
    The module was renamed, moved or deleted, and an import kept its old name.

    ## What you see
    `No module named 'shop.prices'` after a refactor, often from a file that only runs in production.

    ## Why it happens
    Not every import was changed together with the file.

    ## How we know
    A file of that name was in the repository, and a commit ended that; where the same commit has the file under another
    name, it was moved. Where no commit ever had it, although its package is the repository's, it was never committed.

    ## What to change
    Import the module by its new name (the patch does it on that line), or bring it back.
    """
    place = place_of(absent, modules)
    if place is None or place.here is not None or absent.at is None or made_by_build(absent, modules) is not None:
        return
    imported = quoted(paths, absent.at)
    if place.former is not None and place.commit is not None:
        evidence = (*imported, place.commit.evidence())
        now = modules.renamed_by(place.commit, place.former)
        if now is None:
            yield Because(ModuleDeleted(absent.module, place.former, absent.at), evidence)
        else:
            yield Because(
                ModuleMoved(absent.module, now, absent.at), evidence, fix=_import_from(absent, now, modules, place)
            )
    elif place.own and imported:
        seen = modules.repository.absence(place.candidates[0])
        yield Because(ModuleNeverCommitted(absent.module, absent.at), (*imported, seen), strength=Strength.ENTAILED)


def _import_from(absent: ModuleAbsent, now: str, modules: PythonModules, place: Place) -> Remedy | None:
    """The patch that imports the module by the name that it has now."""
    if absent.at is None or absent.at.line is None or place.node:
        return None
    text = modules.repository.text(absent.at.path) or ""
    row = text.split("\n")[absent.at.line - 1] if absent.at.line <= text.count("\n") + 1 else ""
    root = (place.former or "").removesuffix(".py").removesuffix("/__init__")
    base = root.removesuffix(absent.module.replace(".", "/"))
    name = now.removesuffix(".py").removesuffix("/__init__").removeprefix(base).replace("/", ".")
    corrected = re.sub(rf"\b{re.escape(absent.module)}\b", name, row)
    if corrected == row:
        return None
    patch = unified(absent.at.path, text, with_line(text, absent.at.line, corrected))
    return Remedy("patch", f"import {name} at {absent.at}", patch=patch)


@imports.rule
def file_missing_from_image(
    absent: ModuleAbsent | FileNotThere,
    modules: PythonModules,
    build: BuildContext,
    paths: SourcePaths,
    images: Images | None,
) -> Iterator[Because | Unknown]:
    """
    The file is in the repository and not in the image.

    ## What you see
    A module or a data file is there on every developer's machine and missing where the program runs.

    ## Why it happens
    An image holds what its Dockerfile copies out of the build context, and an ignore file makes that smaller.

    ## How we know
    The file is in the tree at the deployed commit. The Dockerfile's `COPY` instructions and the ignore file's
    patterns, read by Docker's own rules, do not put it into the image that has the importing file.
    Where the image itself was looked into, the listing of its files has no such file either.

    ## What to change
    What keeps the file out, which the next link says.
    """
    if isinstance(absent, FileNotThere):
        path: str | None = absent.path
        importer = None
    else:
        place = place_of(absent, modules)
        path = place.here if place else None
        importer = absent.at.path if absent.at else None
    if path is None:
        return
    holding = build.images
    if importer:
        holding = tuple(image for image in holding if build.holds(image, importer, how_made(image, images)))
    without = [image for image in holding if not build.holds(image, path, how_made(image, images))]
    if not without:
        not_seen = [image for image in holding if how_made(image, images) == Made()]
        kept_out = [found for image in not_seen if (found := build.excluded(image, path, Made(builder="podman")))]
        if kept_out:
            yield Unknown(
                f"which builder made the image (Podman and Docker's classic one keep {path} out by {kept_out[0][0]}, "
                "since they do not look into a folder that is kept out; BuildKit does)"
            )
            return
        yield Unknown("how modules are looked up in the image (its working folder, PYTHONPATH, what was installed)")
        return
    seen = modules.repository.quote(path, 1, note="the file's first line, in the repository") or (
        modules.repository.absence(path)
    )
    at = absent.at if isinstance(absent, ModuleAbsent) else None
    for image in without[:3]:
        observed = observed_of(image, images)
        if observed is not None and observed.ending(image.inside(path) or path):
            continue  # it is there, whatever the Dockerfile seems to say
        strength = Strength.ENTAILED if observed is None else Strength.OBSERVED
        listed = () if observed is None else observed.absence(f"/{image.inside(path) or path}")
        yield Because(FileAbsentFromImage(path, image.name), (*quoted(paths, at), seen, *listed), strength=strength)
