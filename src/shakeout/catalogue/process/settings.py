"""Settings: a service ends because its environment lacks a variable, or has it under another name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.process.claims import (
    LastWords,
    ProcessEnded,
    ProcessRestarted,
    SettingInvalid,
    SettingMisnamed,
    SettingMissing,
)
from shakeout.catalogue.process.family import manifest_patch, own, process, quoted
from shakeout.catalogue.process.wording import Said, key_error, settings_in
from shakeout.catalogue.symptoms import DEPLOYMENT
from shakeout.evidence.declarations import Declarations, Declared
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import nearest, unified, with_line_after
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Commit, Repository
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown

_SOURCES = ("*.py", "*.js", "*.mjs", "*.cjs", "*.ts", "*.go", "*.rb", "*.java", "*.kt", "*.rs", "*.php", "*.sh", "*.cs")


@process.rule
def setting_missing(
    ended: ProcessEnded | ProcessRestarted | ExceptionRaised,
    log: ErrorLog,
    declarations: Declarations,
    paths: SourcePaths | None,
    repository: Repository | None,
) -> Iterator[Because]:
    """
    The service needs a variable that the manifest does not set.

    ## What you see
    `environment variable X is not set`, `Field required`, `X not found. Declare it as envvar`, `KeyError: 'X'`: a
    service that ends at its start, or the moment that it reads the setting.

    ## Why it happens
    A variable was taken out of the manifest, was never put in when the code began to ask for it, or has another name
    there.

    ## How we know
    The service's own words name the variable, and its block of the manifest sets none of that name.
    Where it sets one of nearly that name which no line of the service's code asks for, that is the one that is meant.

    ## What to change
    Set the variable in the service's block, or correct its name there. Where the manifest's history had the line, the
    patch brings it back.
    """
    for service, said, evidence in _said(ended, log, paths, repository):
        declared = declarations.services.get(service)
        if declared is None or not said.missing or _sets(declared, said.variable):
            continue
        misnamed = _misnamed(declared, said.variable, repository)
        if misnamed is not None:
            name, at = misnamed
            yield Because(
                SettingMisnamed(service, said.variable, name, at),
                [evidence, *quoted(declarations, at)],
                fix=manifest_patch(declarations, at, name, said.variable, f"call it {said.variable} at {at}"),
            )
            continue
        block = declared.settings.get("environment")
        place = (block.at if block is not None else None) or declared.at
        if place is not None:
            note = f"sets no {said.variable}"
            yield Because(
                SettingMissing(service, said.variable, place),
                [evidence, *quoted(declarations, place, note)],
                fix=_restored(service, said.variable, declarations, repository),
            )


@process.rule
def setting_invalid(ended: ProcessEnded | LastWords, log: ErrorLog, declarations: Declarations) -> Iterator[Because]:
    """
    The service does not accept the value that the manifest gives to a variable.

    ## What you see
    `X: expected a whole number from 1 to 100, got 'many'`, and a service that ends at its start.

    ## Why it happens
    The value is of another kind, out of range, or of an older form than the code accepts.

    ## How we know
    The service's own words name the variable, what it expects and what it got, and the manifest's line sets it.

    ## What to change
    The value at that line.
    """
    for occurrence in own(log, ended.service):
        for said in settings_in(_text(occurrence), occurrence.type or ""):
            declared = declarations.services.get(ended.service)
            setting = _setting(declared, said.variable) if declared is not None and not said.missing else None
            if setting is not None:
                yield Because(
                    SettingInvalid(ended.service, said.variable, setting),
                    [occurrence.evidence[0], *quoted(declarations, setting)],
                    fix=Remedy("words", f"give {said.variable} at {setting} a value that {ended.service} accepts"),
                )


def _said(
    ended: ProcessEnded | ProcessRestarted | ExceptionRaised,
    log: ErrorLog,
    paths: SourcePaths | None,
    repository: Repository | None,
) -> Iterator[tuple[str, Said, Evidence]]:
    """(service, variable, evidence) of every setting that the service's own words name."""
    if isinstance(ended, ExceptionRaised):
        occurrence = log.get(ended.key)
        if occurrence is None or occurrence.owner is None or occurrence.origin == "check":
            return
        found = list(settings_in(ended.message, ended.type)) if ended.simple_type != "KeyError" else []
        looked_up = key_error(ended.type, ended.message, _code(occurrence, paths, repository))
        for said in [*found, *([looked_up] if looked_up else [])]:
            yield occurrence.owner, said, occurrence.evidence[0]
        return
    for occurrence in own(log, ended.service):
        if occurrence.traceback is None and (occurrence.error or occurrence.origin == "deployment"):
            for said in settings_in(_text(occurrence), occurrence.type or ""):
                yield ended.service, said, occurrence.evidence[0]


def _text(occurrence: Occurrence) -> str:
    quotes = " ".join(item.quote for item in occurrence.evidence[:1])
    return f"{occurrence.text}\n{quotes}"


def _code(occurrence: Occurrence, paths: SourcePaths | None, repository: Repository | None) -> str:
    """The source text of the traceback's frames, the innermost of the application's last."""
    if occurrence.traceback is None:
        return ""
    found: list[str] = []
    for frame in occurrence.traceback.first.frames[-4:]:
        found.append(frame.code or "")
        path = paths.find(frame.path, frame.line) if paths is not None and frame.path else None
        if path is not None and repository is not None and frame.line:
            found += repository.lines(path)[frame.line - 1 : frame.line]
    return "\n".join(found)


def _setting(declared: Declared, variable: str) -> Locator | None:
    for name in (f"environment.{variable}", f"secrets.{variable}"):
        if name in declared.settings:
            return declared.settings[name].at
    return None


def _sets(declared: Declared, variable: str) -> bool:
    return any(f"{group}.{variable}" in declared.settings for group in ("environment", "secrets"))


def _misnamed(declared: Declared, variable: str, repository: Repository | None) -> tuple[str, Locator] | None:
    """The variable that is set under nearly that name, and that no source of the repository asks for."""
    names = {
        name.partition(".")[2]: setting.at
        for name, setting in declared.settings.items()
        if name.startswith(("environment.", "secrets."))
    }
    near = nearest(variable, list(names), cutoff=0.85)
    at = names.get(near) if near is not None else None
    if near is None or at is None or repository is None or repository.grep(f'"{near}"', _SOURCES):
        return None
    return None if repository.grep(f"'{near}'", _SOURCES) else (near, at)


def _in_manifest(text: str | None, service: str, variable: str, environment: str | None) -> bool:
    """Whether a manifest's text sets the variable for the service in that environment (None: in any)."""
    try:
        data = yaml.safe_load(text or "")
    except (yaml.YAMLError, RecursionError):
        return False
    if not isinstance(data, Mapping):
        return False
    known = _below(data, "environments")
    environments = {name: known[name] for name in known if environment in (None, name)}
    if service == DEPLOYMENT:
        return any(variable in _below(environments, name, "options", "environment") for name in environments)
    blocks = [_below(data, "services", service)]
    for name in environments:
        blocks.append(_below(environments, name, "services", service))
    return any(variable in _below(block, group) for block in blocks for group in ("environment", "secrets"))


def _below(value: Any, *keys: Any) -> Mapping[Any, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _taken_out(
    service: str, variable: str, path: str, repository: Repository, environment: str | None
) -> Commit | None:
    """The commit that took the variable out of the service's block."""

    def sets(text: str | None) -> bool:
        return _in_manifest(text, service, variable, environment)

    commit = repository.change_of(path, sets)
    if commit is None or not any(sets(repository.text(path, parent)) for parent in commit.parents):
        return None
    return commit


def _restored(service: str, variable: str, declarations: Declarations, repository: Repository | None) -> Remedy:
    """The line that the manifest's history had, put back where it stood; words where there was none."""
    block = f"services.{service}.environment"
    if service == DEPLOYMENT:
        block = f"environments.{declarations.environment}.options.environment"
    words = Remedy("words", f"set {variable} in {block} of {declarations.path}")
    path = declarations.path
    environment = declarations.environment
    commit = _taken_out(service, variable, path, repository, environment) if repository is not None else None
    now = repository.text(path) if repository is not None else None
    if repository is None or commit is None or now is None:
        return words
    for parent in commit.parents:
        old = repository.lines(path, parent)
        for number, row in enumerate(old):
            if row.strip().startswith(f"{variable}:") and number > 0:
                places = [index for index, line in enumerate(now.split("\n"), 1) if line == old[number - 1]]
                for place in places:
                    text = with_line_after(now, place, row)
                    if _in_manifest(text, service, variable, environment):
                        summary = f"set {variable} for {service} again in {path}"
                        return Remedy("manifest", summary, patch=unified(path, now, text))
    return words


@process.rule
def setting_change(
    missing: SettingMissing | SettingMisnamed, repository: Repository, declarations: Declarations | None
) -> Iterator[Because | Unknown]:
    """
    A commit took the setting out, or made the code ask for one that is not there.

    ## What you see
    A setting that is missing, and a release that had it, or code that did not need it.

    ## Why it happens
    The manifest and the code that reads its variables are changed by different commits.

    ## How we know
    The manifest's history, parsed version by version: the newest commit after which the service's block does not set
    the variable. Where none ever set it, the commit that wrote the one line of code which asks for it.

    ## What to change
    Bring both together again.
    """
    environment = declarations.environment if declarations is not None else None
    commit = _taken_out(missing.service, missing.variable, missing.at.path, repository, environment)
    if commit is not None:
        what = f"took {missing.variable} out of the settings of {missing.service}"
        yield Because(introduced(commit, what), [commit.evidence()])
        return
    asked = [
        at
        for quote in ("'", '"')
        for at in repository.grep(f"{quote}{missing.variable}{quote}", _SOURCES)
        if not at.path.startswith(("tests/", "test/", "docs/")) and "/tests/" not in at.path
    ] or list(repository.grep(f"process.env.{missing.variable}", _SOURCES))
    if len(asked) != 1:
        yield Unknown(f"where the code asks for {missing.variable} ({len(asked)} places name it)")
        return
    at = asked[0]
    origin = repository.origin(at.path, at.line or 1)
    line = repository.quote(at.path, at.line or 1)
    if origin is None or origin.boundary:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
    elif line is not None:
        what = f"made {at} ask for {missing.variable}"
        yield Because(introduced(origin.commit, what), [line, origin.commit.evidence()], strength=Strength.OBSERVED)
