"""Giving the traffic back to what had it before a release; used by shakeout itself, its guardian and the next run."""

from __future__ import annotations

from google.api_core.exceptions import GoogleAPICallError

from shakeout.errors import DeploymentError
from shakeout.targets.base import Progress
from shakeout.targets.cloud_run import traffic
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.changing import give, remove
from shakeout.targets.cloud_run.conditions import one_line
from shakeout.targets.cloud_run.journal import Journal, Revised, Told

BACK_SECONDS = 120.0
"""How long one service may take to have its old traffic back."""


async def recover(api: Api, journal: Journal, told: Told, *, by: str, why: str, progress: Progress) -> bool:
    """
    Finish a release that the journal has no end of; returns whether it serves.

    One that was proved with traffic stays, and only its tags go. Of any other each service gets back the traffic that
    it had; a service that the release created is deleted, since it had none. A service whose traffic somebody else has
    changed since is left alone. Raises DeploymentError, after all others, where one service could not be given back.
    """
    if told.proved:
        journal.add("end", outcome="serving", by=by, why=why)
        return True
    failed: list[str] = []
    for revised in reversed(list(told.revised.values())):
        journal.add("back", service=revised.service, why=why)
        try:
            await _give_back(api, told, revised, progress)
        except (GoogleAPICallError, DeploymentError) as error:
            failed.append(f"{revised.name}: {one_line(str(error))}")
    if failed:
        raise DeploymentError(
            f"the traffic of {len(failed)} services could not be given back",
            seen="; ".join(failed),
            hint="run shakeout up again, or give it back by hand: gcloud run services update-traffic",
        )
    journal.add("end", outcome="rolled-back", by=by, why=why)
    return False


def tell_found(told: Told, progress: Progress) -> None:
    """Say what an earlier run left, and what becomes of it."""
    what = (
        f"an earlier run was ended while it released {told.commit[:12]} (at the step '{told.last}', begun {told.began})"
    )
    if told.end is not None and told.end.get("by") == "guardian":
        done = "its guardian gave the traffic back" if told.end["outcome"] == "rolled-back" else "its release stays"
        progress(f"{what}: {done} at {told.end['at']}")
    elif told.open:
        progress(f"{what}: {'its release was proved and stays' if told.proved else 'giving the traffic back'}")


async def _give_back(api: Api, told: Told, revised: Revised, progress: Progress) -> None:
    service = await api.service(revised.name)
    if service is None:
        return
    if revised.created:
        if await remove(api, revised.name, told.release, BACK_SECONDS, progress):
            progress(f"{revised.service}: removed, since this release created it and nothing served before")
        return
    now = traffic.shares(service)
    asked = traffic.shares_asked(service)
    if not any(share.revision == revised.revision or share.tag == revised.tag for share in (*now, *asked)):
        return
    before = [traffic.Share(*share) for share in revised.before]
    await give(api, revised.name, lambda _: traffic.without_own_tags(before), BACK_SECONDS, progress)
    progress(f"{revised.service}: the traffic is with {', '.join(_words(before))}")


def _words(shares: list[traffic.Share]) -> list[str]:
    return [f"{share.revision} ({share.percent} %)" for share in shares if share.percent] or ["nobody, as before"]
