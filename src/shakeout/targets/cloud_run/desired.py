"""A service as the manifest wants it, as the message that Cloud Run's API takes. Pure: no call is made here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from google.cloud import run_v2
from google.protobuf.duration_pb2 import Duration

from shakeout.manifest.interpolation import LateValues, resolve_late
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.cloud_run.names import cloud_name, environment_options, labels_of, secret_version, service_options
from shakeout.targets.cloud_run.options import DEFAULT_PORT, Probe, ServiceOptions, Vpc

_INGRESS: Mapping[str, Any] = {
    "all": run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL,
    "internal": run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY,
    "internal-and-load-balancing": run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER,
}
_EGRESS: Mapping[str, Any] = {
    "all": run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC,
    "private-ranges": run_v2.VpcAccess.VpcEgress.PRIVATE_RANGES_ONLY,
}
_GENERATION: Mapping[str, Any] = {
    "gen1": run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN1,
    "gen2": run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2,
}
_SOCKETS = "cloudsql"
_LONGEST_START = 240


def desired_service(
    plan: Plan,
    service: ServicePlan,
    *,
    revision: str,
    release: str,
    addresses: Mapping[str, str],
    there: run_v2.Service | None = None,
) -> run_v2.Service:
    """
    The service with a new revision called `revision`; what the manifest does not say stays as it is in `there`.

    `addresses` are those of the plan's services. Traffic is left as it is. Raises DeploymentError where a variable asks
    for what is not known.
    """
    environment, options = environment_options(plan), service_options(service)
    labels = labels_of(plan, service, release, environment)
    wanted = run_v2.Service()
    if there is not None:
        wanted = run_v2.Service(there)
    wanted.labels = {**wanted.labels, **labels}
    wanted.client = "shakeout"
    if options.ingress is not None:
        wanted.ingress = _INGRESS[options.ingress]
    public = options.public if options.public is not None else environment.public
    if public is not None:
        wanted.invoker_iam_disabled = public
    template = wanted.template
    template.revision = revision
    template.labels = {**template.labels, **labels}
    _scale(template, options)
    account = options.service_account or environment.service_account
    if account is not None:
        template.service_account = account
    vpc = options.vpc or environment.vpc
    if vpc is not None:
        template.vpc_access = _vpc(vpc)
    containers = list(template.containers) or [run_v2.Container()]
    main = next((one for one in containers if one.ports), containers[0])
    _container(main, service, options, plan, addresses)
    if options.cloud_sql:
        _sockets(template, main, options.cloud_sql)
    template.containers = containers
    return wanted


def container_port(service: ServicePlan) -> int:
    """The port that the platform asks."""
    return service.port or DEFAULT_PORT


def service_name_of(plan: Plan, service: ServicePlan) -> str:
    """What the plan's service is called on Cloud Run."""
    return cloud_name(service, environment_options(plan))


def _scale(template: run_v2.RevisionTemplate, options: ServiceOptions) -> None:
    if options.min_instances is not None:
        template.scaling.min_instance_count = options.min_instances
    if options.max_instances is not None:
        template.scaling.max_instance_count = options.max_instances
    if options.concurrency is not None:
        template.max_instance_request_concurrency = options.concurrency
    if options.timeout is not None:
        template.timeout = Duration(seconds=math.ceil(options.timeout))
    if options.execution_environment is not None:
        template.execution_environment = _GENERATION[options.execution_environment]
    if options.session_affinity is not None:
        template.session_affinity = options.session_affinity


def _container(
    container: run_v2.Container, service: ServicePlan, options: ServiceOptions, plan: Plan, addresses: Mapping[str, str]
) -> None:
    port = container_port(service)
    values = LateValues(port=port, services=addresses)
    container.image = service.image or ""
    words = [] if options.image_command else [resolve_late(word, values) for word in service.command]
    container.command, container.args = words[:1], words[1:]
    container.ports = [run_v2.ContainerPort(name="http1", container_port=port)]
    plain = [
        run_v2.EnvVar(name=name, value=resolve_late(text, values))
        for name, text in service.environment.items()
        if name != "PORT"  # the platform sets it, and refuses to be told
    ]
    secret = [
        run_v2.EnvVar(
            name=name,
            value_source=run_v2.EnvVarSource(
                secret_key_ref=run_v2.SecretKeySelector(
                    secret=secret_version(reference).secret, version=secret_version(reference).version
                )
            ),
        )
        for name, reference in service.secret_references.items()
    ]
    container.env = [*plain, *secret]
    limits = dict(container.resources.limits)
    limits |= {name: value for name, value in (("cpu", options.cpu), ("memory", options.memory)) if value is not None}
    container.resources.limits = limits
    if options.cpu_always is not None:
        container.resources.cpu_idle = not options.cpu_always
    if options.startup_boost is not None:
        container.resources.startup_cpu_boost = options.startup_boost
    if options.startup_probe is not None:
        container.startup_probe = _probe(options.startup_probe, port)
    elif "start.deadline" in service.setting_at:
        seconds = max(1, min(_LONGEST_START, math.ceil(service.start.deadline)))
        container.startup_probe = _probe(Probe(period=1, timeout=1, failures=seconds), port)
    if options.liveness_probe is not None:
        container.liveness_probe = _probe(options.liveness_probe, port)


def _probe(probe: Probe, port: int) -> run_v2.Probe:
    made = run_v2.Probe(
        initial_delay_seconds=probe.delay,
        period_seconds=probe.period,
        timeout_seconds=min(probe.timeout, probe.period),
        failure_threshold=probe.failures,
    )
    if probe.path is not None:
        made.http_get = run_v2.HTTPGetAction(path=probe.path, port=port)
    else:
        made.tcp_socket = run_v2.TCPSocketAction(port=port)
    return made


def _vpc(vpc: Vpc) -> run_v2.VpcAccess:
    made = run_v2.VpcAccess(egress=_EGRESS[vpc.egress])
    if vpc.connector is not None:
        made.connector = vpc.connector
    if vpc.network is not None or vpc.subnetwork is not None:
        interface = run_v2.VpcAccess.NetworkInterface(
            network=vpc.network or "", subnetwork=vpc.subnetwork or "", tags=vpc.tags
        )
        made.network_interfaces = [interface]
    return made


def _sockets(template: run_v2.RevisionTemplate, container: run_v2.Container, instances: list[str]) -> None:
    """The Cloud SQL instances, each as a socket below `/cloudsql`."""
    others = [volume for volume in template.volumes if volume.name != _SOCKETS]
    volume = run_v2.Volume(name=_SOCKETS, cloud_sql_instance=run_v2.CloudSqlInstance(instances=instances))
    template.volumes = [*others, volume]
    mounts = [mount for mount in container.volume_mounts if mount.name != _SOCKETS]
    container.volume_mounts = [*mounts, run_v2.VolumeMount(name=_SOCKETS, mount_path="/cloudsql")]
