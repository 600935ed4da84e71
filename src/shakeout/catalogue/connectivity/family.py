"""The family, and what its rules look at together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from shakeout.catalogue.connectivity.claims import ConnectionsFail
from shakeout.catalogue.connectivity.places import Place, known_part, place_of, places, shown
from shakeout.catalogue.connectivity.seen import Seen, everything_seen, seen_in_log
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.model import Evidence
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.evidence.probes import Probes
from shakeout.logs.errorlog import ErrorLog, Occurrence
from shakeout.why import Family, GuardSpec

ENVIRONMENT_GUARD = GuardSpec(
    name="environment check before release",
    kind="command",
    arguments=(
        r"\bshakeout\s+(?:up|verify)\b",
        r"\b(?:pg_isready|wait-for-it|dockerize\s+-wait|nc\s+-z|wait4x)\b",
    ),
    missing="nothing compares what the code needs with what the environment has",
    add="shakeout verify --environment NAME  # in CI, after each deployment",
)
"""The guard of everything that an environment lacks: a deployment that is verified where it goes."""

connectivity = Family(
    "connectivity", "A service cannot reach, or cannot use, what it needs at an address", guard=ENVIRONMENT_GUARD
)


@dataclass(frozen=True, kw_only=True)
class View:
    """All that is known of failed connections and of the addresses that are declared."""

    probes: Probes | None = None
    log: ErrorLog | None = None
    declarations: Declarations | None = None
    platform: Platform | None = None

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every declared address; empty without a manifest."""
        return places(self.declarations, self.platform) if self.declarations is not None else ()

    @cached_property
    def everything(self) -> tuple[tuple[ConnectionsFail, Seen], ...]:
        """Every failed connection with the claim that it is an example of."""
        return tuple((self.claim(seen), seen) for seen in everything_seen(self.probes, self.log, self.paths))

    @property
    def paths(self) -> tuple[str, ...]:
        """The files in which databases are declared to be."""
        return tuple(dict.fromkeys(known_part(place.path) for place in self.places if place.path))

    def logged(self, occurrence: Occurrence) -> Seen | None:
        """The failed connection that a logged error tells of, None where it tells of none."""
        return seen_in_log(occurrence, self.paths)

    def claim(self, seen: Seen) -> ConnectionsFail:
        """The claim about an address: the same one for everybody who tried to reach it."""
        place = place_of(seen, self.places)
        if place is not None:
            return ConnectionsFail(place.target, place.address)
        if seen.path is not None:
            return ConnectionsFail(seen.name, seen.path)
        if seen.host is not None:
            return ConnectionsFail(seen.name, shown(seen.host, seen.port))
        return self._same_kind(seen) or ConnectionsFail(seen.name, None, seen.service)

    def _same_kind(self, seen: Seen) -> ConnectionsFail | None:
        """What fails in the same way for the same service, where one error names no address and all others the same."""
        if seen.service is None or seen.name is not None or self.log is None:
            return None
        others = [other for other in self._addressed if other.service == seen.service and other.kind == seen.kind]
        found = {self.claim(other) for other in others}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def _addressed(self) -> tuple[Seen, ...]:
        return tuple(seen for seen in everything_seen(None, self.log, self.paths) if seen.host is not None)

    def seen(self, fails: ConnectionsFail, *kinds: str) -> list[Seen]:
        """Who saw the failure, of these kinds where any are given."""
        return [seen for claim, seen in self.everything if claim == fails and (not kinds or seen.kind in kinds)]

    def place(self, target: str | None, address: str | None) -> Place | None:
        """The declared address of a claim; one that names it literally first."""
        fitting = [place for place in self.places if place.address == address and target in {None, place.target}]
        fitting = fitting or [place for place in self.places if place.address == address]
        return next((place for place in fitting if place.literal), fitting[0] if fitting else None)

    def item(self, target: str | None) -> PlatformItem | None:
        """What the platform says of a target."""
        return self.platform.get(target) if self.platform is not None and target is not None else None


def evidence_of(found: list[Seen], limit: int = 3) -> list[Evidence]:
    """One piece of evidence of each way in which the same was seen, the short ones first."""
    chosen: dict[tuple[str | None, str], Evidence] = {}
    for seen in found:
        for item in seen.evidence[:1]:
            chosen.setdefault((seen.service, item.kind), item)
    return sorted(chosen.values(), key=lambda item: len(item.quote) > 300)[:limit]
