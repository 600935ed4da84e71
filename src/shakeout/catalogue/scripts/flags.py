"""An option that a command does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import evidence_of
from shakeout.catalogue.scripts.family import calls, named, scripts
from shakeout.catalogue.tooling import Stopped, told_by
from shakeout.evidence.commits import Commit
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, Layer, Remedy, claim
from shakeout.why.links import Unknown

_OPTION = r"['\"`‘]?(?P<option>--?[A-Za-z][\w-]{0,80})"
_UNKNOWN = (
    re.compile(rf"\b(?:unrecognized|unrecognised) (?:arguments?|options?)?:?\s*{_OPTION}", re.I),
    re.compile(rf"\bno such option:? {_OPTION}", re.I),
    re.compile(rf"\bunknown (?:option|flag|argument|switch):? {_OPTION}", re.I),
    re.compile(rf"\b(?:invalid|illegal|bad|unexpected|unsupported) (?:option|flag|argument):?(?: --)? {_OPTION}", re.I),
    re.compile(rf"\bflag provided but not defined: {_OPTION}", re.I),
)
_MEANT = re.compile(
    r"(?:did you mean|possible options?:?|similar:?)\s*:?\s*\(?['\"`‘]?(?P<meant>--?[A-Za-z][\w-]{1,80})", re.I
)
_COMPLAINS = re.compile(r"(?:^|\s)(?P<program>[\w-]+\.(?:py|sh|js|mjs|rb)): ")
_DEFINES = re.compile(
    r"add_argument|add_option|Option\(|\.option\(|\.Flags?\(|\boption\(|getopts?\b|^\s*(?:-[\w|-]+\|)?--[\w-]+(?:=\*)?\)"
)


@claim(Layer.MECHANISM)
class OptionUnknown(Claim):
    """A command was given an option that it does not know."""

    option: str

    def __str__(self) -> str:
        return f"the command that is called knows no option {self.option}"

    def why(self) -> str:
        return f"Why is it given {self.option}?"


@claim(Layer.DECLARATION)
class OptionPassed(Claim):
    """A line of the repository gives a command an option that it does not know."""

    option: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} gives the option {self.option}, which the command does not know"

    def title(self) -> str:
        return f"{named(self.at.path)} gives a command the unknown option {self.option}"

    def why(self) -> str:
        return f"Why does {self.at} give {self.option}?"


@claim(Layer.DECLARATION)
class OptionTakenAway(Claim):
    """A line of the repository gives an option that a script of the repository knew before."""

    option: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still gives the option {self.option}, which {self.path} does not know any more"

    def title(self) -> str:
        return f"{named(self.at.path)} still gives the option {self.option}, which {named(self.path)} lost"

    def why(self) -> str:
        return f"Why does {self.path} not know {self.option} any more?"

    def blamed(self) -> Locator | None:
        return None


@scripts.rule
def option_unknown(effect: Stopped, log: ErrorLog) -> Iterator[Because]:
    """
    A command was given an option that it does not know.

    ## What you see
    `error: unrecognized arguments: --memmory`, `No such option: --prot`, `unknown flag: --platform`, exit status 2.

    ## Why it happens
    The option has a slip, belongs to another version of the tool, or was renamed in the repository's own script.

    ## How we know
    The command says so itself, and names the option.

    ## What to change
    The line that gives the option, which the next link names.
    """
    for occurrence, text in told_by(effect, log):
        found = next((match for pattern in _UNKNOWN if (match := pattern.search(text[:20_000]))), None)
        if found is not None:
            yield Because(OptionUnknown(found["option"]), evidence_of(occurrence)[:2])
            return


@scripts.rule
def option_passed(unknown: OptionUnknown, log: ErrorLog, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A line of the repository gives the command that option.

    ## What you see
    The option in a deploy script, a Makefile, a workflow or the manifest.

    ## Why it happens
    The line was changed without a try, or the script that it calls was changed and the line was not.

    ## How we know
    Exactly one line of the repository's scripts gives that option; of several, the only one with the name of the
    program that complains. Where the definition of the option was taken out of
    another file after that line was written, it is that change.

    ## What to change
    Correct the option on that line, to the one that the command names where it names one.
    """
    places = [at for at in calls(repository, unknown.option) if not _defines(repository, at)]
    if len(places) > 1:
        places = _of_its_program(places, unknown.option, log, repository) or places
    if len(places) != 1:
        yield Unknown(f"which line gives {unknown.option} ({len(places)} lines of the repository do)")
        return
    at = places[0]
    quoted = repository.quote(at.path, at.line or 1)
    if quoted is None:
        return
    lost = _lost(unknown.option, at, repository)
    fix = _corrected(unknown.option, at, log, repository)
    if lost is not None:
        path, commit = lost
        yield Because(OptionTakenAway(unknown.option, path, at), [quoted, commit.evidence()], fix=fix)
    else:
        yield Because(OptionPassed(unknown.option, at), [quoted], fix=fix)


@scripts.rule
def option_taken_out(taken: OptionTakenAway, repository: Repository) -> Iterator[Because]:
    """
    A commit took the option out of the script that knew it.

    ## What you see
    An option that worked, and a script of the repository that does not know it any more.

    ## Why it happens
    The option was renamed or removed, and a line that gives it stayed as it was.

    ## How we know
    The newest commit that took the option's definition out of a file, after the line that gives it was written.

    ## What to change
    Bring both together: give the new name, or take the old one as well.
    """
    lost = _lost(taken.option, taken.at, repository)
    if lost is not None:
        path, commit = lost
        yield Because(introduced(commit, f"took the option {taken.option} out of {path}"), [commit.evidence()])


def _of_its_program(places: list[Locator], option: str, log: ErrorLog, repository: Repository) -> list[Locator]:
    """Those of some lines that name the program which says that it does not know the option."""
    said = [item.quote for found in log for item in found.evidence if option in item.quote]
    programs = {match["program"] for text in said if (match := _COMPLAINS.search(text)) is not None}
    rows = {at: repository.lines(at.path)[(at.line or 1) - 1] for at in places}
    return [at for at, row in rows.items() if any(program in row for program in programs)]


def _defines(repository: Repository, at: Locator) -> bool:
    return _DEFINES.search(repository.lines(at.path)[(at.line or 1) - 1]) is not None


def _lost(option: str, at: Locator, repository: Repository) -> tuple[str, Commit] | None:
    """(file, commit) that took the option's definition away after the line that gives it was written."""
    origin = repository.origin(at.path, at.line or 1)
    for text in (f'"{option}"', f"'{option}'", f"{option})"):
        for path, commit in repository.lost(text):
            before = repository.lines(path, commit.parents[0])
            defined = any(text in row and _DEFINES.search(row) for row in before)
            older = origin is not None and origin.commit.hash != commit.hash
            if defined and older and repository.is_ancestor(origin.commit.hash, commit.hash):  # type: ignore[union-attr]
                return path, commit
    return None


def _corrected(option: str, at: Locator, log: ErrorLog, repository: Repository) -> Remedy:
    """A patch with the option that the command itself names instead; words where it names none."""
    meant = None
    for occurrence in log:
        said = " ".join([occurrence.text, *(item.quote for item in occurrence.evidence)])
        match = _MEANT.search(said) if option in said else None
        meant = match["meant"] if match and match["meant"] != option else meant
    text = repository.text(at.path)
    row = repository.lines(at.path)[(at.line or 1) - 1]
    if meant is not None and text is not None and row.count(option) == 1:
        patch = unified(at.path, text, with_line(text, at.line or 1, row.replace(option, meant)))
        return Remedy("patch", f"give {meant} at {at}", patch=patch)
    return Remedy("words", f"give at {at} an option that the command knows (its `--help` lists them)")
