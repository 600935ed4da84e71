"""Images that are not built, and files that lie elsewhere in them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from shakeout.catalogue.container.claims import BuildStepFails, CopiedElsewhere, ImageNotBuilt
from shakeout.catalogue.container.family import at_line, container, dockerfile_of, quoted_line
from shakeout.catalogue.imports.claims import FileAbsentFromImage, FileNotThere, ModuleAbsent
from shakeout.catalogue.imports.places import place_of
from shakeout.catalogue.made import how_made
from shakeout.catalogue.symptoms import ServiceNotDeployed
from shakeout.evidence.build_context import BuildContext, Image
from shakeout.evidence.dockerfile import Instruction, instructions
from shakeout.evidence.image import Images, ObservedImage
from shakeout.evidence.model import Locator
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.python_modules import PythonModules
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy
from shakeout.why.links import Unknown


@container.rule
def image_not_built(failed: ServiceNotDeployed, platform: Platform) -> Iterator[Because]:
    """
    The service's image cannot be built.

    ## What you see
    A build that ends in an error, and no container at all.

    ## Why it happens
    A step of the Dockerfile fails: a file that it copies is not in the build context, a package cannot be installed,
    a command of it exits with a status.

    ## How we know
    The engine's own output of the build, with the step at which it ended.

    ## What to change
    What the step needs, which the next link says.
    """
    item = platform.get(failed.service)
    if item is not None and item.reason == "build-failed":
        step = " ".join(str(item.facts.get("step") or "of the build").split())
        yield Because(ImageNotBuilt(failed.service, step[:200]), item.evidence)


@container.rule
def copied_file_not_in_context(
    broken: ImageNotBuilt, platform: Platform, build: BuildContext, repository: Repository
) -> Iterator[Because]:
    """
    A step copies a file that an ignore file keeps out of the build.

    ## What you see
    `COPY failed`, `no such file or directory`, for a file that the repository has.

    ## Why it happens
    An ignore file makes the build context smaller, and a pattern of it was meant for something else.

    ## How we know
    The failed step copies it, the deployed commit has it, and by the ignore file's patterns it is not in the context.

    ## What to change
    The pattern, which the next link names.
    """
    found = _step(broken, platform, repository)
    if found is None or found[1].word not in {"COPY", "ADD"}:
        return
    item, instruction, path = found
    image = next((one for one in build.images if one.dockerfile and one.dockerfile.path == path), None)
    kept_out = _kept_out(instruction.text, image, build, platform, repository) if image is not None else None
    if image is not None and kept_out is not None:
        at = Locator(source="file", path=path, line=instruction.line, commit=repository.commit)
        yield Because(FileAbsentFromImage(kept_out, image.name), [*item.evidence[-1:], *quoted_line(at, repository)])


@container.rule
def build_step_fails(
    broken: ImageNotBuilt, platform: Platform, build: BuildContext, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    A line of the Dockerfile fails.

    ## What you see
    `Error: building at STEP …`, `failed to solve`, with the instruction's own text.

    ## Why it happens
    The instruction was changed, or what it relies on was: a file that was moved, a package that cannot be had.

    ## How we know
    The instruction of the Dockerfile whose text is that of the failed step, and the engine's word that it failed.

    ## What to change
    The instruction, or what it relies on.
    """
    found = _step(broken, platform, repository)
    if found is None:
        if platform.get(broken.service) is not None:
            yield Unknown("which line of the Dockerfile the failed step is")
        return
    item, instruction, path = found
    image = next((one for one in build.images if one.dockerfile and one.dockerfile.path == path), None)
    copies = instruction.word in {"COPY", "ADD"} and image is not None
    if copies and image is not None and _kept_out(instruction.text, image, build, platform, repository) is not None:
        return
    at = Locator(source="file", path=path, line=instruction.line, commit=repository.commit)
    yield Because(BuildStepFails(broken.service, broken.step, at), [*item.evidence[-1:], *quoted_line(at, repository)])


def _step(
    broken: ImageNotBuilt, platform: Platform, repository: Repository
) -> tuple[PlatformItem, Instruction, str] | None:
    """The instruction that failed, and the Dockerfile's path."""
    item = platform.get(broken.service)
    path = str(item.facts.get("dockerfile") or "") if item is not None else ""
    text = repository.text(path) if path else None
    if item is None or text is None:
        return None
    wanted = _plain(broken.step)
    for one in instructions(text):
        if wanted and _plain(f"{one.word} {one.text}")[: len(wanted)] == wanted:
            return item, one, path
    return None


def _plain(text: str) -> str:
    return re.sub(r"[\s\"'\\]+", " ", text).strip().lower()


def _kept_out(words: str, image: Image, build: BuildContext, platform: Platform, repository: Repository) -> str | None:
    """A file that the instruction names, that the repository has, and that an ignore file keeps out of the build."""
    made = how_made(image, None, platform)
    for word in words.split()[:-1]:
        if word.startswith("--"):
            continue
        path = posixpath.normpath(posixpath.join(image.context, word))
        inside = [path] if repository.is_file(path) else [one for one in repository.paths if one.startswith(f"{path}/")]
        if inside and all(build.excluded(image, one, made) is not None for one in inside):
            return inside[0]
    return None


@container.rule
def copied_elsewhere(
    absent: ModuleAbsent | FileNotThere, images: Images, modules: PythonModules, repository: Repository
) -> Iterator[Because]:
    """
    The Dockerfile copies the file to another place of the image.

    ## What you see
    `No module named …` or `No such file or directory`, for a file that the image does hold.

    ## Why it happens
    `COPY lib /lib` instead of `COPY lib ./lib`, a `WORKDIR` that was changed, a folder whose content is copied without
    the folder itself.

    ## How we know
    The listing of the image has the file, and not where the program that asks for it lies; the `COPY` that puts it
    there is named.

    ## What to change
    The destination of that `COPY`.
    """
    if isinstance(absent, FileNotThere):
        path, importer = absent.path, None
    else:
        place = place_of(absent, modules)
        if place is None or place.here is None or absent.at is None:
            return
        path, importer = place.here, absent.at.path
    for image in images.all:
        dockerfile = dockerfile_of(image, repository)
        if dockerfile is None:
            continue
        prefix = "" if image.value("context") in {".", None} else f"{image.value('context')}/"
        expected = _expected(image, path, importer, prefix)
        if expected is None or image.resolve(expected) is not None:
            continue
        for where, copy in dockerfile.places(path.removeprefix(prefix)):
            file = image.files.get(where)
            if file is None or where == expected:
                continue
            at = at_line(dockerfile, copy.line, repository)
            evidence = [image.shows(file, f"{path}, as it is in the image"), *quoted_line(at, repository)]
            fix = Remedy("words", f"copy it to {posixpath.dirname(expected)}: {at}")
            yield Because(CopiedElsewhere(path, where, expected, at), evidence, fix=fix)
            return


def _expected(image: ObservedImage, path: str, importer: str | None, prefix: str) -> str | None:
    """Where in the image the program looks for a file of the repository: beside the one that asks for it."""
    base = (image.value("working folder") or "/").rstrip("/")
    if importer is None:
        return f"{base}/{path.removeprefix(prefix)}"
    tail = importer.removeprefix(prefix)
    while tail:
        found = [one for one in image.ending(tail) if "/site-packages/" not in one.path]
        if len(found) == 1:
            top = found[0].path.removesuffix(tail)
            cut = importer.removeprefix(prefix).removesuffix(tail)
            return f"{top}{path.removeprefix(prefix).removeprefix(cut)}"
        tail = tail.partition("/")[2]
    return None
