"""
Rehearsing an environment on a double of its platform: `shakeout up --rehearse ENVIRONMENT`.

The double runs in a process of its own, and the target is pointed at it by the variables that it reads. Nothing of a
rehearsal is kept where real releases are: it has a home of its own, `.shakeout/rehearsal`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shakeout.errors import UsageError
from shakeout.manifest.plan import Plan
from shakeout.rehearsal.faults import Faults
from shakeout.rehearsal.order import Order, Ready, started
from shakeout.rehearsal.settings import Settings
from shakeout.runs.rehearsal_images import StandIns, engine_here, stand_ins
from shakeout.runs.rehearsal_secrets import secret_values
from shakeout.runs.request import Request
from shakeout.targets import ports
from shakeout.targets.base import Progress
from shakeout.targets.cloud_run.endpoints import ADDRESSES, LOGGING, RUN
from shakeout.targets.cloud_run.journal import Journal
from shakeout.targets.cloud_run.names import cloud_name, environment_options, parent
from shakeout.targets.state import EnvironmentLock

HOME = "rehearsal"
"""Where rehearsals are kept, below the home of real runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed:
    """
    A rehearsal that can begin: the request with what the double was told, and sentences for the report.

    `earlier` is the request of the release that is to be there before, in the same way.
    """

    request: Request
    notes: tuple[str, ...]
    earlier: Request | None = None


@contextlib.contextmanager
def rehearsing(
    request: Request,
    *,
    faults: Sequence[str],
    secrets: Path | None,
    containers: bool,
    progress: Progress,
    earlier: Request | None = None,
) -> Iterator[Rehearsed]:
    """
    Start the double of the environment's platform, and point this process at it as long as the context lasts.

    With `containers`, images run where an engine answers; without, each service's command does. The double can run what
    `earlier` asks for, too; releasing that is the caller's. Raises UsageError where the environment has no double, a
    secret has no value here, or nothing can stand for a service's image.
    """
    plan = request.plan
    if plan.target != "cloud-run":
        raise UsageError(
            f"the environment {plan.environment!r} cannot be rehearsed",
            expected="an environment of the target cloud-run",
            seen=f"target {plan.target}",
            where=request.plan.manifest_path,
        )
    requests = [request] if earlier is None else [earlier, request]
    plans = [one.plan for one in requests]
    values: dict[str, dict[str, str]] = {}
    for one in requests:
        for name, versions in secret_values(one, secrets).items():
            values.setdefault(name, {}).update(versions)
    _forget(request)
    names = {name: full for one in plans for name, full in _full_names(one).items()}
    held = {service: ports.hold_free() for service in names}
    urls = {service: f"http://{ports.HOST}:{port.number}" for service, port in held.items()}
    wrong = Faults.parse(faults)
    with (
        tempfile.TemporaryDirectory(prefix="shakeout-rehearsal-source-", ignore_cleanup_errors=True) as place,
        contextlib.ExitStack() as stack,
    ):
        found = stand_ins(plans, Path(place), urls, engine_here(containers), progress)
        stack.callback(found.close)
        settings = Settings(
            project=environment_options(plan).project,
            commands=found.commands,
            secrets=values,
            faults=wrong,
            engine=found.engine.name if found.engine and (found.built or found.there) else "none",
        )
        for port in held.values():
            port.release()
        ports_of = {full: held[service].number for service, full in names.items()}
        order = Order(settings=settings, ports=ports_of, folder=place)
        ready = stack.enter_context(started(order))
        progress(f"rehearsing {plan.environment} on a double of Cloud Run at {ready.run}")
        stack.enter_context(_variables(_endpoint_variables(ready, names, urls)))
        of_secrets = (value for versions in values.values() for value in versions.values())
        known = (*(value for one in plans for value in one.secret_values), *of_secrets)
        told = [replace(one, plan=replace(one.plan, secret_values=known)) for one in requests]
        yield Rehearsed(
            request=told[-1],
            notes=tuple(_notes(plan, found, faults, earlier)),
            earlier=told[0] if earlier is not None else None,
        )


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


def _notes(plan: Plan, found: StandIns, faults: Sequence[str], earlier: Request | None) -> Iterator[str]:
    there = "without any service" if earlier is None else f"with a release of {earlier.plan.commit[:12]}"
    yield (
        f"this was a rehearsal on a double of Cloud Run on this machine: nothing was deployed to "
        f"{environment_options(plan).project}, and the double began {there}"
    )
    yield from found.notes()
    if faults:
        yield f"the double was told to have these faults: {', '.join(faults)}"


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
