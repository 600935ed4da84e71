"""
What a rehearsal runs for each service's image.

Where an engine answers: the image, built here under the name that the manifest gives it if the manifest says how, else
as it is there. Where none does, or the image cannot be had: the service's command, as a process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shakeout.errors import DependencyMissingError, DeploymentError, UsageError
from shakeout.manifest.interpolation import LateValues, Reference, resolve_late, split, template
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.rehearsal.settings import Command
from shakeout.targets.base import Progress
from shakeout.targets.checkout import lay_out
from shakeout.targets.container import commands
from shakeout.targets.container.engine import Command as EngineCommand
from shakeout.targets.container.engine import Engine, find_engine, run_now
from shakeout.targets.environment import SEARCH_PATH
from shakeout.targets.uploading import lay_out_upload

_LAST = 15
CACHE = "localhost/shakeout/rehearsal"
"""What built images are called between rehearsals, so that the next build is quick."""


@dataclass(kw_only=True, slots=True)
class StandIns:
    """
    What was found: `commands` by image, `built` and `there` are services whose image runs, `processes` those whose
    command does. `named` are names that were given to images here, and are taken away at the end.
    """

    engine: Engine | None = None
    commands: dict[str, Command] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def note(self, names: list[str], name: str) -> None:
        """Add a name to one of the lists, once."""
        if name not in names:
            names.append(name)

    def notes(self) -> Iterator[str]:
        """What the report has to say of it."""
        if self.engine and self.built:
            yield f"{listed(self.built)} ran as containers of {self.engine.name}, from images that were built here"
        if self.engine and self.there:
            yield f"{listed(self.there)} ran as containers of {self.engine.name}, from images that were there"
        if self.processes:
            yield (
                f"{listed(self.processes)} ran as processes by the command in the manifest; no image was built or run, "
                "so what is in an image was not tried"
            )

    def close(self) -> None:
        """Take the names away again."""
        if self.engine:
            for name in self.named:
                run_now(self.engine, EngineCommand(words=("untag" if self.engine.name == "podman" else "rmi", name)))


def engine_here(wanted: bool) -> Engine | None:
    """The engine of this machine, if one is wanted and answers."""
    try:
        return find_engine() if wanted else None
    except DependencyMissingError:
        return None


def stand_ins(
    plans: Sequence[Plan], place: Path, urls: Mapping[str, str], engine: Engine | None, progress: Progress
) -> StandIns:
    """
    Find or make what runs for each image of the plans; files of commits are laid out below `place`.

    Raises DeploymentError where an image cannot be built, UsageError where a service has neither image nor command
    here, or where one image would have to stand for two commits.
    """
    found = StandIns(engine=engine)
    commits: dict[str, str] = {}
    for plan in plans:
        for service in plan.services:
            if service.url is None and service.image is not None and _made_here(service, found):
                _told_apart(plan, service, commits.setdefault(service.image, service.commit))
        _add(found, plan, place, urls, progress)
    return found


def _made_here(service: ServicePlan, found: StandIns) -> bool:
    """Whether files of a commit, and not what is in a registry, stand for the image."""
    return service.build is not None or found.engine is None


def _told_apart(plan: Plan, service: ServicePlan, commit: str) -> None:
    if commit != service.commit:
        raise UsageError(
            f"the two releases of {service.name} have one image, so that they cannot be told apart",
            expected="an image with ${commit} in its name",
            seen=f"{service.image} for {commit[:12]} and for {service.commit[:12]}",
            where=f"{plan.manifest_path}:{service.at.line}" if service.at else plan.manifest_path,
        )


def _add(found: StandIns, plan: Plan, place: Path, urls: Mapping[str, str], progress: Progress) -> None:
    engine = found.engine
    known = LateValues(services={**urls, **{one.name: one.url for one in plan.services if one.url}})
    for service in plan.services:
        if service.url is not None or service.image is None:
            continue
        if engine is not None and service.build is not None:
            _build(plan, service, service.image, place, engine, progress)
            found.note(found.built, service.name)
            found.note(found.named, service.image)
        elif engine is not None and _is_there(engine, service.name, service.image, progress):
            found.note(found.there, service.name)
        elif service.command:
            found.commands[service.image] = _command(service, _files(plan, service, place, progress), known)
            found.note(found.processes, service.name)
        else:
            raise UsageError(
                f"{service.name} cannot be rehearsed on this machine",
                expected=f"`build` or `run` of services.{service.name}, or an engine that has its image",
                seen="none of them",
                where=f"{plan.manifest_path}:{service.at.line}" if service.at else plan.manifest_path,
            )


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _tree(plan: Plan, service: ServicePlan, place: Path, progress: Progress) -> Path:
    tree = place / service.commit
    if not tree.exists():
        progress(f"laying out {service.commit[:12]}")
        lay_out(Path(plan.repository), service.commit, tree)
    return tree


def _files(plan: Plan, service: ServicePlan, place: Path, progress: Progress) -> Path:
    """The files in which a service's command runs: those of its commit, without what is not uploaded."""
    tree, spec = _tree(plan, service, place, progress), service.build
    if spec is None or spec.upload is None or spec.context != ".":
        return tree
    return _context(plan, service, place, progress)


def _context(plan: Plan, service: ServicePlan, place: Path, progress: Progress) -> Path:
    """The folder that the service's image is built from; of one that is uploaded, only what comes up."""
    tree, spec = _tree(plan, service, place, progress), service.build
    if spec is None or spec.upload is None:
        return tree / (spec.context if spec is not None else ".")
    folder = place / f"{service.commit}-upload" / spec.context
    if not folder.exists():
        out = lay_out_upload(tree, spec.context, folder)
        progress(f"leaving out what gcloud does not upload of {spec.context} (files: {out})")
    return folder


def _build(plan: Plan, service: ServicePlan, image: str, place: Path, engine: Engine, progress: Progress) -> None:
    assert service.build is not None
    spec, tree = service.build, _tree(plan, service, place, progress)
    progress(f"{service.name}: building its image from {spec.dockerfile}")
    wanted = commands.Build(
        dockerfile=tree / spec.dockerfile,
        context=_context(plan, service, place, progress),
        shown=spec.dockerfile,
        tag=image,
        labels={commands.REVISION: service.commit},
        arguments=spec.arguments,
        target=spec.target,
    )
    done = run_now(engine, commands.build(wanted))
    if done.status:
        lines = [*done.output.decode("utf-8", "replace").splitlines(), *done.error.splitlines()]
        raise DeploymentError(
            f"the image of {service.name} cannot be built",
            service=service.name,
            seen="\n".join(lines[-_LAST:]),
            where=spec.dockerfile,
            hint="correct it, or run the services by their commands instead of images: --rehearsal-commands",
        )
    run_now(engine, EngineCommand(words=("tag", image, f"{CACHE}/{plan.application}/{service.name}:latest")))


def _is_there(engine: Engine, service: str, image: str, progress: Progress) -> bool:
    if run_now(engine, commands.inspect_image(image)).status == 0:
        return True
    progress(f"{service}: fetching {image}")
    return run_now(engine, commands.pull(image)).status == 0


def _command(service: ServicePlan, tree: Path, known: LateValues) -> Command:
    # What a manifest calls `${python}` is the interpreter that runs shakeout.
    own = Path(sys.executable).parent
    environment = {"PATH": f"{own}:{SEARCH_PATH}", "LANG": "C.UTF-8", "COMMIT": service.commit}
    words = tuple(_word(word, known) for word in service.command)
    return Command(words=words, folder=tree / service.path, environment=environment)


def _word(word: str, known: LateValues) -> str:
    """A word of a command, as the double takes it: `${PORT}` where the manifest has `${port}`."""
    parts = []
    for piece in split(word):
        if isinstance(piece, Reference) and piece.root == "port":
            parts.append("${PORT}")
        else:
            text = piece if isinstance(piece, str) else resolve_late(template([piece]), known)
            parts.append(text.replace("$", "$$"))
    return "".join(parts)
