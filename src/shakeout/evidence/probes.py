"""What checks saw, as rules read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shakeout.evidence.model import Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """
    One check's answer: `outcome` is passed, failed, degraded, skipped or inconclusive.

    `facts` are the typed details that the check's kind documents. `evidence` has the recorded answer first, then the
    last log lines of the service.
    """

    name: str
    kind: str
    outcome: str
    detail: str
    service: str | None = None
    required: bool = True
    blocked_by: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    started: datetime | None = None
    """When it was first asked, None where that is not known; `seconds` is how long it took."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    @property
    def went_wrong(self) -> bool:
        return self.outcome in {"failed", "degraded"}


class Probes:
    """Every check's answer of one run."""

    described_as = "the running system (`shakeout verify`)"

    def __init__(self, probes: Iterable[Probe]) -> None:
        self._probes = tuple(probes)
        self._by_name = {probe.name: probe for probe in self._probes}

    def __iter__(self) -> Iterator[Probe]:
        return iter(self._probes)

    def get(self, name: str) -> Probe | None:
        return self._by_name.get(name)

    def of_kind(self, kind: str, service: str | None = None) -> tuple[Probe, ...]:
        """The answers of one kind of check, of one service where it is given."""
        return tuple(
            probe for probe in self._probes if probe.kind == kind and (service is None or probe.service == service)
        )
