"""From an error about a setting to the line that declares it, or to its absence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.configuration.claims import (
    DeclaredForAnother,
    DeclaredNowhere,
    DeclaredUnderAnotherName,
    ValidatorRefuses,
    ValueWrong,
    VariableRefused,
    VariableUnset,
    configuration,
)
from shakeout.catalogue.configuration.reading import about
from shakeout.catalogue.configuration.values import problem_of
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import quoted
from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.configuration import Configuration, ConfigurationValue
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import nearest, unified, with_line
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, RuledOut, Strength
from shakeout.why.links import Unknown

_CHECKS = re.compile(
    r"valid|Literal|Enum|pattern|regex|constr|Field\(|\b(?:ge|gt|le|lt|min_length|max_length)\s*=|\bin\b"
)


@configuration.rule
def setting_not_accepted(
    raised: ExceptionRaised | ErrorLogged, paths: SourcePaths, settings: Configuration, log: ErrorLog
) -> Iterator[Because]:
    """
    The program asks for a setting that is not there, or refuses the one that is.

    ## What you see
    `KeyError: 'DATABASE_URL'`, `1 validation error for Settings`, `SECRET_KEY not found. Declare it as envvar`,
    `The SECRET_KEY setting must not be empty`, or the application's own words, while a service starts.

    ## Why it happens
    Settings come from the environment, and each environment declares its own.

    ## How we know
    The exception's type and text name the variable, and a line of the code reads it; or the failing line reads a
    variable that the repository's configuration declares.

    ## What to change
    The next link says where the variable is declared, and what is wrong with it.
    """
    occurrence = log.get(raised.key)
    if occurrence is None or (isinstance(raised, ErrorLogged) and (occurrence.traceback or occurrence.type)):
        return
    for one in about(raised, paths, log, lambda: frozenset(one.name for one in settings.all)):
        evidence = (*quoted(paths, one.at), *occurrence.evidence[:1])
        made = VariableUnset if one.way == "unset" else VariableRefused
        yield Because(made(one.variable, occurrence.owner, one.at), evidence)


def _quote(paths: SourcePaths, value: ConfigurationValue, note: str = "") -> tuple[Evidence, ...]:
    return quoted(paths, value.at, note)


@configuration.rule
def declared_nowhere(
    unset: VariableUnset, paths: SourcePaths, settings: Configuration
) -> Iterator[Because | Unknown | RuledOut]:
    """
    Nothing that declares the deployment's settings sets the variable.

    ## What you see
    A new setting works for the one who wrote it and nowhere else.

    ## Why it happens
    The code began to read a variable, and the deployment's files did not get it; or a clean-up took it out of them.

    ## How we know
    Every file of the repository that declares variables for a deployment is read; they set others and not this one.
    An example file (`.env.example`) sets nothing.

    ## What to change
    Set the variable where the others are set, or give it a default.
    """
    if unset.at is None:
        return
    here = [one for one in settings.real if one.name == unset.variable]
    if here:
        if all(one.value is None for one in here):
            seen = [item for one in here[:3] for item in _quote(paths, one)]
            yield RuledOut(f"{unset.variable} is declared nowhere", seen)
            yield Unknown(f"the value of {here[0].refers or 'the secret'} that {here[0].at} refers to")
        return
    scope = settings.scope_of(unset.service)
    others = list(settings.for_scope(scope))
    if not others:
        yield Unknown("where the deployment's variables are set (no file of the repository declares any)")
        return
    if _other_name(unset, settings, paths.repository) is not None or settings.elsewhere(unset.variable):
        return
    evidence = [*quoted(paths, unset.at)]
    files = tuple(dict.fromkeys(one.at.path for one in others))[:3]
    for file in files:
        lines = [one.at.line or 1 for one in others if one.at.path == file]
        found = paths.repository.quote(file, min(lines), min(max(lines), min(lines) + 30), note="sets others")
        evidence += [found] if found is not None else []
    samples = [one for one in settings.all if one.sample and one.name == unset.variable]
    evidence += [item for one in samples[:1] for item in _quote(paths, one, "only an example names it")]
    yield Because(
        DeclaredNowhere(unset.variable, files, unset.at), evidence, strength=Strength.ENTAILED,
        fix=Remedy("words", f"set {unset.variable} in {files[0]}{f' for {scope}' if scope else ''}"),
    )  # fmt: skip


@configuration.rule
def declared_for_another_service(
    unset: VariableUnset, paths: SourcePaths, settings: Configuration
) -> Iterator[Because]:
    """
    The variable is set for one service only, and another needs it as well.

    ## What you see
    One service starts, and another with the same code ends with a missing setting.

    ## Why it happens
    Settings are declared service by service; the new one was added where it was noticed first.

    ## How we know
    The log's service is one that the configuration knows; the variable is declared for others and not for it.

    ## What to change
    Declare it for this service too.
    """
    scope = settings.scope_of(unset.service)
    here = settings.of(unset.variable)
    if scope is None or not here or any(one.scope in {None, scope} for one in here):
        return
    others = tuple(dict.fromkeys(one.scope for one in here if one.scope))
    own = [one for one in settings.real if one.scope == scope]
    evidence = [*_quote(paths, here[0]), *(item for one in own[:3] for item in _quote(paths, one, f"set for {scope}"))]
    yield Because(
        DeclaredForAnother(unset.variable, scope, others, here[0].at, unset.at), evidence, strength=Strength.ENTAILED,
        fix=Remedy("words", f"set {unset.variable} for {scope} in {here[0].at.path} as well"),
    )  # fmt: skip


def _other_name(unset: VariableUnset, settings: Configuration, repository: Repository) -> ConfigurationValue | None:
    """The declared variable of nearly the same name that no code reads."""
    scope = settings.scope_of(unset.service)
    own = {one.name: one for one in settings.for_scope(scope)}
    meant = nearest(unset.variable, list(own), 0.7)
    if meant is None or repository.grep(meant, ["*.py", "*.js", "*.mjs", "*.ts", "*.go", "*.java"]):
        return None
    return own[meant]


@configuration.rule
def declared_under_another_name(unset: VariableUnset, paths: SourcePaths, settings: Configuration) -> Iterator[Because]:
    """
    The variable is set by another name than the one that is read.

    ## What you see
    A setting is missing, and the deployment's file seems to have it.

    ## Why it happens
    The variable was renamed in the code or in the configuration, and not in the other.

    ## How we know
    A variable of nearly the same name is declared for this service, and no line of the code reads that one.

    ## What to change
    Use one name; the patch takes the one that the code reads.
    """
    if settings.of(unset.variable):
        return
    found = _other_name(unset, settings, paths.repository)
    if found is None:
        return
    text = paths.repository.text(found.at.path) or ""
    line = found.at.line or 1
    row = re.sub(rf"\b{found.name}\b", unset.variable, text.split("\n")[line - 1], count=1)
    patch = unified(found.at.path, text, with_line(text, line, row))
    yield Because(
        DeclaredUnderAnotherName(unset.variable, found.name, found.at, unset.at),
        [*_quote(paths, found), *quoted(paths, unset.at, "reads it")],
        strength=Strength.ENTAILED,
        fix=Remedy("patch", f"set {unset.variable} instead of {found.name} at {found.at}", patch=patch),
    )


@configuration.rule
def declared_value_wrong(
    refused: VariableRefused | VariableUnset, paths: SourcePaths, settings: Configuration, log: ErrorLog
) -> Iterator[Because | Unknown]:
    """
    The declared value is empty, a placeholder, or not of the kind that the program takes.

    ## What you see
    A setting that is there, and an error that says that it is missing or invalid; often far from where it was read.

    ## Why it happens
    A placeholder was never replaced, a value was copied with a line break or quotation marks, or it has another type
    or scheme than the program expects.

    ## How we know
    The line that declares the variable is quoted (redacted where it is a secret); what is wrong can be seen from the
    value itself together with the words of the refusal.

    ## What to change
    Correct the value at that line.
    """
    scope = settings.scope_of(refused.service)
    here = [one for one in settings.for_scope(scope) if one.name == refused.variable]
    said = _said(log, refused.service)
    for one in here:
        problem = problem_of(one.name, one.value, said) if one.value is not None else None
        if problem is not None and (isinstance(refused, VariableRefused) or problem in {"is empty", "is blank"}):
            yield Because(ValueWrong(one.name, problem, one.at), _quote(paths, one), strength=Strength.OBSERVED)
            return
    if isinstance(refused, VariableRefused) and here and all(one.value is None for one in here):
        yield Unknown(f"the value of {here[0].refers or 'the secret'} that {here[0].at} refers to")


def _said(log: ErrorLog, service: str | None) -> str:
    """The words in which one service refused something."""
    texts = [
        raised.message
        for item in log
        if item.owner == service
        for raised in (item.traceback.exceptions if item.traceback is not None else ())
    ]
    texts += [item.text for item in log if item.owner == service]
    return "\n".join(text[:2000] for text in texts[:50])


@configuration.rule
def validator_refuses_value(
    refused: VariableRefused, paths: SourcePaths, settings: Configuration, log: ErrorLog
) -> Iterator[Because]:
    """
    The application's own check refuses a value that was in use before it.

    ## What you see
    `validation error for Settings` after a change of the code, with a configuration that nobody touched.

    ## Why it happens
    A validator, a list of allowed values or a pattern was made stricter than what an environment has.

    ## How we know
    The line that checks the value is newer than the line that declares it, and nothing else can be seen to be wrong
    with the value.

    ## What to change
    Let the check take the value, or change the value in every environment before the check is deployed.
    """
    if refused.at is None:
        return
    scope = settings.scope_of(refused.service)
    here = [one for one in settings.for_scope(scope) if one.name == refused.variable and one.value is not None]
    said = _said(log, refused.service)
    if not here or any(problem_of(one.name, one.value or "", said) for one in here):
        return
    repository = paths.repository
    for line in _checking_lines(repository, refused):
        made = repository.origin(line.path, line.line or 1)
        declared = repository.origin(here[0].at.path, here[0].at.line or 1)
        if made is None or declared is None or made.commit.hash == declared.commit.hash:
            continue
        if repository.is_ancestor(declared.commit.hash, made.commit.hash):
            evidence = [*quoted(paths, line), *_quote(paths, here[0], "the value that it refuses")]
            yield Because(ValidatorRefuses(refused.variable, line, here[0].at), evidence, strength=Strength.ENTAILED)
            return


def _checking_lines(repository: Repository, refused: VariableRefused) -> Iterator[Locator]:
    """The lines of the settings' file that check this variable: its own, then those of a validator that names it."""
    if refused.at is None:
        return
    rows = repository.lines(refused.at.path)
    field = refused.variable.lower()
    own = rows[(refused.at.line or 1) - 1] if refused.at.line and refused.at.line <= len(rows) else ""
    name = re.match(r"\s*(\w+)\s*:", own)
    field = name[1] if name else field
    places = [refused.at.line or 1] if _CHECKS.search(own) else []
    for number, row in enumerate(rows, 1):
        if number != refused.at.line and re.search(r"valid", row) and re.search(rf"[\"']{field}[\"']|{field}", row):
            places.append(number)
            for inner, later in enumerate(rows[number : number + 8], number + 1):
                if re.search(r"\b(?:if|in|not|match|raise)\b", later) and not later.lstrip().startswith("def"):
                    places.insert(0, inner)
                    break
    for line in dict.fromkeys(places):
        yield Locator(source="file", path=refused.at.path, line=line, commit=repository.commit)
