"""Faults that a rehearsal is told to have."""

from __future__ import annotations

import time

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from fixtures.rehearsal import PARENT, Start, service
from shakeout.errors import UsageError
from shakeout.rehearsal.faults import Faults

NAME = f"{PARENT}/services/web"
Reason = run_v2.Condition.CommonReason


async def test_a_permission_that_is_denied_is_named(rehearse: Start) -> None:
    clients = await rehearse(faults=Faults.parse(["deny:run.services.create"]))
    with pytest.raises(exceptions.PermissionDenied, match=r"'run\.services\.create' denied on resource '.*/web'"):
        await clients.create()


async def test_an_account_that_may_not_be_used_is_named(rehearse: Start) -> None:
    clients = await rehearse(faults=Faults.parse(["deny:iam.serviceaccounts.actAs"]))
    with pytest.raises(exceptions.PermissionDenied, match="denied on service account web@shop"):
        await clients.create(service_account="web@shop.iam.gserviceaccount.com")


async def test_a_quota_strikes_as_often_as_it_is_told(rehearse: Start) -> None:
    clients = await rehearse(faults=Faults.parse(["quota:GetService:2"]))
    for _ in range(2):
        with pytest.raises(exceptions.ResourceExhausted, match="Quota exceeded for quota metric 'Read requests'"):
            await clients.services.get_service(name=NAME, retry=None)
    with pytest.raises(exceptions.NotFound):
        await clients.services.get_service(name=NAME, retry=None)


async def test_the_client_librarys_own_retry_outlives_a_service_that_is_away(rehearse: Start) -> None:
    clients = await rehearse(faults=Faults.parse(["unavailable:ListServices:2"]))
    with pytest.raises(exceptions.ServiceUnavailable):
        await clients.services.list_services(parent=PARENT, retry=None)
    assert [one async for one in await clients.services.list_services(parent=PARENT)] == []


async def test_a_call_and_an_operation_take_longer(rehearse: Start) -> None:
    clients = await rehearse(faults=Faults.parse(["slow:GetService:300ms", "operations:400ms"]))
    began = time.monotonic()
    with pytest.raises(exceptions.NotFound):
        await clients.services.get_service(name=NAME)
    assert time.monotonic() - began >= 0.3
    operation = await clients.services.create_service(parent=PARENT, service_id="web", service=service())
    found = await clients.services.get_service(name=NAME)
    assert (found.reconciling, found.observed_generation) == (True, 0)
    assert not await operation.done()
    await operation.result(timeout=20)


@pytest.mark.parametrize(
    ("fault", "kind", "reason", "said"),
    [
        ("deny-image:docker.io/shop/web", "ContainerReady", Reason.CONTAINER_PERMISSION_DENIED, "Service Agent"),
        ("deny-secret:token", "ContainerReady", Reason.SECRETS_ACCESS_CHECK_FAILED, "Secret Manager Secret Accessor"),
        ("no-secret:token", "ContainerReady", Reason.SECRETS_ACCESS_CHECK_FAILED, "/versions/latest was not found"),
        ("no-network:shop-vpc", "ResourcesAvailable", Reason.VPC_NETWORK_NOT_FOUND, "does not exist"),
    ],
)
async def test_what_a_revision_may_not_have_is_its_condition(
    rehearse: Start, fault: str, kind: str, reason: Reason, said: str
) -> None:
    clients = await rehearse(faults=Faults.parse([fault]), secrets={"token": "value"})
    wanted = service(image="docker.io/shop/web:7", vpc_access=run_v2.VpcAccess(connector="shop-vpc"))
    selector = run_v2.SecretKeySelector(secret="token", version="latest")
    wanted.template.containers[0].env = [
        run_v2.EnvVar(name="TOKEN", value_source=run_v2.EnvVarSource(secret_key_ref=selector))
    ]
    operation = await clients.services.create_service(parent=PARENT, service_id="web", service=wanted)
    with pytest.raises(exceptions.GoogleAPICallError, match=said):
        await operation.result(timeout=20)
    [revision] = await clients.revisions_of()
    assert next(one for one in revision.conditions if one.type_ == kind).reason == reason


@pytest.mark.parametrize("word", ["deny", "explode:everything", "unavailable:GetNothing:3", "slow:GetService:long"])
def test_a_word_that_is_no_fault_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="no fault that a rehearsal knows"):
        Faults.parse([word])
