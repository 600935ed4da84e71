"""
The report as a value: what every renderer renders, and nothing that a renderer would have to look up.

Its JSON form (`schema_version` 1) is the field names below; `None` stays `null`, tuples become arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from shakeout.checks.base import CheckResult
from shakeout.evidence.model import Evidence
from shakeout.evidence.patches import without_lines
from shakeout.evidence.redaction import MARK, redact

SCHEMA_VERSION = 1


class _Told:
    """What tells of the system in words: secrets are taken out of every text when it is made, as from evidence."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if type(value) is str:
                object.__setattr__(self, item.name, redact(value))
            elif isinstance(value, tuple) and value and all(type(one) is str for one in value):
                object.__setattr__(self, item.name, tuple(redact(one) for one in value))


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
class Why(_Told):
    """One link of a chain, as question and answer."""

    layer: str
    question: str
    answer: str
    rule: str | None
    strength: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuledOut(_Told):
    """A cause that was looked for and is not it."""

    claim: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change(_Told):
    """The commit that introduced a cause; `date` is ISO 8601 with its zone. Never a person."""

    commit: str
    date: str
    subject: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RootCause(_Told):
    """The deepest actionable claim that evidence reaches."""

    claim: str
    statement: str
    layer: str
    locators: tuple[str, ...]
    introduced_by: Change | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard(_Told):
    """The check that would have stopped the cause. `present` is None where the repository could not be looked at."""

    name: str
    present: bool | None
    evidence: tuple[Evidence, ...]
    statement: str = ""
    add: str | None = None
    """What to add so that it is there, as text (a configuration fragment)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix(_Told):
    """
    A fix is data: kind `patch`, `manifest`, `command` or `words`; `patch` is a unified diff.

    Context that holds a secret is not shown. A secret in a line that the patch needs is left out, and the summary says
    so: such a patch is to be read, not applied.
    """

    kind: str
    summary: str
    patch: str | None = None
    command: str | None = None

    def __post_init__(self) -> None:
        if self.patch is not None:
            narrowed = without_lines(self.patch, lambda row: redact(row) != row)
            object.__setattr__(self, "patch", narrowed)
        _Told.__post_init__(self)
        left_out = f" (a secret in the patch is left out as {MARK}: make this change by hand)"
        if self.patch is not None and MARK in self.patch and not self.summary.endswith(left_out):
            object.__setattr__(self, "summary", self.summary + left_out)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof(_Told):
    """Whether the first fix was tried: status `proved`, `not proved` or `not tried`."""

    status: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue(_Told):
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
class Unexplained(_Told):
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
    after over its rate before (None where there was none before, or nothing to compare), `p` the probability of such a
    difference by chance.
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
class Recommendation(_Told):
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
