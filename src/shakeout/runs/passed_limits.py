"""Instances that the platform ended for want of memory after their service was ready, which no check may have seen."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.catalogue.symptoms import ErrorLogged
from shakeout.evidence.platform import Platform
from shakeout.logs.errorlog import ErrorLog
from shakeout.logs.platform_words import LIMIT
from shakeout.why.engine import Symptom


def passed_limits(platform: Platform | None, log: ErrorLog) -> Iterator[Symptom]:
    """
    A symptom for each service that was deployed, and of which the platform itself says so.

    Of one that was not, it is among what its failure is explained by.
    """
    for item in platform or ():
        if item.kind != "service" or item.state == "not deployed":
            continue
        for found in log.of("service", item.name):
            if found.system and LIMIT.search(found.text):
                first = found.text.strip().split("\n", 1)[0][:200]
                claim = ErrorLogged(item.name, found.key, found.type, first)
                yield Symptom(claim=claim, evidence=found.evidence, service=item.name, weight=2, count=found.count)
