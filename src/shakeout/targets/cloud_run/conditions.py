"""Why a revision is not ready, from the conditions that the platform reports, in the vocabulary of `base.Failure`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import run_v2

from shakeout.evidence.cloud_run import CALLS, CONDITIONS, Reason
from shakeout.targets.base import Failure

_STATE = run_v2.Condition.State
_MINOR = frozenset({run_v2.Condition.Severity.WARNING, run_v2.Condition.Severity.INFO})
_VAGUE = frozenset({"COMMON_REASON_UNDEFINED", "UNKNOWN", "REVISION_FAILED", "REVISION_REASON_UNDEFINED", ""})
_FAILURES: Mapping[str, str] = {
    "image-not-found": "image-not-found",
    "image-permission": "permission-denied",
    "permission": "permission-denied",
    "credentials": "permission-denied",
    "secret": "permission-denied",
    "start": "never-listened",
}
"""The word of `base.Failure` for each kind of reason; all others are `rejected`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the conditions come to: `ready`, or failed by `condition`, or not decided yet because of `why`."""

    ready: bool = False
    condition: run_v2.Condition | None = None
    why: str = ""


def reason_name(condition: run_v2.Condition) -> str:
    """The condition's reason as the API names it; empty where it gives none."""
    if condition.revision_reason:
        return str(run_v2.Condition.RevisionReason(condition.revision_reason).name)
    if condition.reason:
        return str(run_v2.Condition.CommonReason(condition.reason).name)
    return ""


def reason_of(name: str) -> Reason:
    """What a reason means; a name that is newer than this table is one without a meaning."""
    return CONDITIONS.get(name) or CONDITIONS["COMMON_REASON_UNDEFINED"]


def judge(service: run_v2.Service, revision: run_v2.Revision | None) -> Verdict:
    """Whether the revision is ready, has failed, or is still on its way, and why."""
    own = list(revision.conditions) if revision is not None else []
    settled = not service.reconciling and service.observed_generation == service.generation
    failed = [one for one in own if _has_failed(one)]
    if failed:
        return Verdict(condition=_telling(failed))
    terminal = service.terminal_condition
    if settled and terminal.state == _STATE.CONDITION_FAILED:
        return Verdict(condition=_telling([terminal, *(one for one in service.conditions if _has_failed(one))]))
    ready = next((one for one in own if one.type_ == "Ready"), None)
    if ready is not None and ready.state == _STATE.CONDITION_SUCCEEDED and settled:
        return Verdict(ready=True)
    return Verdict(why=_why([*own, terminal, *service.conditions]))


def condition_failure(condition: run_v2.Condition, facts: Mapping[str, Any]) -> Failure:
    """The failure that a failed condition is, with its message as it stands."""
    name = reason_name(condition)
    reason = reason_of(name)
    return Failure(
        reason=_FAILURES.get(reason.kind, "rejected"),
        message=one_line(condition.message) or f"the platform says that {reason.words}",
        facts={**facts, "platform_reason": name or "none", "kind": reason.kind, "condition": condition.type_},
    )


def call_failure(error: GoogleAPICallError, call: str, facts: Mapping[str, Any]) -> Failure:
    """The failure that a refused call is."""
    name = status_name(error)
    reason = CALLS.get(name, CALLS["UNKNOWN"])
    return Failure(
        reason=_FAILURES.get(reason.kind, "rejected"),
        message=f"{call}: {name}: {one_line(error.message or '')}",
        facts={**facts, "platform_reason": name, "kind": reason.kind, "call": call},
    )


def status_name(error: GoogleAPICallError) -> str:
    """The status of a call that failed, as gRPC names it."""
    code = error.grpc_status_code
    return str(code.name) if code is not None else "UNKNOWN"


def one_line(text: str) -> str:
    """The text without line ends, as it can be quoted from one line of a record."""
    return " ".join(text.split())


def _has_failed(condition: run_v2.Condition) -> bool:
    if condition.state != _STATE.CONDITION_FAILED or condition.severity in _MINOR:
        return False
    return reason_of(reason_name(condition)).kind not in {"waiting", "unused"} or condition.type_ == "Ready"


def _telling(failed: Iterable[run_v2.Condition]) -> run_v2.Condition:
    """The condition that says most: with a reason of its own, then with a message; the first of those."""
    return min(failed, key=lambda one: (reason_name(one) in _VAGUE, not one.message, one.type_ == "Ready"))


def _why(conditions: Iterable[run_v2.Condition]) -> str:
    for one in conditions:
        if one.state in {_STATE.CONDITION_PENDING, _STATE.CONDITION_RECONCILING}:
            name = reason_name(one)
            words = one_line(one.message) or (reason_of(name).words if name else "it has not come to it yet")
            return f"{one.type_ or 'Ready'} is not decided: {words[:200]}"
    return "the platform has not said anything about it yet"
