"""What a shell or an interpreter says of the command that it was started with: a program or a file is not there."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import evidence_of
from shakeout.catalogue.process.claims import CommandNotFound, LastWords, StartFileAbsent
from shakeout.catalogue.process.family import declared_at, manifest_patch, own, process, quoted
from shakeout.evidence.declarations import Declarations, Declared
from shakeout.evidence.model import Evidence
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy
from shakeout.why.links import Unknown

_SHELL = r"^(?:/\S{1,200}/)?(?:sh|ash|bash|dash|ksh|zsh):(?: line)?(?: \d{1,6}:)?"
_NO_PROGRAM = re.compile(rf"{_SHELL} (?:exec: )?(?P<program>[\w./+-]{{1,200}}): (?:command )?not found$")
_NO_FILE = (
    re.compile(r"\bcan't open file '(?P<path>[^'\n]{1,1000})': \[Errno 2\]"),
    re.compile(rf"{_SHELL} (?:can(?:not|'t) open )?'?(?P<path>[^\s:']{{1,1000}})'?: No such file(?: or directory)?$"),
    re.compile(r"\bUnable to access jarfile (?P<path>\S{1,1000})$"),
    re.compile(r"\bCould not open input file: (?P<path>\S{1,1000})$"),
    re.compile(r"\bNo such file or directory -- (?P<path>\S{1,1000}) \(LoadError\)"),
)


@process.rule
def command_in_shell_not_found(said: LastWords, log: ErrorLog, declarations: Declarations) -> Iterator[Because]:
    """
    The shell that a service is started by finds no program of a name.

    ## What you see
    A service that exits with status 127, and `sh: 1: python: not found` or `bash: line 1: gunicorn: command not found`.

    ## Why it happens
    The program is not installed where the service runs, or not on the `PATH` that it gets, or its name is misspelt.

    ## How we know
    The shell's last words name the program, and the manifest's line that starts the service has that word.

    ## What to change
    The `run` line: the program by its path, `${python}` for the Python that shakeout runs on; or install it.
    """
    found = _NO_PROGRAM.search(said.text)
    declared = declarations.get(said.service)
    at = declared_at(declared, "run")
    if found is None or declared is None or at is None or found["program"] not in _words(declared):
        return
    program = found["program"]
    fix: Remedy | None = None
    if program in {"python", "python3"} and declarations.target == "local":
        fix = manifest_patch(declarations, at, program, "${python}", f"start {said.service} with ${{python}} at {at}")
    fix = fix or Remedy("words", f"install '{program}' where {said.service} runs, or name it by its path at {at}")
    evidence = [*quoted(declarations, at), *_said(said, log)]
    yield Because(CommandNotFound(said.service, program, at), evidence, fix=fix)


@process.rule
def start_file_absent(
    said: LastWords, log: ErrorLog, declarations: Declarations, repository: Repository
) -> Iterator[Because]:
    """
    The file that a service is started with is not in the deployed commit.

    ## What you see
    `can't open file 'server.py': [Errno 2] No such file or directory`, `sh: 0: cannot open run.sh`, and the exit status
    2 or 127.

    ## Why it happens
    The file was moved or renamed, or the command is started in another folder (`path`) than it was written for.

    ## How we know
    The interpreter names the file; it is a word of the manifest's command; and the commit has no file of that name in
    the folder in which the command runs.

    ## What to change
    The `run` line or the `path` line, so that together they name the file.
    """
    path = next((match["path"] for form in _NO_FILE if (match := form.search(said.text))), None)
    declared = declarations.get(said.service)
    if path is None or declared is None:
        return
    word = next((word for word in _words(declared) if _same(path, word)), None)
    base = declared.value("path") or "."
    expected = posixpath.normpath(posixpath.join(base, word)) if word is not None else ""
    run, folder = declared_at(declared, "run"), declared_at(declared, "path")
    if word is None or run is None or expected.startswith(("..", "/")) or repository.is_file(expected):
        return
    from_top = base != "." and repository.is_file(posixpath.normpath(word)) and folder is not None
    at = folder if from_top and folder is not None else run
    evidence = [*quoted(declarations, at), repository.absence(expected), *_said(said, log)]
    claim = StartFileAbsent(said.service, expected, at)
    yield Because(claim, evidence, fix=_fix(claim, word, base, declarations, repository, from_top=from_top))


@process.rule
def start_file_change(absent: StartFileAbsent, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit moved the file that a service is started with, or wrote a line that names no file.

    ## What you see
    A manifest that names a file, and a commit that does not have it.

    ## Why it happens
    The file and the line that names it stand in different places, and only one of them was changed.

    ## How we know
    The newest commit after which the file is gone. Where it never was there, the commit that wrote the line.

    ## What to change
    Change the other one too.
    """
    gone = repository.change_of(absent.path, lambda text: text is not None)
    if gone is not None:
        now = _namesake(absent.path, repository)
        what = f"moved {absent.path} to {now}" if now else f"took {absent.path} away"
        yield Because(introduced(gone, what), [gone.evidence()])
        return
    origin = repository.origin(absent.at.path, absent.at.line or 1)
    if origin is None or origin.boundary:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
    else:
        yield Because(introduced(origin.commit, "introduced that line"), [origin.commit.evidence()])


def _fix(
    absent: StartFileAbsent,
    word: str,
    base: str,
    declarations: Declarations,
    repository: Repository,
    *,
    from_top: bool,
) -> Remedy:
    if from_top:
        summary = (
            f"start {absent.service} in the repository's top folder, for which its command is written: {absent.at}"
        )
        return manifest_patch(declarations, absent.at, base, ".", summary) or Remedy("words", summary)
    now = _namesake(absent.path, repository)
    if now is not None:
        new = posixpath.relpath(now, base)
        summary = f"start {absent.service} with {new} at {absent.at}"
        return manifest_patch(declarations, absent.at, word, new, summary) or Remedy("words", summary)
    return Remedy("words", f"name a file that is there at {absent.at}, or bring {absent.path} back")


def _namesake(path: str, repository: Repository) -> str | None:
    """The only file of the commit with the last name of a path."""
    name = posixpath.basename(path)
    found = [other for other in repository.paths if posixpath.basename(other) == name]
    return found[0] if len(found) == 1 else None


def _said(said: LastWords, log: ErrorLog) -> Iterator[Evidence]:
    """The line of the service's log with its last words."""
    words = (occurrence for occurrence in own(log, said.service) if said.text in str(occurrence.evidence[0].quote))
    yield from (item for occurrence in list(words)[:1] for item in evidence_of(occurrence)[:1])


def _words(declared: Declared) -> list[str]:
    """The words of a service's command, and of the text that it gives to a shell."""
    try:
        words = shlex.split(declared.value("run") or "")
        return [inner for word in words for inner in (shlex.split(word) if " " in word else [word])]
    except ValueError:
        return []


def _same(path: str, word: str) -> bool:
    """Whether a printed path is that of a word of the command, which may be relative to a folder."""
    word = posixpath.normpath(word)
    return path == word or path.removeprefix("./") == word or path.endswith(f"/{word}")
