"""Which service ended behind a proxy whose upstream refuses the connection."""

from __future__ import annotations

import re

from shakeout.catalogue.exceptions import ExceptionRaised, raised_in
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.logs.platform_words import BOOT, how_ended

_REFUSED = re.compile(r"\bconnect\(\) failed \(111: [^)\n]{1,60}\) while connecting to upstream")


def ended_upstream(occurrence: Occurrence, log: ErrorLog) -> tuple[ExceptionRaised, Occurrence] | None:
    """The one exception with which the one other service of the logs ended; None where that is not so."""
    if occurrence.traceback is not None or _REFUSED.search(occurrence.text) is None:
        return None
    raised = [
        item for item in log if item.traceback is not None and item.error and item.owner not in {occurrence.owner, None}
    ]
    claims = {(claim.title(), claim.path): (claim, item) for item in raised if (claim := raised_in(item)) is not None}
    if len(claims) != 1:
        return None
    ((claim, item),) = claims.values()
    # `docker compose` says it of a container, in a line that is no service's: `front-1 exited with code 1`.
    said = re.compile(rf"\A{re.escape(item.owner or '')}(?:-\d{{1,3}})? exited with code [1-9]")
    ended = any(
        said.match(one.text) or (one.owner == item.owner and (how_ended(one.text) or BOOT.search(one.text)))
        for one in log
    )
    return (claim, item) if ended else None
