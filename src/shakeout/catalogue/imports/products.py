"""Files that a build should have made, and that nobody made."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame, quoted
from shakeout.catalogue.imports.claims import (
    BuildProductAbsent,
    BuildStepNotRun,
    ModuleAbsent,
    NameNotExported,
    imports,
)
from shakeout.evidence.build_context import BuildContext, Image
from shakeout.evidence.build_products import Product, product
from shakeout.evidence.dockerfile import Dockerfile
from shakeout.evidence.model import Locator
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown

_OPENED = re.compile(
    r"(?:No such file or directory:? |open ')'?(?P<path>[^'\n]{1,400})'"
    r"|Failed opening required '(?P<php>[^'\n]{1,400})'|Could not find file '(?P<net>[^'\n]{1,400})'"
)
_ENDINGS = ("", ".js", ".mjs", ".cjs", "/index.js")


def made_by_build(absent: ModuleAbsent, modules: PythonModules) -> Product | None:
    """The product that a module which was not found is, where the repository says that a build makes it."""
    key = ("product", absent)
    if key not in modules.remembered:
        modules.remembered[key] = _product_of(absent, modules)
    found = modules.remembered[key]
    return found if isinstance(found, Product) else None


def _product_of(absent: ModuleAbsent, modules: PythonModules) -> Product | None:
    if not absent.node:
        candidates = modules.candidates(absent.module, absent.at.path if absent.at else None)
    elif absent.module.startswith((".", "/", "file:")):
        importer = absent.at.path if absent.at is not None else ""
        name = absent.module.removeprefix("file://")
        base = posixpath.join(posixpath.dirname(importer), name) if name.startswith(".") else name
        candidates = tuple(f"{posixpath.normpath(base)}{ending}" for ending in _ENDINGS)
    else:
        return None
    return next((found for path in candidates[:40] if (found := product(modules.repository, path)) is not None), None)


@imports.rule
def build_product_absent(
    effect: ModuleAbsent | NameNotExported | ExceptionRaised,
    modules: PythonModules,
    paths: SourcePaths,
    log: ErrorLog | None,
) -> Iterator[Because]:
    """
    A file that a build makes was not there when the program ran.

    ## What you see
    `Cannot find module '/app/dist/main.js'`, `No module named 'prices_pb2'`, `No such file or directory:
    '/app/static/manifest.json'`: files that everyone has who ran the build once.

    ## Why it happens
    What a build makes is kept out of the repository, and the image was built, or the program started, without it.

    ## How we know
    The file is not in the repository at the deployed commit, a line of a `.gitignore` keeps it out, and a step of the
    repository makes it: a script of a package.json whose output is its folder, a target or a task that writes it, a
    generator of such files. A file that is ignored and made by no step is left alone.

    ## What to change
    Run the step before the program starts; the next link says where it is not run.
    """
    at = own_frame(effect, paths, log) if isinstance(effect, ExceptionRaised) else effect.at
    if isinstance(effect, ModuleAbsent):
        found = made_by_build(effect, modules)
        evidence = list(quoted(paths, at))
    elif isinstance(effect, NameNotExported):
        # `from shop import prices_pb2` asks for a module of the package.
        package = effect.path.removesuffix("/__init__.py") if effect.path.endswith("/__init__.py") else None
        found = product(modules.repository, f"{package}/{effect.name}.py") if package is not None else None
        evidence = list(quoted(paths, at))
    else:
        match = _OPENED.search(effect.message)
        opened = next((path for path in match.groups() if path), None) if match is not None else None
        found = product(modules.repository, opened) if opened is not None else None
        evidence = [*quoted(paths, at), *logged(effect, log)]
    if found is not None:
        evidence += [
            *quoted(paths, found.ignored, "keeps it out of the repository"),
            *quoted(paths, found.at, "makes it"),
        ]
        yield Because(BuildProductAbsent(found.path, found.step, found.at, at), evidence, strength=Strength.ENTAILED)


@imports.rule
def build_step_not_run(
    absent: BuildProductAbsent, build: BuildContext, paths: SourcePaths
) -> Iterator[Because | Unknown]:
    """
    The Dockerfile does not run the step that makes a file.

    ## What you see
    An image that builds, and a program in it that does not find `dist/` or generated code.

    ## Why it happens
    The step was run by hand, or by a job that is no more; on the machines of those who wrote it its output was there.

    ## How we know
    No `RUN` of the Dockerfile, and no script that it starts with, runs the step or its tool. Where another stage runs
    it, the last stage has to copy what it makes; where that is so, nothing is said.

    ## What to change
    Run the step in the Dockerfile, behind what it needs.
    """
    repository = build.repository
    found = product(repository, absent.path)
    images = [image for image in build.images if image.dockerfile is not None]
    holding = [image for image in images if absent.user is not None and build.holds(image, absent.user.path)] or images
    if found is None or len(holding) != 1:
        yield Unknown("what builds and starts this (several Dockerfiles, or none, could)")
        return
    (image,) = holding
    dockerfile = image.dockerfile
    if dockerfile is None or not dockerfile.stages or _runs(dockerfile, image, found, repository):
        yield Unknown("what the image holds, and how it was built (its Dockerfile runs the step, or copies its output)")
        return
    last = dockerfile.chain[0]
    lines = [*(one.line for one in last.runs), *(one.line for one in last.copies)] or [last.line]
    at = Locator(source="file", path=dockerfile.path, line=max(lines), commit=repository.commit)
    steps = [
        Locator(source="file", path=dockerfile.path, line=line, commit=repository.commit) for line in sorted(lines)
    ]
    evidence = [piece for step in steps[:4] for piece in quoted(paths, step)]
    yield Because(
        BuildStepNotRun(absent.path, found.step, at, found.at),
        [*evidence, *quoted(paths, found.at, "makes it")],
        strength=Strength.ENTAILED,
        fix=Remedy("words", f"run `{found.step}` in {dockerfile.path}, behind the copy of what it needs"),
    )


def _runs(dockerfile: Dockerfile, image: Image, found: Product, repository: Repository) -> bool:
    """Whether the image may have the product: the step is run in it, or its output is copied, or it starts with it."""
    if any(found.called.search(run.text) for stage in dockerfile.stages for run in stage.runs):
        return True
    top = (image.inside(found.path) or found.path).split("/")[0]
    for stage in dockerfile.chain:
        for copy in stage.copies:
            if any(top in source.split("/") for source in copy.sources):
                return True  # it is built before the image is, by something else
    words = " ".join(one.text for one in dockerfile.start)
    scripts = [path for path in repository.paths if path.endswith(".sh") and posixpath.basename(path) in words]
    return found.called.search(words) is not None or any(
        found.called.search(repository.text(path) or "") for path in scripts
    )


@imports.rule
def build_step_dropped(missing: BuildStepNotRun, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit took the step out of the Dockerfile, or the file out of the repository.

    ## What you see
    Below the Dockerfile, the commit after which nothing made the file.

    ## Why it happens
    A Dockerfile is made smaller, or generated files are cleaned out of the repository, and the other half is not done.

    ## How we know
    The histories of the Dockerfile and of the file are asked for the newest commit before which the step was run, or
    the file was there; the younger is named. Where neither ever was, no commit is.

    ## What to change
    Run the step, or bring the file back.
    """
    found = product(repository, missing.path)
    if found is None:
        return
    dropped = repository.change_of(
        missing.at.path,
        lambda text: (
            text is not None
            and any(found.called.search(run.text) for stage in Dockerfile(text).stages for run in stage.runs)
        ),
    )
    removed = repository.change_of(missing.path, lambda text: text is not None)
    if dropped is not None and (removed is None or not repository.is_ancestor(dropped.hash, removed.hash)):
        yield Because(introduced(dropped, f"took `{missing.step}` out of {missing.at.path}"), [dropped.evidence()])
    elif removed is not None:
        yield Because(introduced(removed, f"took {missing.path} out of the repository"), [removed.evidence()])
    else:
        yield Unknown("who made it before: no commit ran the step in that Dockerfile, or had the file")
