"""
The report as a value: what every renderer renders, and nothing that a renderer would have to look up.

Its JSON form (`schema_version` 1) is the field names below; `None` stays `null`, tuples become arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shakeout.checks.base import CheckResult
from shakeout.evidence.model import Evidence

SCHEMA_VERSION = 1


class Status(StrEnum):
    """What a run comes to."""

    SUCCESSFUL = "SUCCESSFUL"
    SUCCESSFUL_WITH_ISSUES = "SUCCESSFUL with ISSUES"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"


class Priority(StrEnum):
    """What an issue breaks: down, broken, works by luck, noise."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"

    @property
    def rank(self) -> int:
        """0 for the most urgent."""
        return list(Priority).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseSummary:
    """What was deployed. `commit` is the full hash, None where it is not known; `commit_from` says how it was found."""

    id: str | None
    commit: str | None
    subject: str | None = None
    dirty: bool = False
    commit_from: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSummary:
    """One service: `status` is a RevisionStatus, `detail` says why it is not deployed."""

    name: str
    revision: str | None
    url: str | None
    status: str
    version: str | None = None
    commit: str | None = None
    restarts: int = 0
    seconds: float | None = None
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """One link of a chain, as question and answer."""

    layer: str
    question: str
    answer: str
    rule: str | None
    strength: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuledOut:
    """A cause that was looked for and is not it."""

    claim: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """The commit that introduced a cause; `date` is ISO 8601 with its zone. Never a person."""

    commit: str
    date: str
    subject: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RootCause:
    """The deepest actionable claim that evidence reaches."""

    claim: str
    statement: str
    layer: str
    locators: tuple[str, ...]
    introduced_by: Change | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """The check that would have stopped the cause. `present` is None where the repository could not be looked at."""

    name: str
    present: bool | None
    evidence: tuple[Evidence, ...]
    statement: str = ""
    add: str | None = None
    """What to add so that it is there, as text (a configuration fragment)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """A fix is data: kind `patch`, `manifest`, `command` or `words`; `patch` is a unified diff."""

    kind: str
    summary: str
    patch: str | None = None
    command: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """Whether the first fix was tried: status `proved`, `not proved` or `not tried`."""

    status: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """One root cause with every symptom that it explains; `whys` is empty where nothing explains it yet."""

    id: str
    title: str
    priority: Priority
    symptoms: tuple[str, ...]
    whys: tuple[Why, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    root_cause: RootCause | None = None
    guard: Guard | None = None
    fixes: tuple[Fix, ...] = ()
    proof: Proof | None = None
    unknown: str | None = None
    rivals: tuple[str, ...] = ()
    """Other causes that evidence allows, and what separates the first from them."""
    checks: tuple[str, ...] = ()
    """Names of the checks that fail by this cause."""
    service: str | None = None
    evidence: tuple[Evidence, ...] = ()
    """Of the symptoms themselves: probes, log lines."""
    expected: str | None = None
    actual: str | None = None
    excerpt: str | None = None
    reproduce: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unexplained:
    """A symptom that no evidence explains, how often it was seen, and what would take it further."""

    symptom: str
    needs: str
    count: int = 1
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LogChange:
    """
    One template of the logs that differs from the baseline's (an earlier release or window).

    `kind` is new, gone, more frequent or intermittent. `before` and `after` are its lines in each, `ratio` its rate
    after over its rate before (None where there was none before), `p` the probability of such a difference by chance.
    """

    kind: str
    template: str
    before: int
    after: int
    ratio: float | None
    p: float
    sure: bool
    severities: Mapping[str, int]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """What to do, most urgent first; `issue` is an issue's id."""

    priority: Priority
    text: str
    issue: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """
    Everything that one run found.

    `date` is the UTC time of the release (of the newest evidence for `explain`), ISO 8601; `seconds` maps phases
    (`deploy`, `verify`, `explain`, `report`, `total`) to how long they took. `notes` are plain sentences about the
    run itself: the working tree was deployed, a bound was hit, the run was interrupted.
    """

    status: Status
    application: str | None
    environment: str | None
    target: str | None
    run: str | None
    date: str | None
    release: ReleaseSummary
    services: tuple[ServiceSummary, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    issues: tuple[Issue, ...] = ()
    unexplained: tuple[Unexplained, ...] = ()
    log_changes: tuple[LogChange, ...] = ()
    baseline: str | None = None
    """What the logs were compared with: a run's name, or the evidence that `--baseline` named."""
    recommendations: tuple[Recommendation, ...] = ()
    next_steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
