"""A script that waits for a service which ended: the service's own exception is the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.exceptions import ExceptionRaised, evidence_of, raised_in
from shakeout.catalogue.process.claims import LastWords
from shakeout.catalogue.scripts.family import scripts
from shakeout.catalogue.symptoms import DEPLOYMENT
from shakeout.evidence.platform import Platform
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Strength

_WAITED = re.compile(
    r"\b(?:do(?:es)?|did)(?: not|n't) (?:answer|respond|start|come up|become|get|listen|pass)"
    r"|\b(?:is|was|are|were)(?: not|n't) (?:ready|healthy|well|up|running|reachable|available)"
    r"|\b(?:never|not) (?:became|become|came|got|ready|healthy|answered)\b"
    r"|\bunhealthy\b|\btimed? ?out\b|\btimeout\b|\brefused\b|\bhealth ?-?check(?:s)? failed|\bno (?:answer|response)\b"
    r"|\bgave up waiting\b|\bfailed to start\b",
    re.I,
)  # fmt: skip


@scripts.rule
def exception_behind_deployment(
    told: LastWords | ExceptionRaised, platform: Platform, log: ErrorLog
) -> Iterator[Because]:
    """
    The script waited for a service that had ended with an exception.

    ## What you see
    `error: backend does not answer within 60 s`, `the service did not become healthy`, at the end of a deploy script's
    output.

    ## Why it happens
    The script started the service, which met an exception at its start; the script only sees that nobody answers.

    ## How we know
    The script's last words are about waiting. Of the services that it did not come to deploy, exactly one logged an
    exception with its traceback since the release began. That the one follows from the other is how such scripts work.

    ## What to change
    What made the service's exception happen.
    """
    if isinstance(told, LastWords):
        text = told.text if told.service == DEPLOYMENT else ""
    else:
        occurrence = log.get(told.key)
        text = told.message if occurrence is not None and occurrence.origin == "deployment" else ""
    if not _WAITED.search(text):
        return
    missing = {item.name: item for item in platform if item.kind == "service" and item.state == "not deployed"}
    found = {}
    for item in log:
        raised = raised_in(item) if item.origin == "service" and item.owner in missing else None
        if raised is not None and item.traceback is not None and item.error and not item.system:
            found[(item.owner, raised.title(), raised.path, raised.line)] = (raised, item)
    if len(found) == 1:
        ((raised, item),) = found.values()
        evidence = [*evidence_of(item)[:1], *missing[item.owner or ""].evidence[:1]]
        yield Because(raised, evidence, strength=Strength.ENTAILED)
