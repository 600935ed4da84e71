"""The command itself: what the platform could not start, and a port that is taken."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from shakeout.catalogue.process.claims import (
    CommandFails,
    CommandNotFound,
    InterpreterAbsent,
    NotExecutable,
    PortTaken,
    ProcessEnded,
    WorkingFolderAbsent,
)
from shakeout.catalogue.process.family import declared_at, manifest_patch, process, quoted
from shakeout.catalogue.symptoms import DEPLOYMENT, DeploymentFailed, ServiceNotDeployed
from shakeout.evidence.declarations import Declarations, Declared
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import nearest
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.repository import Repository
from shakeout.why import Because, Remedy
from shakeout.why.links import Unknown

_USUAL = (
    "bash", "bun", "bundle", "caddy", "celery", "daphne", "deno", "dotnet", "fastapi", "flask", "granian", "gunicorn",
    "hypercorn", "java", "make", "nginx", "node", "npm", "npx", "php", "pnpm", "poetry", "puma", "python", "python3",
    "ruby", "sh", "uv", "uvicorn", "waitress-serve", "yarn",
)  # fmt: skip
_WORD = re.compile(r"(?:there is no command|exec(?:ing)?:?|command not found:?) ['\"]?([^\s'\":]{1,200})")


@process.rule
def command_not_startable(failed: ServiceNotDeployed | DeploymentFailed, platform: Platform) -> Iterator[Because]:
    """
    The command of a service, or of the deployment, could not be started.

    ## What you see
    `command not found`, `no such file or directory`, `exec format error`, `permission denied`, and no line of the
    service's own.

    ## Why it happens
    The command, the folder to start in, or the interpreter of a script is not there or may not be executed.

    ## How we know
    The platform's own words, with the command as it was given.

    ## What to change
    What the next link says: the line that names the command, or the file that it names.
    """
    name = DEPLOYMENT if isinstance(failed, DeploymentFailed) else failed.service
    item = platform.get(name)
    if item is not None and item.reason == "command-not-found":
        yield Because(CommandFails(name), item.evidence)


def _problem(fails: CommandFails, platform: Platform, *problems: str) -> PlatformItem | None:
    item = platform.get(fails.service)
    return item if item is not None and item.facts.get("problem") in problems else None


def _program(item: PlatformItem) -> str:
    match = _WORD.search(item.message or "")
    words = str(item.facts.get("command") or "").split()
    return match[1] if match else (words[0] if words else "")


@process.rule
def command_not_found(fails: CommandFails, platform: Platform, declarations: Declarations) -> Iterator[Because]:
    """
    There is no command of that name.

    ## What you see
    A service that was never started; the platform says that there is no such command.

    ## Why it happens
    The name is misspelt, the program is not installed where the service runs, or a script was moved.

    ## How we know
    The platform looked for the command and names what it did not find; the manifest's line has that name.

    ## What to change
    The `run` line, or what has to be installed.
    """
    item = _problem(fails, platform, "command-absent")
    declared = declarations.get(fails.service)
    at = declared_at(declared, "run", "image")
    if item is None or at is None or declared is None:
        return
    program = _program(item)
    run = declared.value("run")
    if run is not None and program not in run:
        return
    fix: Remedy | None = None
    meant = nearest(posixpath.basename(program), _USUAL)
    if meant is not None:
        right = f"{program[: len(program) - len(posixpath.basename(program))]}{meant}"
        fix = manifest_patch(declarations, at, program, right, f"start {fails.service} with '{meant}' at {at}")
    fix = fix or Remedy("words", f"install '{program}' where {fails.service} runs, or correct {at}")
    yield Because(CommandNotFound(fails.service, program, at), [*item.evidence[:1], *quoted(declarations, at)], fix=fix)


@process.rule
def working_folder_absent(
    fails: CommandFails, platform: Platform, declarations: Declarations, repository: Repository | None
) -> Iterator[Because]:
    """
    The folder that the service is started in does not exist.

    ## What you see
    A service that was never started; the platform says that its working folder does not exist.

    ## Why it happens
    A folder was moved or renamed, and the manifest still names the old one.

    ## How we know
    The platform names the folder, the manifest's line says it, and the deployed commit has none of that name.

    ## What to change
    The `path` line.
    """
    item = _problem(fails, platform, "working-folder-absent")
    declared = declarations.get(fails.service)
    at = declared_at(declared, "path")
    folder = declared.value("path") if declared is not None else None
    if item is None or at is None or not folder:
        return
    evidence = [*item.evidence[:1], *quoted(declarations, at)]
    fix: Remedy | None = None
    if repository is not None:
        if repository.is_folder(folder):
            return
        evidence.append(repository.absence(folder))
        meant = _folder_like(folder, repository)
        if meant is not None:
            fix = manifest_patch(declarations, at, folder, meant, f"start {fails.service} in {meant}")
    yield Because(WorkingFolderAbsent(fails.service, folder, at), evidence, fix=fix)


def _folder_like(folder: str, repository: Repository) -> str | None:
    """The one folder of the repository with the same last name, or nearly the same path."""
    folders = {posixpath.dirname(path) for path in repository.paths} - {""}
    same = [found for found in sorted(folders) if posixpath.basename(found) == posixpath.basename(folder)]
    return same[0] if len(same) == 1 else nearest(folder, sorted(folders))


def _script(declared: Declared | None, item: PlatformItem, repository: Repository) -> str | None:
    """The file of the repository that the command runs as a program."""
    try:
        program = (shlex.split(declared.value("run") or "") if declared is not None else [])[0]
    except (ValueError, IndexError):
        program = _program(item)
    base = (declared.value("path") if declared is not None else None) or ""
    path = posixpath.normpath(posixpath.join(base, program))
    return path if repository.is_file(path) else None


@process.rule
def script_not_executable(
    fails: CommandFails, platform: Platform, declarations: Declarations, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    The script that starts the service may not be executed.

    ## What you see
    `permission denied` for a file that is there.

    ## Why it happens
    A script was committed without the executable bit, or lost it in a copy from a system that has none.

    ## How we know
    Git's own mode of that file at the deployed commit: 100644, where a program has 100755.

    ## What to change
    `git update-index --chmod=+x`, or start the script by its interpreter.
    """
    item = _problem(fails, platform, "not-executable", "not-a-program")
    path = _script(declarations.get(fails.service), item, repository) if item is not None else None
    if item is None or path is None or repository.modes.get(path) == "100755":
        return
    first = repository.quote(path, 1, note=f"git's mode of this file is {repository.modes.get(path)}")
    at = Locator(source="file", path=path, line=1, commit=repository.commit)
    patch = f"diff --git a/{path} b/{path}\nold mode {repository.modes.get(path)}\nnew mode 100755\n"
    yield Because(
        NotExecutable(fails.service, at),
        [*item.evidence[:1], *([first] if first else [])],
        fix=Remedy("patch", f"give {path} the executable bit", patch=patch),
    )


@process.rule
def interpreter_absent(
    fails: CommandFails, platform: Platform, declarations: Declarations, repository: Repository
) -> Iterator[Because]:
    """
    The script's first line names an interpreter that is not there.

    ## What you see
    `no such file or directory` or `bad interpreter` for a script that is there and may be executed.

    ## Why it happens
    The `#!` line names a path that only another machine has, or ends in a carriage return.

    ## How we know
    The platform names the interpreter, and the script's first line at the deployed commit asks for it.

    ## What to change
    The `#!` line, for example to `#!/usr/bin/env bash`.
    """
    item = _problem(fails, platform, "interpreter-absent")
    path = _script(declarations.get(fails.service), item, repository) if item is not None else None
    row = repository.lines(path)[:1] if path is not None else ()
    if item is None or path is None or not row or not row[0].startswith("#!"):
        return
    interpreter = row[0][2:].split()[0] if row[0][2:].split() else ""
    at = Locator(source="file", path=path, line=1, commit=repository.commit)
    first: Evidence | None = repository.quote(path, 1)
    yield Because(
        InterpreterAbsent(fails.service, interpreter, at),
        [*item.evidence[:1], *([first] if first else [])],
        fix=Remedy("words", f"name an interpreter that is there, for example /usr/bin/env, in {at}"),
    )


@process.rule
def port_taken(
    failed: ServiceNotDeployed | ProcessEnded, platform: Platform, declarations: Declarations
) -> Iterator[Because]:
    """
    The port that the manifest fixes is in use.

    ## What you see
    `address already in use`, `EADDRINUSE`, or a platform that refuses to start the service at all.

    ## Why it happens
    The manifest fixes a port, and another process of the machine, often an older copy of the same service, has it.

    ## How we know
    The platform tried the port, or the service's log says so, and the machine names the process that listens there.

    ## What to change
    Let the platform choose (`port: auto`), or end the other process.
    """
    item = platform.get(failed.service)
    declared = declarations.get(failed.service)
    setting = declared.settings.get("port") if declared is not None else None
    if item is None or not item.facts.get("port_in_use") or setting is None or setting.at is None:
        return
    if not setting.value.isdigit():
        return
    holder = item.facts.get("held_by")
    note = f"held by {holder.get('command')}" if isinstance(holder, dict) else ""
    fix = manifest_patch(declarations, setting.at, setting.value, "auto", "let the platform choose a port")
    yield Because(
        PortTaken(failed.service, int(setting.value), setting.at),
        [*item.evidence[:1], *quoted(declarations, setting.at, note)],
        fix=fix,
    )
