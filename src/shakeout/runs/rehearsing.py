"""
Rehearsing an environment on a double of its platform: `shakeout up --rehearse ENVIRONMENT`.

The double runs in a process of its own, and the target is pointed at it by the variables that it reads. Nothing of a
rehearsal is kept where real releases are: it has a home of its own, `.shakeout/rehearsal`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shakeout.errors import UsageError
from shakeout.manifest.interpolation import LateValues, Reference, resolve_late, split, template
from shakeout.manifest.plan import Plan
from shakeout.rehearsal.faults import Faults
from shakeout.rehearsal.order import Order, Ready, started
from shakeout.rehearsal.settings import Command, Settings
from shakeout.runs.rehearsal_secrets import secret_values
from shakeout.runs.request import Request
from shakeout.targets import ports
from shakeout.targets.base import Progress
from shakeout.targets.checkout import lay_out
from shakeout.targets.cloud_run.endpoints import ADDRESSES, LOGGING, RUN
from shakeout.targets.cloud_run.journal import Journal
from shakeout.targets.cloud_run.names import cloud_name, environment_options, parent
from shakeout.targets.environment import SEARCH_PATH
from shakeout.targets.state import EnvironmentLock

HOME = "rehearsal"
"""Where rehearsals are kept, below the home of real runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed:
    """A rehearsal that can begin: the request with what the double was told, and sentences for the report."""

    request: Request
    notes: tuple[str, ...]


@contextlib.contextmanager
def rehearsing(
    request: Request, *, faults: Sequence[str], secrets: Path | None, progress: Progress
) -> Iterator[Rehearsed]:
    """
    Start the double of the environment's platform, and point this process at it as long as the context lasts.

    Raises UsageError where the environment has no double, a secret has no value here, or a service has no command.
    """
    plan = request.plan
    if plan.target != "cloud-run":
        raise UsageError(
            f"the environment {plan.environment!r} cannot be rehearsed",
            expected="an environment of the target cloud-run",
            seen=f"target {plan.target}",
            where=request.plan.manifest_path,
        )
    values = secret_values(request, secrets)
    _forget(request)
    names = _full_names(plan)
    held = {service: ports.hold_free() for service in names}
    urls = {service: f"http://{ports.HOST}:{port.number}" for service, port in held.items()}
    with tempfile.TemporaryDirectory(prefix="shakeout-rehearsal-source-") as place:
        commands = _commands(plan, Path(place), urls, progress)
        settings = Settings(
            project=environment_options(plan).project, commands=commands, secrets=values, faults=Faults.parse(faults)
        )
        for port in held.values():
            port.release()
        order = Order(settings=settings, ports={full: held[service].number for service, full in names.items()})
        with started(order) as ready:
            progress(f"rehearsing {plan.environment} on a double of Cloud Run at {ready.run}")
            known = (*plan.secret_values, *(value for value in values.values()))
            told = replace(request, plan=replace(plan, secret_values=known))
            with _variables(_endpoint_variables(ready, names, urls)):
                yield Rehearsed(request=told, notes=tuple(_notes(plan, faults)))


def _forget(request: Request) -> None:
    """The double begins empty: what an earlier rehearsal did to its own is nothing to go on from."""
    place, environment = request.home / "state", request.plan.environment
    lock = EnvironmentLock.take(place, environment)
    try:
        Journal.of(place, environment).path.unlink(missing_ok=True)
    finally:
        lock.release()


def _full_names(plan: Plan) -> dict[str, str]:
    """The full name on the platform of each service that is deployed there."""
    options = environment_options(plan)
    own = [service for service in plan.services if service.url is None]
    return {service.name: f"{parent(options)}/services/{cloud_name(service, options)}" for service in own}


def _endpoint_variables(ready: Ready, names: Mapping[str, str], urls: Mapping[str, str]) -> dict[str, str]:
    addresses = [f"{full.rpartition('/')[2]}={urls[service]}" for service, full in names.items()]
    return {RUN: ready.run, LOGGING: ready.logging, ADDRESSES: ",".join(addresses)}


def _commands(plan: Plan, place: Path, urls: Mapping[str, str], progress: Progress) -> dict[str, Command]:
    """What stands for each image: the service's own command, in the files of its commit."""
    found: dict[str, Command] = {}
    known = LateValues(services={**urls, **{one.name: one.url for one in plan.services if one.url}})
    for service in plan.services:
        if service.url is not None or service.image is None:
            continue
        if not service.command:
            raise UsageError(
                f"{service.name} cannot be rehearsed on this machine",
                expected=f"a command in services.{service.name}.run, which stands for its image",
                seen="none",
                where=f"{plan.manifest_path}:{service.at.line}" if service.at else plan.manifest_path,
            )
        tree = place / service.commit
        if not tree.exists():
            progress(f"laying out {service.commit[:12]}")
            lay_out(Path(plan.repository), service.commit, tree)
        words = tuple(_word(word, known) for word in service.command)
        # What a manifest calls `${python}` is the interpreter that runs shakeout.
        own = Path(sys.executable).parent
        environment = {"PATH": f"{own}:{SEARCH_PATH}", "LANG": "C.UTF-8", "COMMIT": service.commit}
        found[service.image] = Command(words=words, folder=tree / service.path, environment=environment)
    return found


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


def _notes(plan: Plan, faults: Sequence[str]) -> Iterator[str]:
    options = environment_options(plan)
    yield (
        f"this was a rehearsal on a double of Cloud Run on this machine: nothing was deployed to {options.project}, "
        "and the double began without any service"
    )
    own = [service.name for service in plan.services if service.url is None]
    yield (
        f"{_listed(own)} ran as processes by the command in the manifest; no image was built or run, so what is in an "
        "image was not tried"
    )
    if faults:
        yield f"the double was told to have these faults: {', '.join(faults)}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


@contextlib.contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Have these variables in this process and in what it starts, and the old ones again afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
