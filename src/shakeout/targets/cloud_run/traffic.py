"""Who gets a service's traffic: before, during and after a release. Pure: no call is made here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from google.cloud import run_v2

from shakeout.targets.cloud_run.names import is_own_tag, short

_REVISION = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
_LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST


class Share(NamedTuple):
    """A revision's share of the traffic in percent, and its tag (empty where it has none)."""

    revision: str
    percent: int
    tag: str = ""


def shares(service: run_v2.Service) -> tuple[Share, ...]:
    """
    Who has the traffic now, each revision by its name.

    What the platform says it does counts, not what it was asked for; `latest` is the revision that this was.
    """
    rows: Iterable[run_v2.TrafficTargetStatus | run_v2.TrafficTarget] = service.traffic_statuses or service.traffic
    found = []
    for row in rows:
        latest = row.type_ == _LATEST or not row.revision
        revision = short(row.revision) if row.revision else short(service.latest_ready_revision)
        if revision and (row.percent or row.tag or latest):
            found.append(Share(revision, row.percent, row.tag))
    return tuple(found)


def shares_asked(service: run_v2.Service) -> tuple[Share, ...]:
    """Who is to have the traffic, as the platform was last asked."""
    rows = ((short(row.revision or service.latest_ready_revision), row) for row in service.traffic)
    return tuple(Share(name, row.percent, row.tag) for name, row in rows if name)


def beside(before: Iterable[Share], revision: str, tag: str) -> tuple[Share, ...]:
    """The same traffic, and a new revision with a tag and without traffic; tags of earlier releases of ours go."""
    kept = tuple(share for share in without_own_tags(before) if share.revision != revision)
    if not any(share.percent for share in kept):
        # A first revision: the platform insists that somebody has all of it.
        return (*kept, Share(revision, 100, tag))
    return (*kept, Share(revision, 0, tag))


def given_to(revision: str, now: Iterable[Share]) -> tuple[Share, ...]:
    """All traffic to one revision; tags that others have set stay."""
    tags = tuple(Share(share.revision, 0, share.tag) for share in now if share.tag and not is_own_tag(share.tag))
    return (Share(revision, 100), *tags)


def without_own_tags(now: Iterable[Share]) -> tuple[Share, ...]:
    """The same traffic without the tags that shakeout set."""
    found = (Share(share.revision, share.percent, "" if is_own_tag(share.tag) else share.tag) for share in now)
    return tuple(share for share in found if share.percent or share.tag)


def targets(wanted: Iterable[Share]) -> list[run_v2.TrafficTarget]:
    """As the API takes it."""
    return [
        run_v2.TrafficTarget(type_=_REVISION, revision=share.revision, percent=share.percent, tag=share.tag)
        for share in wanted
    ]


def tag_address(service: run_v2.Service, tag: str) -> str | None:
    """Where the revision with that tag answers, as the platform says it; None while it does not."""
    return next((row.uri.rstrip("/") for row in service.traffic_statuses if row.tag == tag and row.uri), None)


def same(one: Iterable[Share], other: Iterable[Share]) -> bool:
    """Whether two tables give the same traffic and tags."""
    return _merged(one) == _merged(other)


def _merged(rows: Iterable[Share]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for share in rows:
        key = (share.revision, share.tag)
        found[key] = found.get(key, 0) + share.percent
    return {key: percent for key, percent in found.items() if percent or key[1]}
