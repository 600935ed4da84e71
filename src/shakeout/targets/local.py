"""
The target `local`: services as processes of this machine.

Each service runs from the files of the commit that it is deployed from, below its own supervisor, on a free loopback
port, with an environment of its own.
"""

from __future__ import annotations

import asyncio
import time

from shakeout.errors import DeploymentError
from shakeout.manifest.interpolation import LateValues, resolve_late
from shakeout.manifest.plan import BackingServicePlan, ServicePlan
from shakeout.targets import backing, state
from shakeout.targets.base import Progress, Running
from shakeout.targets.environment import service_command, service_environment
from shakeout.targets.kinds import TargetKind
from shakeout.targets.placed import PlacedTarget
from shakeout.targets.revisions import look_at
from shakeout.targets.supervised import Supervised
from shakeout.targets.supervisor import Order
from shakeout.targets.watched import Watched

GRACE = 5.0
"""Seconds that a service has between SIGTERM and SIGKILL."""

_SUPERVISOR_SECONDS = 15.0


class LocalTarget(PlacedTarget[Watched]):
    """One release as processes of this machine."""

    name = "local"

    async def _start(self, service: ServicePlan, progress: Progress) -> Watched:
        if not service.command:
            raise DeploymentError(f"the local target runs commands, and {service.name} has no 'run'")
        held = self._ports[service.name]
        values = LateValues(port=held.number, data=str(self.data), services=self._addresses())
        environment = service_environment(service, self._folder, values)
        _, folder = self._folder_of(service)
        log, events = self._fresh(service.name)
        assert self._state is not None
        command = service_command(service, values)
        order = Order(
            command=command,
            shown=tuple(self._redact(word) for word in command),
            folder=str(folder),
            environment=environment,
            log=str(log),
            events=str(events),
            restarts=service.start.restarts,
            secrets=self._secrets,
            grace=GRACE,
            owner=self._state.owner,
        )
        held.release()
        supervised = Supervised.start(order, self._folder / f"{service.name}.supervisor")
        watched = Watched(
            service=service,
            supervised=supervised,
            url=self._addresses()[service.name],
            command=order.shown,
            port=held.number,
            folder=folder,
            run_folder=self._run_folder,
            redact=self._redact,
        )
        self._watched[service.name] = watched
        self._note(watched)
        progress(f"{service.name}: starting at {watched.url}")
        return watched

    async def _stop_one(self, name: str) -> None:
        supervised = self._watched[name].supervised
        supervised.stop()
        until = time.monotonic() + _SUPERVISOR_SECONDS
        pause = 0.002
        while not supervised.ended and time.monotonic() < until:
            await asyncio.sleep(pause)
            pause = min(0.05, pause * 1.5)
        # One that did not end is killed, with everything that it ran, when the state is cleared.

    async def _look_at(self, service: ServicePlan) -> Running:
        """From `/proc` and the supervisor's record."""
        return await asyncio.to_thread(look_at, service, self._watched.get(service.name))

    async def _look_at_backing(self, plan: BackingServicePlan) -> Running:
        """By trying its address."""
        return await backing.look(plan, self._backing_url(plan))

    def _backing_url(self, plan: BackingServicePlan) -> str | None:
        if plan.url is None:
            return None
        try:
            return resolve_late(plan.url, LateValues(data=str(self.data), services=self._addresses()))
        except DeploymentError:
            return None

    def _note(self, watched: Watched) -> None:
        assert self._state is not None
        self._state.services[watched.service.name] = state.ServiceState(
            supervisor=watched.supervised.process,
            process=watched.supervised.events.process,
            port=watched.port,
            folder=str(watched.folder),
        )
        self._save()


KIND = TargetKind(name="local", make=LocalTarget)
