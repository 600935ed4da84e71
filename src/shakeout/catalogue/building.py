"""Builds of images: the step that fails, and the package that it does not get."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import evidence_of, raised_in, written_by
from shakeout.catalogue.symptoms import CheckFailed, DeploymentFailed, ErrorLogged
from shakeout.catalogue.tooling import tooling
from shakeout.evidence.model import Locator
from shakeout.evidence.requirements import Requirements, normalised
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.tool_words import PACKAGE, failed_step, package_in
from shakeout.why import Because, Claim, Layer, Remedy, Strength, claim


@claim(Layer.MECHANISM)
class BuildStepFailed(Claim):
    """A command that builds an image ended with an error."""

    command: str

    def __str__(self) -> str:
        return f"the build step `{self.command}` fails"

    def why(self) -> str:
        return f"Why does `{self.command}` fail?"


@claim(Layer.STATE, actionable=True)
class PackageNotAvailable(Claim):
    """No registry that is asked has a package in the version that is asked for."""

    package: str
    wanted: str

    def __str__(self) -> str:
        return f"no version of {self.package} fits {self.wanted}" if self.wanted else f"there is no {self.package}"

    def title(self) -> str:
        return f"{self.package}{self.wanted} is not to be had"

    def why(self) -> str:
        return f"Why is {self.package}{self.wanted} asked for?"


@claim(Layer.DECLARATION)
class VersionDeclared(Claim):
    """A line asks for a version of a package that is not there."""

    package: str
    wanted: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks for {self.package}{self.wanted}, which is not to be had"

    def why(self) -> str:
        return f"Why does {self.at} ask for {self.package}{self.wanted}?"


@claim(Layer.STATE, actionable=True)
class LockOutOfStep(Claim):
    """A lock file and the file that says what is asked for do not agree; `missing` is a package that the lock lacks."""

    lock: str
    asks: str
    missing: str | None

    def __str__(self) -> str:
        lacks = f": the lock has no {self.missing}" if self.missing else ""
        return f"{self.lock} and {self.asks} do not agree{lacks}"

    def why(self) -> str:
        return f"Why do {self.lock} and {self.asks} not agree?"


Failing = ErrorLogged | CheckFailed | DeploymentFailed


def _occurrences(effect: Failing, log: ErrorLog) -> tuple[Occurrence, ...]:
    if not isinstance(effect, ErrorLogged):
        return written_by(effect, log)
    found = log.get(effect.key)
    return (found,) if found is not None else ()


@tooling.rule
def build_step_failed(effect: Failing, log: ErrorLog) -> Iterator[Because]:
    """
    A step of an image's build ends with an error.

    ## What you see
    `failed to solve: process "/bin/sh -c pip install …" did not complete successfully: exit code: 1`, at the end of a
    long transcript.

    ## Why it happens
    A command of the Dockerfile ended with an error; the builder only knows its exit status.

    ## How we know
    The builder names the command (BuildKit, the classic builder, Podman).

    ## What to change
    What made the command fail, which the next link says.
    """
    for occurrence in _occurrences(effect, log):
        command = failed_step(occurrence.text)
        if command is not None:
            yield Because(BuildStepFailed(command), evidence_of(occurrence)[:2])
            return


@tooling.rule
def exception_behind_build_step(failed: BuildStepFailed, log: ErrorLog) -> Iterator[Because]:
    """
    A program that runs while the image is built raised an exception.

    ## What you see
    A traceback in the middle of a build's transcript.

    ## Why it happens
    A step such as `collectstatic` or a code generator imports the application, which fails as it would at start.

    ## How we know
    The transcript with the failed step has exactly one traceback.

    ## What to change
    What made the exception happen, which the next link says.
    """
    places = {piece.locator.path for item in _steps(failed, log) for piece in item.evidence}
    traced = [
        item
        for item in log
        if item.traceback is not None and item.error and places & {piece.locator.path for piece in item.evidence}
    ]
    raised = raised_in(traced[0]) if len(traced) == 1 else None
    if raised is not None:
        yield Because(raised, evidence_of(traced[0])[:1], strength=Strength.ENTAILED)


def _steps(failed: BuildStepFailed, log: ErrorLog) -> list[Occurrence]:
    return [item for item in log if failed_step(item.text) == failed.command]


@tooling.rule
def package_not_available(effect: Failing | BuildStepFailed, log: ErrorLog) -> Iterator[Because]:
    """
    The installer finds no version of a package that fits.

    ## What you see
    `No matching distribution found for x==4.7.1`, `notarget No matching version found for x@4`, `is not in this
    registry`.

    ## Why it happens
    The version was never published, was withdrawn, needs another Python, or is in a registry that is not asked.

    ## How we know
    The installer (pip, uv, npm, yarn) says so and names the package. Of a failed build step: the same transcript has
    such words about exactly one package.

    ## What to change
    Ask for a version that is there, or give the build access to the registry that has it.
    """
    if isinstance(effect, BuildStepFailed):
        places = {piece.locator.path for item in _steps(effect, log) for piece in item.evidence}
        items = [item for item in log if places & {piece.locator.path for piece in item.evidence}]
        strength = Strength.ENTAILED
    else:
        items = list(_occurrences(effect, log))
        strength = Strength.OBSERVED
    found: dict[PackageNotAvailable, list[Occurrence]] = {}
    for item in items:
        told = package_in(item.text)
        if told is not None:
            found.setdefault(PackageNotAvailable(*told), []).append(item)
    if len(found) == 1:
        ((absent, said),) = found.items()
        fix = Remedy(
            "words", f"ask for a version of {absent.package} that can be had, or name the registry that has it"
        )
        yield Because(
            absent, [piece for item in said[:2] for piece in evidence_of(item)[:1]], strength=strength, fix=fix
        )


@tooling.rule
def version_declared(absent: PackageNotAvailable, requirements: Requirements) -> Iterator[Because]:
    """
    A line of the repository asks for that version.

    ## What you see
    A pinned version in `requirements.txt`, `pyproject.toml` or `package.json`.

    ## Why it happens
    The version was typed by hand, or published to a private registry only.

    ## How we know
    Exactly one line of the repository's requirements names the package with what the installer was asked for.

    ## What to change
    That line.
    """
    name = normalised(absent.package)
    version = PACKAGE.sub("", absent.wanted).lstrip("=~^<>!@ ")
    found = []
    for one in requirements.all:
        quoted = requirements.repository.quote(one.at.path, one.at.line or 1)
        if one.name == name and quoted is not None and version in quoted.quote:
            found.append((one.at, quoted))
    if len(found) == 1:
        ((at, quoted),) = found
        yield Because(VersionDeclared(absent.package, absent.wanted, at), [quoted], strength=Strength.ENTAILED)


_LOCKS = {
    "package-lock.json": re.compile(
        r"`npm ci` can only install packages when your package\.json and package-lock\.json"
    ),
    "pnpm-lock.yaml": re.compile(r"\bERR_PNPM_OUTDATED_LOCKFILE\b"),
    "yarn.lock": re.compile(
        r"\bYour lockfile needs to be updated, but yarn was run with"
        r"|\bThe lockfile would have been modified by this install"
    ),
    "poetry.lock": re.compile(r"\bsince poetry\.lock was last generated\b|\bpoetry\.lock is not up to date\b"),
    "uv.lock": re.compile(r"\bThe lockfile at `uv\.lock` needs to be updated, but `--(?:locked|frozen)` was provided"),
}
_LACKS = re.compile(r"\bMissing: (?P<package>@?[\w./-]{1,120}@[\w.+-]{1,60}) from lock file")
_STOPPED = re.compile(r"\bnpm (?:ERR!|error) code EUSAGE\b|\bbuild step \d{1,3} \"[^\"\n]{1,200}\" failed\b")


@tooling.rule
def lock_out_of_step(effect: Failing | BuildStepFailed, log: ErrorLog) -> Iterator[Because]:
    """
    A lock file does not agree with what is asked for.

    ## What you see
    `npm ci can only install packages when your package.json and package-lock.json … are in sync`,
    `ERR_PNPM_OUTDATED_LOCKFILE`, `poetry.lock is not up to date`, in a build that works on the machine of who wrote it.

    ## Why it happens
    A requirement was changed by hand, or in a merge, and the lock file was not made anew.

    ## How we know
    The installer says so in its own words, in the transcript of the same build.

    ## What to change
    Make the lock file anew (`npm install`, `pnpm install`, `poetry lock`) and commit it.
    """
    if isinstance(effect, BuildStepFailed):
        own = _steps(effect, log)
    else:
        own = [item for item in _occurrences(effect, log) if _STOPPED.search(item.text) or _lock_in(item.text)]
    places = {piece.locator.path for item in own for piece in item.evidence}
    beside = [item for item in log if places & {piece.locator.path for piece in item.evidence}]
    told = {lock: item for item in beside if (lock := _lock_in(item.text)) is not None}
    if len(told) != 1:
        return
    ((lock, said),) = told.items()
    lacks = next((found["package"] for item in beside if (found := _LACKS.search(item.text)) is not None), None)
    asks = "pyproject.toml" if lock in {"poetry.lock", "uv.lock"} else "package.json"
    evidence = [
        *evidence_of(said)[:1],
        *(piece for item in own[:1] if item is not said for piece in evidence_of(item)[:1]),
    ]
    fix = Remedy("words", f"make {lock} anew from {asks} and commit it")
    yield Because(LockOutOfStep(lock, asks, lacks), evidence, strength=Strength.ENTAILED, fix=fix)


def _lock_in(text: str) -> str | None:
    return next((lock for lock, words in _LOCKS.items() if words.search(text[:4000])), None)
