"""A service in Knative's form, as `gcloud run deploy` and `gcloud run services replace` send it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from google.cloud import run_v2

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.rest.knative import LOCATION

Json = dict[str, Any]

_INGRESS = {
    "all": run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL,
    "internal": run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY,
    "internal-and-cloud-load-balancing": run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER,
}
_EGRESS = {
    "all-traffic": run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC,
    "all": run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC,
    "private-ranges-only": run_v2.VpcAccess.VpcEgress.PRIVATE_RANGES_ONLY,
}
_GENERATIONS = {
    "gen1": run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN1,
    "gen2": run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2,
}
_Allocation = run_v2.TrafficTargetAllocationType
_OURS = ("serving.knative.dev/", "run.googleapis.com/ingress", "run.googleapis.com/operation-id",
         "run.googleapis.com/urls", "run.googleapis.com/invoker-iam-disabled")  # fmt: skip
_SQL_VOLUME = "cloudsql"


def read_service(document: Json) -> run_v2.Service:
    """The service that a document describes; RefusedError where it describes none."""
    try:
        return _service(document)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise RefusedError(
            "INVALID_ARGUMENT", f"The service cannot be read: {type(error).__name__}: {error}"
        ) from error


def _service(document: Json) -> run_v2.Service:
    metadata, spec = document["metadata"], document["spec"]
    annotations = metadata.get("annotations") or {}
    labels = metadata.get("labels") or {}
    template = spec["template"]
    return run_v2.Service(
        labels={name: value for name, value in labels.items() if name != LOCATION},
        annotations={name: value for name, value in annotations.items() if not name.startswith(_OURS)},
        ingress=_INGRESS[annotations.get("run.googleapis.com/ingress", "all")],
        invoker_iam_disabled=annotations.get("run.googleapis.com/invoker-iam-disabled") == "true",
        template=_template(template.get("metadata") or {}, template["spec"]),
        traffic=[_target(target) for target in spec.get("traffic") or []],
    )


def _template(metadata: Json, spec: Json) -> run_v2.RevisionTemplate:
    notes: Json = dict(metadata.get("annotations") or {})
    scaling = run_v2.RevisionScaling(
        max_instance_count=int(notes.pop("autoscaling.knative.dev/maxScale", 0)),
        min_instance_count=int(notes.pop("autoscaling.knative.dev/minScale", 0)),
    )
    connector = notes.pop("run.googleapis.com/vpc-access-connector", "")
    egress = notes.pop("run.googleapis.com/vpc-access-egress", "")
    sql = notes.pop("run.googleapis.com/cloudsql-instances", "")
    boost = notes.pop("run.googleapis.com/startup-cpu-boost", "") == "true"
    idle = notes.pop("run.googleapis.com/cpu-throttling", "true") == "true"
    environment = notes.pop("run.googleapis.com/execution-environment", "")
    volumes = [_volume(volume) for volume in spec.get("volumes") or []]
    if sql:
        instances = run_v2.CloudSqlInstance(instances=sql.split(","))
        volumes.append(run_v2.Volume(name=_SQL_VOLUME, cloud_sql_instance=instances))
    made = run_v2.RevisionTemplate(
        revision=metadata.get("name", ""),
        labels=metadata.get("labels") or {},
        annotations=notes,
        timeout=timedelta(seconds=spec["timeoutSeconds"]) if spec.get("timeoutSeconds") else None,
        service_account=spec.get("serviceAccountName", ""),
        containers=[_container(container, idle, boost) for container in spec["containers"]],
        volumes=volumes,
        max_instance_request_concurrency=spec.get("containerConcurrency", 0),
    )
    if scaling:
        made.scaling = scaling
    if connector or egress:
        made.vpc_access = run_v2.VpcAccess(connector=connector, egress=_EGRESS.get(egress, 0))
    if environment:
        made.execution_environment = run_v2.ExecutionEnvironment(_GENERATIONS[environment])
    return made


def _container(container: Json, idle: bool, boost: bool) -> run_v2.Container:
    made = run_v2.Container(
        name=container.get("name", ""),
        image=container.get("image", ""),
        command=container.get("command") or [],
        args=container.get("args") or [],
        working_dir=container.get("workingDir", ""),
        env=[_variable(variable) for variable in container.get("env") or []],
        ports=[
            run_v2.ContainerPort(name=port.get("name", "http1"), container_port=port["containerPort"])
            for port in container.get("ports") or []
        ],
        resources=run_v2.ResourceRequirements(
            limits=(container.get("resources") or {}).get("limits") or {}, cpu_idle=idle, startup_cpu_boost=boost
        ),
        volume_mounts=[
            run_v2.VolumeMount(name=mount["name"], mount_path=mount["mountPath"])
            for mount in container.get("volumeMounts") or []
        ],
    )
    if probe := container.get("startupProbe"):
        made.startup_probe = _probe(probe)
    if probe := container.get("livenessProbe"):
        made.liveness_probe = _probe(probe)
    return made


def _variable(variable: Json) -> run_v2.EnvVar:
    if source := variable.get("valueFrom"):
        reference = source["secretKeyRef"]
        selector = run_v2.SecretKeySelector(secret=reference["name"], version=reference["key"])
        return run_v2.EnvVar(name=variable["name"], value_source=run_v2.EnvVarSource(secret_key_ref=selector))
    return run_v2.EnvVar(name=variable["name"], value=variable.get("value", ""))


def _volume(volume: Json) -> run_v2.Volume:
    secret = volume["secret"]
    items = [run_v2.VersionToPath(version=item["key"], path=item["path"]) for item in secret.get("items") or []]
    return run_v2.Volume(
        name=volume["name"], secret=run_v2.SecretVolumeSource(secret=secret["secretName"], items=items)
    )


def _probe(probe: Json) -> run_v2.Probe:
    made = run_v2.Probe(
        initial_delay_seconds=probe.get("initialDelaySeconds", 0),
        timeout_seconds=probe.get("timeoutSeconds", 0),
        period_seconds=probe.get("periodSeconds", 0),
        failure_threshold=probe.get("failureThreshold", 0),
    )
    if http := probe.get("httpGet"):
        made.http_get = run_v2.HTTPGetAction(path=http.get("path", ""), port=http.get("port", 0))
    elif grpc := probe.get("grpc"):
        made.grpc = run_v2.GRPCAction(port=grpc.get("port", 0), service=grpc.get("service", ""))
    else:
        made.tcp_socket = run_v2.TCPSocketAction(port=(probe.get("tcpSocket") or {}).get("port", 0))
    return made


def _target(target: Json) -> run_v2.TrafficTarget:
    latest = bool(target.get("latestRevision")) or not target.get("revisionName")
    return run_v2.TrafficTarget(
        type_=_Allocation.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
        if latest
        else _Allocation.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION,
        revision="" if latest else target["revisionName"],
        percent=target.get("percent", 0),
        tag=target.get("tag", ""),
    )
