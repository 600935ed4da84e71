"""A service of the manifest, as the message that the API takes."""

from __future__ import annotations

import pytest
from google.cloud import run_v2

from shakeout.errors import DeploymentError
from shakeout.manifest.plan import Plan
from shakeout.targets.cloud_run.desired import desired_service
from targets.cloud_run.plans import COMMIT, MANIFEST, plan_of

ADDRESSES = {"auth": "https://auth.example.app", "web": "https://web.example.app"}


def wanted(plan: Plan, service: str, there: run_v2.Service | None = None) -> run_v2.Service:
    return desired_service(
        plan,
        plan.service(service),
        revision="auth-1234567-abcdef",
        release="staging-X-abcdef",
        addresses=ADDRESSES,
        there=there,
    )


def with_options(options: str) -> Plan:
    return plan_of(
        MANIFEST.replace("        secrets: {TOKEN_KEY", f"        options: {options}\n        secrets: {{TOKEN_KEY")
    )


def test_the_image_is_that_of_the_commit_and_labels_say_so() -> None:
    service = wanted(plan_of(), "auth")
    assert service.template.containers[0].image == f"registry.example.com/shop/auth:{COMMIT}"
    assert service.template.labels["commit"] == COMMIT
    assert service.labels["managed-by"] == "shakeout"
    assert service.labels["shakeout-application"] == "shop"
    assert service.template.revision == "auth-1234567-abcdef"


def test_variables_are_resolved_and_port_is_left_to_the_platform() -> None:
    container = wanted(plan_of(), "auth").template.containers[0]
    variables = {one.name: one.value for one in container.env}
    assert variables == {"ALLOWED": "https://web.example.app", "TOKEN_KEY": ""}
    assert [*container.command, *container.args] == ["python", "-m", "shop.auth", "--port", "8080"]
    assert container.ports[0].container_port == 8080


def test_a_secret_goes_by_name_and_version_and_never_by_value() -> None:
    (secret,) = [one for one in wanted(plan_of(), "auth").template.containers[0].env if one.name == "TOKEN_KEY"]
    assert (secret.value_source.secret_key_ref.secret, secret.value_source.secret_key_ref.version) == ("shop-key", "3")


def test_every_setting_of_the_manifest_is_in_the_message() -> None:
    plan = with_options(
        "{cpu: 2, memory: 1Gi, min_instances: 1, max_instances: 5, concurrency: 40, timeout: 30m, cpu_always: true,"
        " startup_boost: true, execution_environment: gen2, service_account: run@shop.example.com, public: true,"
        " ingress: internal, session_affinity: true, labels: {team: shop}, cloud_sql: ['shop:europe-west1:orders'],"
        " vpc: {connector: inner, egress: all}, liveness_probe: {path: /alive}}"
    )
    service = wanted(plan, "auth")
    template, container = service.template, service.template.containers[0]
    assert dict(container.resources.limits) == {"cpu": "2", "memory": "1Gi"}
    assert (template.scaling.min_instance_count, template.scaling.max_instance_count) == (1, 5)
    assert template.max_instance_request_concurrency == 40
    assert template.timeout.total_seconds() == 1800
    assert (container.resources.cpu_idle, container.resources.startup_cpu_boost) == (False, True)
    assert template.service_account == "run@shop.example.com"
    assert service.ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
    assert service.invoker_iam_disabled is True
    assert template.vpc_access.connector == "inner"
    assert template.vpc_access.egress == run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC
    assert template.volumes[0].cloud_sql_instance.instances == ["shop:europe-west1:orders"]
    assert container.volume_mounts[0].mount_path == "/cloudsql"
    assert container.liveness_probe.http_get.path == "/alive"
    assert service.labels["team"] == template.labels["team"] == "shop"


def test_direct_egress_names_network_and_subnetwork() -> None:
    access = wanted(with_options("{vpc: {network: inner, subnetwork: west, tags: [run]}}"), "auth").template.vpc_access
    (interface,) = access.network_interfaces
    assert (interface.network, interface.subnetwork, list(interface.tags)) == ("inner", "west", ["run"])


def test_what_the_manifest_does_not_say_stays_as_it_is() -> None:
    there = run_v2.Service(
        description="by hand",
        labels={"cost": "shop"},
        template=run_v2.RevisionTemplate(
            service_account="old@shop.example.com",
            containers=[
                run_v2.Container(
                    image="old",
                    env=[run_v2.EnvVar(name="OLD", value="1")],
                    resources=run_v2.ResourceRequirements(limits={"memory": "2Gi"}),
                )
            ],
        ),
    )
    service = wanted(plan_of(), "auth", there)
    container = service.template.containers[0]
    assert service.description == "by hand"
    assert service.labels["cost"] == "shop"
    assert service.template.service_account == "old@shop.example.com"
    assert container.resources.limits["memory"] == "2Gi"
    assert "OLD" not in {one.name for one in container.env}
    assert there.template.containers[0].image == "old"


def test_the_deadline_of_the_manifest_is_the_startup_probe() -> None:
    assert not wanted(plan_of(), "auth").template.containers[0].startup_probe.failure_threshold
    text = MANIFEST.replace("    health: {}\n", "    health: {}\n    start: {deadline: 20s}\n")
    probe = wanted(plan_of(text), "auth").template.containers[0].startup_probe
    assert (probe.period_seconds, probe.failure_threshold, probe.tcp_socket.port) == (1, 20, 8080)


def test_an_address_that_is_not_known_is_an_error_that_names_it() -> None:
    plan = plan_of()
    with pytest.raises(DeploymentError, match=r"services\.auth\.url"):
        desired_service(plan, plan.service("web"), revision="r", release="x", addresses={})
