"""Every reason that the API can give leads somewhere, with its message quoted."""

from __future__ import annotations

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from shakeout.evidence.cloud_run import CALLS, CONDITIONS
from shakeout.targets.cloud_run.conditions import call_failure, condition_failure, judge, reason_name

STATE = run_v2.Condition.State
COMMON, OF_REVISION = run_v2.Condition.CommonReason, run_v2.Condition.RevisionReason


def condition(kind: str = "Ready", state: int = STATE.CONDITION_FAILED, **fields: object) -> run_v2.Condition:
    return run_v2.Condition(type_=kind, state=state, **fields)


def service(**fields: object) -> run_v2.Service:
    return run_v2.Service(generation=2, observed_generation=2, **fields)


def test_every_reason_of_a_condition_is_known() -> None:
    assert {one.name for one in COMMON} | {one.name for one in OF_REVISION} == set(CONDITIONS)


def test_every_status_of_a_call_is_known() -> None:
    assert {one.name for one in grpc.StatusCode} == set(CALLS)


@pytest.mark.parametrize("name", [one.name for one in COMMON if one] + [one.name for one in OF_REVISION if one])
def test_a_failed_condition_is_a_failure_with_its_message(name: str) -> None:
    reason = {"revision_reason": OF_REVISION[name]} if name in OF_REVISION.__members__ else {"reason": COMMON[name]}
    failure = condition_failure(condition(message=f"the words\nof {name}", **reason), {"image": "x"})
    assert failure.message == f"the words of {name}"
    assert failure.facts["platform_reason"] == name
    assert failure.facts["kind"] == CONDITIONS[name].kind


@pytest.mark.parametrize("code", [one for one in grpc.StatusCode if one.name not in {"OK"}])
def test_a_refused_call_is_a_failure_with_its_status_and_message(code: grpc.StatusCode) -> None:
    error = exceptions.from_grpc_status(code, "Quota exceeded for\nthis")
    failure = call_failure(error, "CreateService", {})
    assert failure.message == f"CreateService: {code.name}: Quota exceeded for this"
    assert failure.facts["kind"] == CALLS[code.name].kind


def test_the_condition_that_says_most_decides() -> None:
    vague = condition(message="Revision 'web-new' is not ready", reason=COMMON.REVISION_FAILED)
    telling = condition("ContainerReady", message="Image 'x' not found.", reason=COMMON.CONTAINER_MISSING)
    verdict = judge(service(terminal_condition=vague), run_v2.Revision(conditions=[vague, telling]))
    assert verdict.condition is not None
    assert reason_name(verdict.condition) == "CONTAINER_MISSING"


def test_a_revision_is_ready_only_when_the_service_has_come_to_it() -> None:
    ready = run_v2.Revision(conditions=[condition(state=STATE.CONDITION_SUCCEEDED)])
    assert judge(service(), ready).ready
    assert not judge(run_v2.Service(generation=3, observed_generation=2), ready).ready
    assert not judge(service(reconciling=True), ready).ready


def test_a_warning_and_a_revision_held_in_reserve_are_no_failure() -> None:
    rows = [
        condition("MinInstancesProvisioned", severity=run_v2.Condition.Severity.WARNING, message="not all yet"),
        condition("Active", revision_reason=OF_REVISION.RESERVE, message="no traffic"),
        condition(state=STATE.CONDITION_SUCCEEDED),
    ]
    assert judge(service(), run_v2.Revision(conditions=rows)).ready


def test_what_is_waited_for_is_said() -> None:
    waiting = condition("ContainerHealthy", STATE.CONDITION_RECONCILING, message="Starting the container.")
    assert judge(service(), run_v2.Revision(conditions=[waiting])).why == (
        "ContainerHealthy is not decided: Starting the container."
    )
