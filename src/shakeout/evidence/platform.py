"""What the platform says is there, as rules read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shakeout.evidence.model import Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformItem:
    """
    A service or a backing service of one environment, or its deployment, as the platform has it.

    `state` is running, exited, absent, not deployed or unknown. `reason` is why a service is not deployed, in the
    words of `shakeout.targets.base.Failure`. `commit` is what was deployed. `url` and `address` (`host:port`) are where
    it is to be found, `listening` where its processes listen. `evidence` is the recorded state.
    """

    name: str
    kind: str
    state: str
    reason: str | None = None
    message: str | None = None
    commit: str | None = None
    pinned: bool = False
    url: str | None = None
    address: str | None = None
    listening: tuple[str, ...] = ()
    exit_status: int | None = None
    restarts: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    deployed: bool = True
    """Whether the release is known to have put it there."""
    last_lines: tuple[Evidence, ...] = ()
    """Of a service that is not deployed: the last lines that it wrote itself, the last first."""


class Platform:
    """Everything that one platform says of one environment; `complete` where it lists all that is there."""

    described_as = "the platform's own state (the target's inventory)"

    def __init__(self, environment: str, target: str, items: Iterable[PlatformItem], *, complete: bool = True) -> None:
        self.environment = environment
        self.target = target
        self.items = tuple(items)
        self.complete = complete

    def __iter__(self) -> Iterator[PlatformItem]:
        return iter(self.items)

    def get(self, name: str) -> PlatformItem | None:
        return next((item for item in self.items if item.name == name), None)

    def listing(self) -> Evidence | None:
        """The whole inventory as one piece of evidence, where its items have any."""
        return next((item.evidence[-1] for item in self.items if item.evidence), None)
