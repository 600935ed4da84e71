"""Builds of images: the step that fails, and the package that it does not get."""

from __future__ import annotations

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
