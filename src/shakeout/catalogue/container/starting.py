"""The program that a container starts with: absent, not executable, without interpreter, for another machine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from shakeout.catalogue.container.claims import PlatformDeclared, WrongArchitecture
from shakeout.catalogue.container.family import (
    at_line,
    container,
    dockerfile_of,
    program_of,
    quoted_line,
    source_of,
    start_line,
)
from shakeout.catalogue.imports.claims import FileAbsentFromImage
from shakeout.catalogue.process.claims import CommandFails, CommandNotFound, InterpreterAbsent, NotExecutable
from shakeout.evidence.build_context import BuildContext
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.image import Images
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import nearest
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i386", "x86_64": "x86_64", "aarch64": "aarch64"}
_ELF = re.compile(r"(?P<path>\S+): ELF of (?P<machine>\w+)")
_SCRIPT = re.compile(r"(?P<path>\S+): script for (?P<interpreter>\S+)(?P<rest>.*)")
_PLATFORM = re.compile(r"(?i)^\s*FROM\s+.*--platform=\S+")


def _problem(fails: CommandFails, platform: Platform, *problems: str) -> PlatformItem | None:
    item = platform.get(fails.service)
    return item if item is not None and item.facts.get("problem") in problems else None


@container.rule
def program_absent_from_image(
    fails: CommandFails, platform: Platform, images: Images, build: BuildContext, repository: Repository
) -> Iterator[Because]:
    """
    The image does not hold the program that its Dockerfile starts.

    ## What you see
    `executable file not found in $PATH`, or `no such file or directory` for the path of `CMD` or `ENTRYPOINT`.

    ## Why it happens
    The name is misspelt, the program is installed in another stage only, or the script is not copied or is ignored.

    ## How we know
    The engine's own words, the image's `CMD` or `ENTRYPOINT`, and the listing of its files, which has no such file.

    ## What to change
    The instruction that names the program, or what keeps its file out, which the next link says.
    """
    item = _problem(fails, platform, "command-absent", "interpreter-absent")
    image = images.of(fails.service)
    dockerfile = dockerfile_of(image, repository)
    if item is None or image is None or dockerfile is None:
        return
    program, file = program_of(image)
    line = start_line(dockerfile, program)
    if file is not None or line is None:
        return
    place = posixpath.normpath(posixpath.join(image.value("working folder") or "/", program))
    shown = image.absence(place) if "/" in program else image.says("command") or image.says("entry point")
    known = [path for path in repository.paths if posixpath.basename(path) == posixpath.basename(program)]
    meant = next((one for one in build.images if one.dockerfile and one.dockerfile.path == dockerfile.path), None)
    if "/" in program and len(known) == 1 and meant is not None and not build.holds(meant, known[0]):
        yield Because(FileAbsentFromImage(known[0], meant.name), [*item.evidence[:1], *shown])
        return
    at = at_line(dockerfile, line.line, repository)
    names = sorted({posixpath.basename(path) for path in image.files if "/bin/" in path})
    similar = nearest(posixpath.basename(program), names)
    words = f"start '{similar}' instead at {at}" if similar else f"install '{program}', or correct {at}"
    evidence = [*item.evidence[:1], *shown, *quoted_line(at, repository)]
    yield Because(CommandNotFound(fails.service, program, at), evidence, fix=Remedy("words", words))


@container.rule
def program_not_executable_in_image(
    fails: CommandFails, platform: Platform, images: Images, repository: Repository
) -> Iterator[Because]:
    """
    The program that the image starts has no executable bit.

    ## What you see
    `permission denied` from the engine, for a script that is in the image.

    ## Why it happens
    `COPY` keeps the mode that git has: a script committed as 100644 stays one that may not be executed.

    ## How we know
    The listing of the image shows the file's mode, and git has the same mode at the deployed commit.

    ## What to change
    `git update-index --chmod=+x`, or `RUN chmod +x` in the Dockerfile.
    """
    item = _problem(fails, platform, "not-executable")
    image = images.of(fails.service)
    dockerfile = dockerfile_of(image, repository)
    if item is None or image is None or dockerfile is None:
        return
    _, file = program_of(image)
    path = source_of(file.path, image, dockerfile, repository) if file is not None and not file.executable else None
    if file is None or path is None or repository.modes.get(path) == "100755":
        return
    mode = repository.modes.get(path)
    first = repository.quote(path, 1, note=f"git's mode of this file is {mode}")
    at = Locator(source="file", path=path, line=1, commit=repository.commit)
    patch = f"diff --git a/{path} b/{path}\nold mode {mode}\nnew mode 100755\n"
    yield Because(
        NotExecutable(fails.service, at),
        [*item.evidence[:1], image.shows(file, "as it is in the image"), *([first] if first else [])],
        fix=Remedy("patch", f"give {path} the executable bit", patch=patch),
    )


@container.rule
def interpreter_absent_from_image(
    fails: CommandFails, platform: Platform, images: Images, repository: Repository
) -> Iterator[Because]:
    """
    The script that the image starts asks for an interpreter that the image does not hold.

    ## What you see
    `exec /app/start.sh: no such file or directory`, for a script that is there and may be executed.

    ## Why it happens
    A slim image has no bash; or the `#!` line ends in a carriage return, so that it names a file which nobody has.

    ## How we know
    The script's first line, and the listing of the image, which has no such interpreter.

    ## What to change
    The `#!` line (for example `#!/bin/sh`), or the line ends of the file.
    """
    item = _problem(fails, platform, "interpreter-absent")
    image = images.of(fails.service)
    dockerfile = dockerfile_of(image, repository)
    script = _SCRIPT.match(image.value("program") or "") if image is not None else None
    if item is None or image is None or dockerfile is None or script is None:
        return
    returned = "carriage return" in script["rest"]
    path = source_of(script["path"], image, dockerfile, repository)
    if path is None or (image.resolve(script["interpreter"]) is not None and not returned):
        return
    at = Locator(source="file", path=path, line=1, commit=repository.commit)
    interpreter = script["interpreter"] + ("\\r" if returned else "")
    fix = "save it with line feeds alone" if returned else "name one that the image has, for example /bin/sh"
    evidence = [*item.evidence[:1], *image.says("program"), *quoted_line(at, repository)]
    if not returned:
        evidence += image.absence(script["interpreter"])
    yield Because(InterpreterAbsent(fails.service, interpreter, at), evidence, fix=Remedy("words", f"{fix}: {at}"))


@container.rule
def wrong_architecture(fails: CommandFails, platform: Platform, images: Images) -> Iterator[Because]:
    """
    The image has a program for another kind of machine.

    ## What you see
    `exec format error`, from an image that works elsewhere.

    ## Why it happens
    It was built on, or for, another kind of machine (`linux/arm64` on a laptop, `linux/amd64` in the cloud), or a
    program for one was copied into it.

    ## How we know
    The first bytes of the program in the image say for which machine it is.

    ## What to change
    The platform that it is built for; the next link names the line where there is one.
    """
    item = _problem(fails, platform, "not-a-program")
    image = images.of(fails.service)
    program = _ELF.match(image.value("program") or "") if image is not None else None
    if item is None or image is None or program is None:
        return
    wanted = image.value("machine") or ""
    if program["machine"] != wanted:
        evidence = [*item.evidence[:1], *image.says("program"), *image.says("machine")]
        yield Because(WrongArchitecture(fails.service, program["path"], program["machine"], wanted), evidence)


@container.rule
def platform_declared(
    wrong: WrongArchitecture, images: Images, declarations: Declarations, repository: Repository
) -> Iterator[Because]:
    """
    A line asks for that other kind of machine, or puts the program into the image.

    ## What you see
    `FROM --platform=linux/arm64`, the option `platform`, or a program that was committed to the repository.

    ## Why it happens
    It was right on the machine of whoever wrote it.

    ## How we know
    The line itself; or the file of the repository that the Dockerfile copies to the program's place.

    ## What to change
    Leave the platform to where the image runs, and build the program within the image.
    """
    image = images.of(wrong.service)
    dockerfile = dockerfile_of(image, repository)
    declared = declarations.get(wrong.service)
    option = declared.settings.get("options.platform") if declared is not None else None
    if option is not None and option.at is not None:
        yield Because(
            PlatformDeclared(wrong.service, wrong.seen, option.at),
            [one for one in [declarations.quote(option.at)] if one is not None],
        )
        return
    if image is None or dockerfile is None:
        return
    path = source_of(wrong.program, image, dockerfile, repository)
    if path is not None:
        file = image.files.get(wrong.program)
        at = Locator(source="file", path=path, line=1, commit=repository.commit)
        evidence = [image.shows(file, f"copied from {path}")] if file is not None else list(image.says("program"))
        yield Because(PlatformDeclared(wrong.service, wrong.seen, at), evidence)
        return
    for stage in dockerfile.chain:
        at = at_line(dockerfile, stage.line, repository)
        row = repository.lines(dockerfile.path)[stage.line - 1]
        if _PLATFORM.search(row) and _MACHINES.get(_asked(row)) == wrong.seen:
            yield Because(PlatformDeclared(wrong.service, wrong.seen, at), list(quoted_line(at, repository)))
            return


def _asked(row: str) -> str:
    match = re.search(r"--platform=[\"']?(?:\w+/)?(\w+)", row)
    return match[1] if match else ""
