"""Every reason that Cloud Run's API can give leads to a claim, and the chain quotes the platform's own message."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import run_v2
from grpc import StatusCode

from shakeout.catalogue import rules
from shakeout.catalogue.symptoms import ServiceNotDeployed
from shakeout.evidence.cloud_run import CALLS, CONDITIONS
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.platform import Platform, PlatformItem
from shakeout.logs.errorlog import ErrorLog
from shakeout.targets.base import Failure
from shakeout.targets.cloud_run.conditions import call_failure, condition_failure
from shakeout.targets.cloud_run.starting import refined
from shakeout.why.chain import chains
from shakeout.why.engine import Bounds, Symptom, walk
from shakeout.why.sources import Sources

COMMON, OF_REVISION = run_v2.Condition.CommonReason, run_v2.Condition.RevisionReason
MESSAGE = "the platform's own words"


def of_condition(name: str) -> Failure:
    reason = {"revision_reason": OF_REVISION[name]} if name in OF_REVISION.__members__ else {"reason": COMMON[name]}
    condition = run_v2.Condition(
        type_="Ready", state=run_v2.Condition.State.CONDITION_FAILED, message=MESSAGE, **reason
    )
    return refined(condition_failure(condition, {"image": "registry.example.com/web:1"}), [], 8080)


def of_call(name: str) -> Failure:
    return call_failure(exceptions.from_grpc_status(StatusCode[name], MESSAGE), "CreateService", {})


@pytest.mark.parametrize(
    "failure",
    [pytest.param(of_condition(name), id=name) for name in CONDITIONS]
    + [pytest.param(of_call(name), id=f"call {name}") for name in CALLS if name != "OK"],
)
def test_every_reason_leads_to_a_claim_that_quotes_the_message(failure: Failure) -> None:
    row = f"service web: failed; {failure.reason}: {failure.message}"
    evidence = (Evidence(kind="platform", locator=Locator(source="platform", path="platform.txt", line=1), quote=row),)
    item = PlatformItem(
        name="web",
        kind="service",
        state="not deployed",
        reason=failure.reason,
        message=failure.message,
        facts=dict(failure.facts),
        evidence=evidence,
    )
    symptom = Symptom(claim=ServiceNotDeployed("web", failure.message), evidence=evidence, service="web", weight=0)
    sources = Sources(Platform("staging", "cloud-run", [item]), ErrorLog([]))
    (chain,) = chains(walk([symptom], rules(), sources, Bounds(strict=True)))
    assert chain.links, failure
    assert any(MESSAGE in found.quote for link in chain.links for found in link.because.evidence)
