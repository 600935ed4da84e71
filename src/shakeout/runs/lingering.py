"""A last look at the platform: a service that did not listen in time may only be slow."""

from __future__ import annotations

import asyncio
import time

from shakeout.targets.base import Inventory, Progress, Release, Target

LINGER = 15.0
"""Seconds that a service which lives and listens nowhere is waited for once more, to see whether it is only slow."""
_PAUSE = 0.2


async def last_inventory(target: Target, release: Release, progress: Progress, seconds: float = LINGER) -> Inventory:
    """The target's inventory, taken again while a service that never listened lives and may still come to it."""
    found = await target.inventory()
    end = time.monotonic() + seconds
    slow = _silent(release, found)
    if slow:
        progress(f"waiting for {', '.join(slow)} once more, to see whether it is only slow (at most {seconds:g} s)")
    while slow and time.monotonic() < end:
        await asyncio.sleep(_PAUSE)
        found = await target.inventory()
        slow = _silent(release, found)
    return found


def _silent(release: Release, inventory: Inventory) -> list[str]:
    """Services that never listened, whose process lives and listens nowhere yet."""
    names = []
    for revision in release.revisions:
        running = inventory.get(revision.service)
        if revision.failure is None or revision.failure.reason != "never-listened" or running is None:
            continue
        if not revision.failure.facts.get("listening") and running.state == "running" and not running.listening:
            names.append(revision.service)
    return names
