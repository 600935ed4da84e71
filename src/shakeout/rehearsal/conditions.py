"""Conditions of services and revisions, in version 2's form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from google.cloud import run_v2

State = run_v2.Condition.State
Common = run_v2.Condition.CommonReason
OfRevision = run_v2.Condition.RevisionReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """
    Why a revision is not ready: the message that the condition carries, its reason, and the status that the operation
    ends with. `kind` is the condition beside `Ready` that tells it (`ContainerReady`, `ResourcesAvailable`, …).
    """

    message: str
    kind: str
    code: str = "FAILED_PRECONDITION"
    common: int = 0
    revision: int = 0


def condition(kind: str, state: int, message: str = "", *, common: int = 0, revision: int = 0) -> run_v2.Condition:
    """One condition, changed now."""
    made = run_v2.Condition(type_=kind, state=state, message=message, last_transition_time=datetime.now(UTC))
    if state == State.CONDITION_FAILED:
        made.severity = run_v2.Condition.Severity(run_v2.Condition.Severity.ERROR)
    if revision:
        made.revision_reason = OfRevision(revision)
    elif common:
        made.reason = Common(common)
    return made


def set_condition(conditions: list[run_v2.Condition], new: run_v2.Condition) -> list[run_v2.Condition]:
    """The conditions with one of them replaced or added; its time stays where its state does."""
    found = []
    placed = False
    for old in conditions:
        if old.type_ != new.type_:
            found.append(old)
            continue
        placed = True
        if old.state == new.state and old.message == new.message:
            new.last_transition_time = old.last_transition_time
        found.append(new)
    return found if placed else [*found, new]


def pending(kinds: Iterable[str]) -> list[run_v2.Condition]:
    """Conditions of something that has just been made."""
    return [condition(kind, State.CONDITION_RECONCILING) for kind in kinds]


def succeeded(kinds: Iterable[str]) -> list[run_v2.Condition]:
    return [condition(kind, State.CONDITION_SUCCEEDED) for kind in kinds]


def failed(kind: str, cause: Cause, message: str | None = None) -> run_v2.Condition:
    """The condition that tells a cause, in other words where `message` is given."""
    text = cause.message if message is None else message
    return condition(kind, State.CONDITION_FAILED, text, common=cause.common, revision=cause.revision)
