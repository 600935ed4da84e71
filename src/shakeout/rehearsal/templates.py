"""From a service's template to a revision: what may be asked for, and what Cloud Run fills in."""

from __future__ import annotations

import random
import re
import string
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from google.api import launch_stage_pb2
from google.cloud import run_v2

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.names import ServiceName, valid_id
from shakeout.rehearsal.settings import Settings

DEFAULT_PORT = 8080
DEFAULT_TIMEOUT = timedelta(seconds=300)
LONGEST_TIMEOUT = timedelta(seconds=3600)
DEFAULT_CONCURRENCY = 80

RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
"""Variables that the platform sets, and nobody else may (the container runtime contract in Cloud Run's docs)."""

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi)?")
_LEAST_MEMORY = 128 * 2**20
_SUFFIX = string.ascii_lowercase


def quantity(text: str) -> Fraction:
    """`512Mi`, `1`, `500m` as a number; ValueError where it is none."""
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise ValueError(text)
    number = Fraction(match[1])
    return number / 1000 if match[2] == "m" else number * _UNITS[match[2] or ""]


def check(name: ServiceName, service: run_v2.Service) -> None:
    """RefusedError where Cloud Run would not take the service as it is, before anything is made."""
    if not valid_id(name.id):
        raise RefusedError("INVALID_ARGUMENT", f"metadata.name: Invalid service name {name.id!r}: only lowercase, "
                           "digits, and hyphens; must begin with letter, and cannot end with hyphen; must be less than "
                           "50 characters.")  # fmt: skip
    template = service.template
    if not template.containers:
        raise RefusedError("INVALID_ARGUMENT", "spec.template.spec.containers: should have at least one container")
    serving = [container for container in template.containers if container.ports] or list(template.containers)[:1]
    if len(template.containers) > 1 and len([one for one in template.containers if one.ports]) != 1:
        raise RefusedError("INVALID_ARGUMENT", "spec.template.spec.containers: Revision template should contain "
                           "exactly one container with an exposed port.")  # fmt: skip
    for number, container in enumerate(template.containers):
        _check_container(f"spec.template.spec.containers[{number}]", container)
    if len(serving[0].ports) > 1:
        raise RefusedError("INVALID_ARGUMENT", "spec.template.spec.containers[0].ports: should contain at most one "
                           "port")  # fmt: skip
    if template.timeout and template.timeout > LONGEST_TIMEOUT:
        raise RefusedError("INVALID_ARGUMENT", "spec.template.spec.timeout_seconds: should be between 0 and 3600")
    if not 0 <= template.max_instance_request_concurrency <= 1000:
        raise RefusedError("INVALID_ARGUMENT", "spec.template.spec.container_concurrency: should be between 0 and 1000")
    if template.revision:
        short = template.revision.rpartition("/")[2]
        if not short.startswith(f"{name.id}-") or len(short) > 63:
            raise RefusedError("INVALID_ARGUMENT", f"spec.template.metadata.name: Revision name {short!r} must be "
                               f"prefixed by the service name and a hyphen: {name.id}-.")  # fmt: skip
    _check_traffic(service)


def _check_container(where: str, container: run_v2.Container) -> None:
    if not container.image:
        raise RefusedError("INVALID_ARGUMENT", f"{where}.image: is required")
    reserved = [variable.name for variable in container.env if variable.name in RESERVED]
    if reserved:
        raise RefusedError("INVALID_ARGUMENT", f"{where}.env: The following reserved env names were provided: "
                           f"{', '.join(reserved)}. These values are automatically set by the system.")  # fmt: skip
    for resource, text in container.resources.limits.items():
        try:
            amount = quantity(text)
        except ValueError:
            raise RefusedError("INVALID_ARGUMENT", f"{where}.resources.limits.{resource}: Invalid value specified for "
                               f"{resource}. {text!r} is not a quantity.") from None  # fmt: skip
        if resource == "memory" and amount < _LEAST_MEMORY:
            raise RefusedError("INVALID_ARGUMENT", f"{where}.resources.limits.memory: Invalid value specified for "
                               "container memory. Memory must be at least 128Mi.")  # fmt: skip


def _check_traffic(service: run_v2.Service) -> None:
    if service.traffic and sum(target.percent for target in service.traffic) != 100:
        raise RefusedError("INVALID_ARGUMENT", "spec.traffic: The sum of all traffic percents must equal 100.")
    tags = [target.tag for target in service.traffic if target.tag]
    if len(tags) != len(set(tags)):
        raise RefusedError("INVALID_ARGUMENT", "spec.traffic: Traffic tags must be unique.")
    by_revision = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
    for number, target in enumerate(service.traffic):
        if target.type_ == by_revision and not target.revision:
            raise RefusedError("INVALID_ARGUMENT", f"spec.traffic[{number}].revision_name: is required")


def fill_in(service: run_v2.Service, settings: Settings) -> None:
    """What Cloud Run writes into a service that says nothing of it."""
    template = service.template
    template.timeout = template.timeout or DEFAULT_TIMEOUT
    template.service_account = template.service_account or settings.service_account
    template.max_instance_request_concurrency = template.max_instance_request_concurrency or DEFAULT_CONCURRENCY
    if not service.ingress:
        service.ingress = run_v2.IngressTraffic(run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL)
    if not service.launch_stage:
        service.launch_stage = launch_stage_pb2.LaunchStage.GA
    serving = serving_container(template.containers)
    if not serving.ports:
        serving.ports = [run_v2.ContainerPort(name="http1", container_port=DEFAULT_PORT)]
    for container in template.containers:
        if not container.resources.limits and not container.resources.cpu_idle:
            container.resources.cpu_idle = True
        limits = {"cpu": "1000m", "memory": "512Mi", **container.resources.limits}
        container.resources.limits = limits
    if not serving.startup_probe:
        seconds = max(1, round(settings.startup_seconds))
        serving.startup_probe = run_v2.Probe(
            timeout_seconds=seconds,
            period_seconds=seconds,
            failure_threshold=1,
            tcp_socket=run_v2.TCPSocketAction(port=serving.ports[0].container_port),
        )
    if not service.traffic:
        latest = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
        service.traffic = [run_v2.TrafficTarget(type_=latest, percent=100)]


def serving_container(containers: Sequence[run_v2.Container]) -> run_v2.Container:
    """The container that requests go to: the one with a port, or the only one."""
    return next((container for container in containers if container.ports), containers[0])


def revision_id(name: ServiceName, number: int, template: run_v2.RevisionTemplate) -> str:
    """The revision's short name: the one asked for, or `SERVICE-00001-abc`."""
    if template.revision:
        return template.revision.rpartition("/")[2]
    return f"{name.id}-{number:05d}-{''.join(random.SystemRandom().choices(_SUFFIX, k=3))}"


def make_revision(name: ServiceName, id: str, service: run_v2.Service) -> run_v2.Revision:
    """A revision of the service's template, with no condition yet."""
    template = service.template
    now = datetime.now(UTC)
    made = run_v2.Revision(
        name=name.revision(id),
        uid=str(uuid.uuid4()),
        generation=1,
        observed_generation=1,
        labels={**service.labels, **template.labels},
        annotations=template.annotations,
        create_time=now,
        update_time=now,
        launch_stage=service.launch_stage,
        service=name.id,
        max_instance_request_concurrency=template.max_instance_request_concurrency,
        timeout=template.timeout,
        service_account=template.service_account,
        containers=template.containers,
        volumes=template.volumes,
        execution_environment=template.execution_environment,
        encryption_key=template.encryption_key,
        session_affinity=template.session_affinity,
        reconciling=True,
        creator=service.last_modifier,
        log_uri=log_uri(name, id),
        etag=f'"{uuid.uuid4().hex[:20]}"',
    )
    # Messages that are absent stay absent.
    for field in ("scaling", "vpc_access", "service_mesh", "node_selector"):
        if field in template:
            setattr(made, field, getattr(template, field))
    return made


def log_uri(name: ServiceName, revision: str) -> str:
    """Where Cloud Run's console would show the revision's log."""
    query = (
        "resource.type%3D%22cloud_run_revision%22%0Aresource.labels.service_name%3D%22"
        f"{name.id}%22%0Aresource.labels.revision_name%3D%22{revision}%22"
    )
    project = name.location.project
    return f"https://console.cloud.google.com/logs/viewer?project={project}&resource=cloud_run_revision&advancedFilter={query}"
