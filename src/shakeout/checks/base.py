"""What a check is, and what comes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shakeout.evidence.model import Evidence

if TYPE_CHECKING:  # `explain` knows no manifest and no target, and starts faster without their models
    from shakeout.manifest.plan import Plan
    from shakeout.targets.base import Release


class Outcome(StrEnum):
    """
    What came of a check.

    `degraded`: it works, and something about it is wrong (slow, restarted, skewed). `inconclusive`: it could not be
    asked or the answer could not be read; never counted as passed. `skipped`: blocked by another check.
    """

    PASSED = "passed"
    FAILED = "failed"
    DEGRADED = "degraded"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """
    What a check function returns.

    `detail` is one line. `expected`, `actual` and `excerpt` (bounded, redacted by the runner) are for a check that did
    not pass; `reproduce` is a command line that asks the same question. `facts` are typed details for the rules of the
    catalogue, JSON values only; each kind documents its keys.
    """

    outcome: Outcome
    detail: str
    expected: str | None = None
    actual: str | None = None
    excerpt: str | None = None
    reproduce: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Context:
    """
    What a check may use: the plan, the release, and `shared`, where a check leaves what later ones need (a token).

    `checkout` is the folder that holds the deployed commit's files (for team scripts), `run_folder` the run's own,
    `data` the one that `${data}` stands for, where the target has one.
    """

    plan: Plan
    release: Release
    run_folder: Path
    checkout: Path
    shared: dict[str, Any] = field(default_factory=dict)
    data: Path | None = None

    def url(self, service: str) -> str | None:
        """The address of a deployed service, without a trailing slash."""
        revision = self.release.revision(service)
        return revision.url if revision else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """
    One question asked of the running system.

    `needs` names checks that must have passed (or be degraded) first; otherwise this one is skipped and says by which
    it is blocked. `services` must be deployed, or it is skipped too. `deadline` is in seconds.
    """

    name: str
    kind: str
    question: str
    ask: Callable[[Context], Awaitable[Answer]]
    service: str | None = None
    services: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    required: bool = True
    deadline: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """A check's answer with who asked it, how long it took (seconds), and its evidence (probe, then last log lines)."""

    name: str
    kind: str
    question: str
    service: str | None
    required: bool
    outcome: Outcome
    detail: str
    seconds: float
    expected: str | None = None
    actual: str | None = None
    excerpt: str | None = None
    reproduce: str | None = None
    blocked_by: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    started: datetime | None = None
    """When it was first asked, by this machine's clock; None where it was not."""
