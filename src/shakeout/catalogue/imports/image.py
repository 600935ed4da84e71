"""What keeps a file of the repository out of the image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from shakeout.catalogue.frames import quoted
from shakeout.catalogue.imports.claims import (
    BelongsToAnotherImage,
    ExcludedFromBuildContext,
    FileAbsentFromImage,
    ModuleAbsent,
    NotCopied,
    imports,
)
from shakeout.catalogue.made import how_made, observed_of
from shakeout.evidence.build_context import BuildContext, Image
from shakeout.evidence.image import Images, Made
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import unified, with_line_after
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.platform import Platform
from shakeout.evidence.python_modules import PythonModules
from shakeout.why import Because, Remedy, Strength


def _image(absent: FileAbsentFromImage, build: BuildContext) -> Image | None:
    return next((image for image in build.images if image.name == absent.image), None)


@imports.rule
def excluded_from_build_context(
    absent: FileAbsentFromImage,
    build: BuildContext,
    paths: SourcePaths,
    images: Images | None,
    platform: Platform | None,
) -> Iterator[Because]:
    """
    An ignore file keeps a source file out of the image.

    ## What you see
    A module is in the repository, the tests pass, and the container says `No module named …`.

    ## Why it happens
    `.dockerignore` (or `.gcloudignore` for a build from source) takes files out of the build context before the
    Dockerfile sees them. A pattern that was meant for something else matches this file too.

    ## How we know
    The patterns are matched by Docker's own rules (order, `!`, `**`, anchored at the root), or by those of gitignore
    for `.gcloudignore` as `gcloud` takes them; the line named is the one that decides.
    Builders differ in one thing: Podman and Docker's classic builder do not look into a folder that is kept out, so
    that an exception such as `!**/x.py` brings back nothing of it, as BuildKit would. Where the image was made here,
    the rules are those of the builder that made it, and where only that decides the report says so.

    ## What to change
    Make the pattern narrower, or except the file from it; the patch does the latter.
    """
    image = _image(absent, build)
    made = how_made(image, images, platform)
    found = build.excluded(image, absent.path, made) if image is not None else None
    if image is None or found is None:
        return
    at, pattern = found
    whose = _whose_rules(image, at, made, build.excluded(image, absent.path, replace(made, builder="buildkit")))
    observed = observed_of(image, images)
    evidence = [*quoted(paths, at, whose)]
    if observed is not None and "BuildKit" in whose:
        evidence += observed.says("builder")
    text = paths.repository.text(at.path) or ""
    back = f"!{image.inside(absent.path) or absent.path}"
    patch = unified(at.path, text, with_line_after(text, at.line or 0, back))
    fix = Remedy("patch", f"except {absent.path} from the pattern '{pattern}' at {at}", patch=patch)
    if not build.can_be_excepted(image, absent.path, made):
        fix = Remedy("words", f"make the pattern '{pattern}' at {at} narrower: an exception brings nothing back")
    yield Because(ExcludedFromBuildContext(absent.path, pattern, at), evidence, fix=fix)


def _whose_rules(image: Image, at: Locator, made: Made, by_buildkit: tuple[Locator, str] | None) -> str:
    """By whose rules the line counts, where that makes a difference."""
    if at.path != image.ignore:
        return "gcloud leaves it out when it uploads the folder that the image is built from"
    if made.prunes and by_buildkit is None:
        return f"{made} does not look into a folder that is kept out, so that no exception counts as for BuildKit"
    return ""


@imports.rule
def not_copied_by_dockerfile(
    absent: FileAbsentFromImage, build: BuildContext, paths: SourcePaths, images: Images | None
) -> Iterator[Because]:
    """
    The Dockerfile does not copy the file.

    ## What you see
    A new folder works everywhere but in the container.

    ## Why it happens
    The Dockerfile names what it copies, one folder at a time, and the new one is not among them; or it is copied in an
    earlier stage and not taken over into the last.

    ## How we know
    Every `COPY` and `ADD` of the last stage is followed, through `--from` and the stages that it is based on; none puts
    the file into the image, and no ignore file is in the way.

    ## What to change
    Add a `COPY` for the folder.
    """
    image = _image(absent, build)
    if image is None or image.dockerfile is None or image.inside(absent.path) is None:
        return
    if build.excluded(image, absent.path, how_made(image, images)) or build.copies(image, absent.path):
        return
    copies = [copy for stage in image.dockerfile.chain for copy in stage.copies]
    if not copies:
        return
    last = max(copy.line for copy in copies)
    lines = [Locator(source="file", path=image.dockerfile.path, line=copy.line) for copy in copies]
    evidence = [item for at in sorted(lines) for item in quoted(paths, at)][:6]
    at = Locator(source="file", path=image.dockerfile.path, line=last, commit=paths.repository.commit)
    folder = (image.inside(absent.path) or absent.path).split("/")[0]
    fix = Remedy("words", f"copy {folder} in {image.dockerfile.path}, for example `COPY {folder} {folder}`")
    if folder != (image.inside(absent.path) or absent.path):
        text = paths.repository.text(at.path) or ""
        copied = f"COPY {folder} ./{folder}"
        patch = unified(at.path, text, with_line_after(text, last, copied))
        fix = Remedy("patch", f"copy {folder} into the image ({image.dockerfile.path})", patch=patch)
    yield Because(NotCopied(absent.path, at), evidence, fix=fix)


@imports.rule
def belongs_to_another_image(
    absent: ModuleAbsent, modules: PythonModules, build: BuildContext, paths: SourcePaths
) -> Iterator[Because]:
    """
    A service imports code that only another service's image has.

    ## What you see
    `No module named …` in one service, for a module that runs in another.

    ## Why it happens
    In one repository all code is within reach of every editor and test; each image has only its own folder.

    ## How we know
    The module's file lies outside of the build context of the image that has the importing file, and inside that of
    another image.

    ## What to change
    Move what both need into a package that both images copy, or build both from the root.
    """
    importer = absent.at
    if importer is None:
        return
    own = [image for image in build.images if build.holds(image, importer.path)]
    if not own or len(build.images) < 2:
        return
    path = modules.find(absent.module, importer.path) or _elsewhere(absent.module, modules)
    if path is None or any(build.holds(image, path) or build.excluded(image, path) for image in own):
        return
    others = [image for image in build.images if image not in own and build.holds(image, path)]
    if not others or any(image.inside(path) is not None for image in own):
        return
    declared = [
        Locator(source="file", path=image.dockerfile.path, line=copy.line, commit=paths.repository.commit)
        for image in others[:1]
        if image.dockerfile is not None
        for copy in build.copies(image, path)[:1]
    ]
    evidence = [*quoted(paths, importer), *(item for at in declared for item in quoted(paths, at, "copies it"))]
    yield Because(
        BelongsToAnotherImage(path, own[0].name, others[0].name, importer), evidence, strength=Strength.ENTAILED
    )


def _elsewhere(module: str, modules: PythonModules) -> str | None:
    """The one file of the repository that an import could mean if every folder were searched."""
    tail = module.replace(".", "/")
    ends = re.compile(rf"(?:^|/){re.escape(tail)}(?:\.py|/__init__\.py)$")
    found = [path for path in modules.repository.paths if ends.search(path)]
    return found[0] if len(found) == 1 else None
