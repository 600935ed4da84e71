"""What services say in public about how they sign and verify tokens, so that two can be compared without a key."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from shakeout.checks.base import Context
from shakeout.checks.client import ask_http
from shakeout.checks.network import NotReached

_FIELDS = ("token_key_id", "token_issuer", "token_audience", "token_algorithm")


async def fingerprints(context: Context) -> dict[str, dict[str, Any]]:
    """
    By service: `token_key_id`, `token_issuer`, `token_audience`, `token_algorithm`, and `clock_ahead`, the seconds by
    which its clock is ahead of ours, as far as its version answer tells. Services that tell nothing are left out.
    """
    services = [service for service in context.plan.services if service.version and context.url(service.name)]
    answers = await asyncio.gather(
        *(_ask(f"{context.url(each.name)}{each.version.path if each.version else ''}") for each in services)
    )
    return {service.name: answer for service, answer in zip(services, answers, strict=True) if answer}


async def _ask(url: str) -> dict[str, Any]:
    try:
        reply = await ask_http("GET", url)
    except NotReached:
        return {}
    answer = reply.json()
    if not isinstance(answer, dict):
        return {}
    told = {name: answer[name] for name in _FIELDS if answer.get(name) is not None}
    try:
        clock = datetime.fromisoformat(str(answer.get("clock")))
    except ValueError:
        return told
    return told | {"clock_ahead": round((clock.astimezone(UTC) - datetime.now(UTC)).total_seconds(), 1)}
