"""Changing one service and waiting until the platform has done it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from google.api_core import exceptions
from google.cloud import run_v2

from shakeout.errors import DeploymentError
from shakeout.targets.base import Progress
from shakeout.targets.cloud_run import traffic
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.conditions import Verdict, judge, one_line
from shakeout.targets.cloud_run.names import RELEASE, short

_TELL_FIRST, _TELL_AGAIN = 2.0, 10.0
_TRIES = 5


Wanted = Callable[[run_v2.Service], Iterable[traffic.Share]]
"""Says who is to have a service's traffic, from how it is now."""


def given_to(revision: str) -> Wanted:
    """All traffic to one revision."""
    return lambda now: traffic.given_to(revision, traffic.shares(now))


class Teller:
    """Says why we wait: when the reason changes, and every few seconds."""

    def __init__(self, what: str, deadline: float, progress: Progress) -> None:
        self._what, self._deadline, self._progress = what, deadline, progress
        self._began = time.monotonic()
        self._why, self._told = "", _TELL_FIRST - _TELL_AGAIN

    @property
    def seconds(self) -> float:
        """How long it takes already."""
        return time.monotonic() - self._began

    @property
    def over(self) -> bool:
        """Whether the deadline has come."""
        return self.seconds >= self._deadline

    def tell(self, why: str) -> None:
        """Say it where it is time to."""
        if self.seconds - self._told >= (_TELL_AGAIN if why == self._why else 1.0) and self.seconds >= _TELL_FIRST:
            self._why, self._told = why, self.seconds
            self._progress(f"waiting for {self._what} ({self.seconds:.0f} s of {self._deadline:g} s) because {why}")

    async def pause(self, double: bool) -> None:
        """Wait a little before the platform is asked again."""
        await asyncio.sleep(0.05 if double else min(2.0, 0.3 + self.seconds / 10))


async def put(api: Api, name: str, wanted: run_v2.Service, there: run_v2.Service | None) -> None:
    """Create or change a service; a call that came through although its answer was lost is not made again."""
    try:
        if there is None:
            await api.create(name, wanted)
        else:
            await api.update(wanted)
    except (exceptions.AlreadyExists, exceptions.Aborted):
        now = await api.service(name)
        if now is None or now.labels.get(RELEASE) != wanted.labels.get(RELEASE):
            raise


async def until_ready(
    api: Api, name: str, revision: str, deadline: float, progress: Progress
) -> tuple[run_v2.Service | None, Verdict]:
    """Wait until a service's revision is ready or has failed; the verdict says neither where the deadline came."""
    teller = Teller(revision, deadline, progress)
    verdict = Verdict(why="it has only just been asked for")
    service: run_v2.Service | None = None
    while not teller.over:
        service = await api.service(name)
        if service is not None:
            own = await api.revision(name, revision)
            verdict = judge(service, own)
            if verdict.ready or verdict.condition is not None:
                return service, verdict
        teller.tell(verdict.why)
        await teller.pause(api.endpoints.double)
    return service, verdict


async def give(
    api: Api,
    name: str,
    wanted: Wanted,
    deadline: float,
    progress: Progress,
) -> run_v2.Service:
    """
    Change who has a service's traffic, and wait until it is so.

    `wanted` is asked again with what is there, where somebody else changed the service at the same time. Raises
    DeploymentError where it does not come to be by the deadline, GoogleAPICallError where the platform refuses.
    """
    teller = Teller(f"the traffic of {name}", deadline, progress)
    tries = 0
    while True:
        service = await api.service(name)
        if service is None:
            raise DeploymentError(f"the service {name} is not there any more", service=name)
        shares = tuple(wanted(service))
        settled = not service.reconciling and service.observed_generation == service.generation
        asked = tuple(
            traffic.Share(short(row.revision), row.percent, row.tag) for row in service.traffic if row.revision
        )
        if settled and traffic.same(traffic.shares(service), shares) and traffic.same(asked, shares):
            return service
        why = "the platform is still changing it"
        if settled and not traffic.same(asked, shares):
            if tries >= _TRIES:
                raise DeploymentError(f"somebody else keeps changing the traffic of {name}", service=name)
            tries += 1
            service.traffic = traffic.targets(shares)
            try:
                await api.update(service, "traffic")
            except exceptions.Aborted as error:
                why = one_line(error.message or "somebody else changes it")
        if teller.over:
            raise DeploymentError(
                f"the traffic of {name} was not changed in {deadline:g} s",
                service=name,
                seen=one_line(service.terminal_condition.message) or why,
            )
        teller.tell(why)
        await teller.pause(api.endpoints.double)


async def remove(api: Api, name: str, release: str, deadline: float, progress: Progress) -> bool:
    """Delete a service that this very release created; False where it is not there or is somebody else's by now."""
    teller = Teller(f"the removal of {name}", deadline, progress)
    asked = False
    while not teller.over:
        service = await api.service(name)
        if service is None:
            return asked
        if service.labels.get(RELEASE) != release.lower():
            return False
        if not asked and not service.reconciling:
            try:
                await api.delete(name, service.etag)
                asked = True
            except exceptions.Aborted:
                pass  # it has changed since it was looked at: look again
        teller.tell("the platform is still removing it" if asked else "the platform is still changing it")
        await teller.pause(api.endpoints.double)
    raise DeploymentError(f"the service {name} was not removed in {deadline:g} s", service=name)
