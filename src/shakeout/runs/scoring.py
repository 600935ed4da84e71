"""Compares what a run explained with the truth about the faults that were injected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shakeout.report.model import Issue, Report
from shakeout.runs.faults import Fault, Injected, Truth


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Whether one fault was explained rightly; `problems` says in words what was not."""

    fault: str
    root: bool
    change: bool
    guard: bool
    priority: bool
    evidence: bool
    nothing_besides: bool
    problems: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether everything is."""
        return not self.problems


def score(report: Report, faults: Sequence[Fault], injected: Injected) -> tuple[Score, ...]:
    """One score for each fault; an issue that belongs to none of them counts against all."""
    truths = [(fault, truth) for fault in faults for truth in fault.truths]
    matched = [_matching(report.issues, truth) for _, truth in truths]
    besides = [issue for issue in report.issues if all(issue is not found for found in matched)]
    return tuple(
        _score(fault, truth, issue, besides, report, injected)
        for (fault, truth), issue in zip(truths, matched, strict=True)
    )


def _matching(issues: Sequence[Issue], truth: Truth) -> Issue | None:
    """The issue with the truth's claim and locator, else one with its claim."""
    named = [issue for issue in issues if issue.root_cause is not None and issue.root_cause.claim == truth.claim]
    exact = [issue for issue in named if _located(issue, truth)]
    return next(iter(exact or named), None)


def _located(issue: Issue, truth: Truth) -> bool:
    if issue.root_cause is None:
        return False
    if truth.locator is None:
        return True
    places = issue.root_cause.locators
    if ":" in truth.locator:
        return truth.locator in places
    return any(place == truth.locator or place.startswith(f"{truth.locator}:") for place in places)


def _score(
    fault: Fault, truth: Truth, issue: Issue | None, besides: Sequence[Issue], report: Report, injected: Injected
) -> Score:
    problems: list[str] = []
    cause = issue.root_cause if issue is not None else None
    if issue is None or cause is None:
        seen = ", ".join(f"{other.root_cause.claim if other.root_cause else other.title}" for other in report.issues)
        problems.append(f"expected the root cause {truth.claim}, got {seen or 'no issue'}")
    root = issue is not None and _located(issue, truth)
    if cause is not None and not root:
        problems.append(f"expected the locator {truth.locator}, got {', '.join(cause.locators) or 'none'}")
    if cause is not None and cause.layer != truth.layer:
        root = False
        problems.append(f"expected the layer {truth.layer}, got {cause.layer}")
    wanted = injected.commits[f"{fault.name}/{truth.change}"] if truth.change else None
    seen_change = cause.introduced_by.commit if cause is not None and cause.introduced_by else None
    change = cause is not None and seen_change == wanted
    if cause is not None and not change:
        subject = cause.introduced_by.subject if cause.introduced_by else "none"
        problems.append(f"expected the change {truth.change}, got {subject}")
    guard_name = issue.guard.name if issue is not None and issue.guard is not None else None
    guard = issue is not None and (truth.guard is None or guard_name == truth.guard)
    if issue is not None and not guard:
        problems.append(f"expected the guard {truth.guard}, got {guard_name}")
    priority = issue is not None and issue.priority == truth.priority
    if issue is not None and not priority:
        problems.append(f"expected the priority {truth.priority}, got {issue.priority}")
    evidence = all(why.evidence for other in report.issues for why in other.whys)
    if not evidence:
        problems.append("a link has no evidence")
    if besides:
        problems.append(f"issues besides: {'; '.join(other.title for other in besides)}")
    red = {result.name for result in report.checks if result.outcome in {"failed", "degraded"}}
    missing = [name for name in truth.symptoms if name not in red]
    if missing:
        problems.append(
            f"expected these checks to go red: {', '.join(missing)}; red are {', '.join(sorted(red)) or 'none'}"
        )
    return Score(
        fault=fault.name,
        root=root,
        change=change,
        guard=guard,
        priority=priority,
        evidence=evidence,
        nothing_besides=not besides,
        problems=tuple(problems),
    )
