"""Services, revisions and traffic, by Google's own client library."""

from __future__ import annotations

import hashlib

import pytest
from google.api_core import exceptions
from google.cloud import run_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2

from fixtures.rehearsal import IMAGE, PARENT, Clients, Start, service

State = run_v2.Condition.State
Reason = run_v2.Condition.CommonReason
NAME = f"{PARENT}/services/web"
LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
BY_NAME = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION


def target(revision: str, percent: int = 0, tag: str = "") -> run_v2.TrafficTarget:
    return run_v2.TrafficTarget(type_=BY_NAME, revision=revision, percent=percent, tag=tag)


def short(name: str) -> str:
    return name.rpartition("/")[2]


async def test_a_service_is_created_runs_and_answers(clients: Clients) -> None:
    made = await clients.create(COLOUR="blue")
    assert made.terminal_condition.state == State.CONDITION_SUCCEEDED
    assert (made.generation, made.observed_generation, made.reconciling) == (1, 1, False)
    answer = (await clients.http.get(made.uri)).json()
    assert short(made.latest_ready_revision) == answer["revision"]
    assert {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "COLOUR"} <= set(answer["variables"])


async def test_what_the_template_leaves_open_is_filled_in_and_what_it_says_is_kept(clients: Clients) -> None:
    made = await clients.create(
        vpc_access=run_v2.VpcAccess(connector="shop-vpc"),
        service_account="web@shop.iam.gserviceaccount.com",
        volumes=[run_v2.Volume(name="sql", cloud_sql_instance=run_v2.CloudSqlInstance(instances=["shop:eu:main"]))],
        labels={"commit": "abc"},
    )
    [revision] = await clients.revisions_of()
    container = revision.containers[0]
    assert dict(container.resources.limits) == {"cpu": "1000m", "memory": "512Mi"}
    assert container.ports[0].container_port == 8080
    assert container.startup_probe.failure_threshold == 1
    assert (revision.timeout.total_seconds(), revision.max_instance_request_concurrency) == (300, 80)
    assert revision.vpc_access.connector == "shop-vpc"
    assert revision.service_account == "web@shop.iam.gserviceaccount.com"
    assert list(revision.volumes[0].cloud_sql_instance.instances) == ["shop:eu:main"]
    assert revision.labels["commit"] == "abc"
    assert "scaling" not in revision
    assert made.template.timeout.total_seconds() == 300


async def test_a_container_on_loopback_only_is_refused_in_the_services_own_words(rehearse: Start) -> None:
    clients = await rehearse(startup_seconds=240.0)  # which need not be waited for
    with pytest.raises(exceptions.GoogleAPICallError) as caught:
        await clients.create(BIND="127.0.0.1")
    assert "failed to start and listen on the port defined provided by the PORT=8080" in str(caught.value)
    [revision] = await clients.revisions_of()
    ready = next(one for one in revision.conditions if one.type_ == "Ready")
    assert ready.state == State.CONDITION_FAILED
    assert ready.revision_reason == run_v2.Condition.RevisionReason.HEALTH_CHECK_CONTAINER_ERROR
    found = await clients.services.get_service(name=NAME)
    assert found.terminal_condition.message.startswith(f"Revision '{short(revision.name)}' is not ready")
    assert (await clients.http.get(found.uri)).status_code == 404
    [own] = await clients.texts('log_id("shakeout.rehearsal")')
    assert "listens on 127.0.0.1:" in own


async def test_a_new_revision_that_fails_takes_no_traffic(clients: Clients) -> None:
    made = await clients.create()
    made.template.containers[0].env = [run_v2.EnvVar(name="EXIT", value="3")]
    with pytest.raises(exceptions.GoogleAPICallError, match="is not ready and cannot serve traffic"):
        await clients.change(made)
    found = await clients.services.get_service(name=NAME)
    assert found.latest_ready_revision == made.latest_ready_revision
    assert found.latest_created_revision != made.latest_ready_revision
    answer = (await clients.http.get(found.uri)).json()
    assert answer["revision"] == short(made.latest_ready_revision)
    found.template.revision = "web-worse"
    found.traffic = [target("web-worse", 100)]
    with pytest.raises(exceptions.GoogleAPICallError, match="is not ready and cannot serve traffic"):
        await clients.change(found)
    answer = (await clients.http.get(found.uri)).json()
    assert answer["revision"] == short(made.latest_ready_revision)


async def test_a_tagged_revision_without_traffic_answers_at_its_own_address_only(clients: Clients) -> None:
    made = await clients.create()
    old = short(made.latest_ready_revision)
    made.template.revision = "web-next"
    made.template.containers[0].env = [run_v2.EnvVar(name="NEW", value="1")]
    made.traffic = [target(old, 100), target("web-next", tag="next")]
    changed = await clients.change(made)
    [status] = [one for one in changed.traffic_statuses if one.tag == "next"]
    assert status.uri != changed.uri
    assert (await clients.http.get(status.uri)).json()["revision"] == "web-next"
    assert {(await clients.http.get(changed.uri)).json()["revision"] for _ in range(4)} == {old}
    changed.traffic = [target(old, 50), target("web-next", 50)]
    split = await clients.change(changed, update_mask={"paths": ["traffic"]})
    found = [(await clients.http.get(split.uri)).json()["revision"] for _ in range(10)]
    assert (found.count(old), found.count("web-next")) == (5, 5)
    assert len(await clients.revisions_of()) == 2, "traffic alone makes no revision"
    assert (await clients.http.get(status.uri)).status_code == 404, "the tag was taken away"


async def test_traffic_to_a_revision_that_is_not_there_is_said_and_changes_nothing(clients: Clients) -> None:
    made = await clients.create()
    made.traffic = [target("web-lost", 100)]
    with pytest.raises(exceptions.GoogleAPICallError, match="web-lost"):
        await clients.change(made)
    found = await clients.services.get_service(name=NAME)
    routes = next(one for one in found.conditions if one.type_ == "RoutesReady")
    assert routes.state == State.CONDITION_FAILED
    assert (await clients.http.get(found.uri)).status_code == 200


async def test_an_image_that_is_not_there_is_said(clients: Clients) -> None:
    with pytest.raises(exceptions.GoogleAPICallError, match=r"Image 'europe-docker\.pkg\.dev/shop/none' not found"):
        await clients.create(image="europe-docker.pkg.dev/shop/none")
    [revision] = await clients.revisions_of()
    assert next(one for one in revision.conditions if one.type_ == "ContainerReady").reason == Reason.CONTAINER_MISSING


async def test_a_secret_reaches_the_container_and_nothing_else(rehearse: Start) -> None:
    clients = await rehearse(secrets={"token": {"1": "old-value", "2": "bright-yellow-submarine"}})
    reference = run_v2.SecretKeySelector(secret="token", version="latest")
    wanted = service()
    wanted.template.containers[0].env = [
        run_v2.EnvVar(name="TOKEN", value_source=run_v2.EnvVarSource(secret_key_ref=reference))
    ]
    operation = await clients.services.create_service(parent=PARENT, service_id="web", service=wanted)
    made = await operation.result(timeout=20)
    answer = (await clients.http.get(f"{made.uri}/json")).json()

    assert answer["secret"] == hashlib.sha256(b"bright-yellow-submarine").hexdigest()
    assert "bright-yellow-submarine" not in str(await clients.logs()) + str(made) + repr(clients.cloud.settings)


async def test_a_secret_that_is_not_there_is_said(clients: Clients) -> None:
    wanted = service()
    reference = run_v2.SecretKeySelector(secret="token", version="7")
    wanted.template.containers[0].env = [
        run_v2.EnvVar(name="TOKEN", value_source=run_v2.EnvVarSource(secret_key_ref=reference))
    ]
    operation = await clients.services.create_service(parent=PARENT, service_id="web", service=wanted)
    with pytest.raises(exceptions.GoogleAPICallError, match="secrets/token/versions/7 was not found"):
        await operation.result(timeout=20)


async def test_a_dry_run_makes_nothing(clients: Clients) -> None:
    operation = await clients.services.create_service(
        request=run_v2.CreateServiceRequest(parent=PARENT, service_id="web", service=service(), validate_only=True)
    )
    assert (await operation.result()).template.containers[0].image == IMAGE
    with pytest.raises(exceptions.NotFound, match="does not exist"):
        await clients.services.get_service(name=NAME)


async def test_a_change_of_what_somebody_else_changed_is_refused(clients: Clients) -> None:
    first = await clients.create()
    first.labels = {"colour": "blue"}
    await clients.change(first)
    with pytest.raises(exceptions.Aborted, match="Conflict for resource 'web'"):
        await clients.change(first)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (service(PORT=80), "The following reserved env names were provided: PORT"),
        (service(image=""), "image: is required"),
        (service(revision="other-1"), "must be prefixed by the service name"),
        (service(container={"resources": {"limits": {"memory": "12Mi"}}}), "memory"),
        (service(timeout={"seconds": 4000}), "timeout"),
    ],
)
async def test_what_cloud_run_would_not_take_is_refused(clients: Clients, wanted: run_v2.Service, said: str) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=said):
        await clients.services.create_service(parent=PARENT, service_id="web", service=wanted)


async def test_traffic_that_does_not_add_up_is_refused(clients: Clients) -> None:
    wanted = service()
    wanted.traffic = [run_v2.TrafficTarget(type_=LATEST, percent=90)]
    with pytest.raises(exceptions.InvalidArgument, match="traffic"):
        await clients.services.create_service(parent=PARENT, service_id="web", service=wanted)


async def test_a_revision_is_deleted_unless_traffic_needs_it(clients: Clients) -> None:
    made = await clients.create()
    with pytest.raises(exceptions.FailedPrecondition):
        await clients.revisions.delete_revision(name=made.latest_ready_revision)
    made.template.containers[0].env = [run_v2.EnvVar(name="NEW", value="1")]
    await clients.change(made)
    operation = await clients.revisions.delete_revision(name=made.latest_ready_revision)
    await operation.result(timeout=20)
    assert len(await clients.revisions_of()) == 1


async def test_a_service_is_closed_to_strangers_until_its_policy_opens_it(clients: Clients) -> None:
    wanted = service()
    wanted.invoker_iam_disabled = False
    operation = await clients.services.create_service(parent=PARENT, service_id="web", service=wanted)
    made = await operation.result(timeout=20)
    assert (await clients.http.get(made.uri)).status_code == 403
    assert (await clients.http.get(made.uri, headers={"Authorization": "Bearer x"})).status_code == 200
    policy = policy_pb2.Policy(bindings=[policy_pb2.Binding(role="roles/run.invoker", members=["allUsers"])])
    await clients.services.set_iam_policy(iam_policy_pb2.SetIamPolicyRequest(resource=NAME, policy=policy))
    assert (await clients.http.get(made.uri)).status_code == 200
    assert "The request was not authenticated." in str(await clients.texts("httpRequest.status=403"))


async def test_a_deleted_service_is_gone_and_so_are_its_processes(clients: Clients) -> None:
    made = await clients.create()
    operation = await clients.services.delete_service(name=NAME)
    await operation.result(timeout=20)
    with pytest.raises(exceptions.NotFound):
        await clients.services.get_service(name=NAME)
    with pytest.raises(Exception, match="connect"):
        await clients.http.get(made.uri)


async def test_a_revisions_name_is_given_once_and_a_refusal_changes_nothing(clients: Clients) -> None:
    limits = {"cpu": "1", "memory": "512Mi"}
    labels = {f"label-{number}": str(number) for number in range(12)}
    made = await clients.create(revision="web-one", labels=labels, container={"resources": {"limits": limits}})
    for _ in range(3):  # maps come in any order, which makes no other template
        made.template.labels = dict(sorted(made.template.labels.items(), reverse=True))
        made = await clients.change(made)
    assert len(await clients.revisions_of()) == 1
    made.template.containers[0].env = [run_v2.EnvVar(name="NEW", value="1")]
    with pytest.raises(exceptions.AlreadyExists, match="web-one"):
        await clients.change(made)
    found = await clients.services.get_service(name=NAME)
    assert not found.reconciling
    assert not found.template.containers[0].env
