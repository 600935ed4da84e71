"""Services and revisions as version 1 of the API writes them, in Knative's form: what `gcloud run` reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.cloud import run_v2

Json = dict[str, Any]

GROUP = "serving.knative.dev/v1"
LOCATION = "cloud.googleapis.com/location"

_State = run_v2.Condition.State
_STATUS = {_State.CONDITION_SUCCEEDED: "True", _State.CONDITION_FAILED: "False"}
_INGRESS = {
    run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL: "all",
    run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY: "internal",
    run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER: "internal-and-cloud-load-balancing",
}
_EGRESS = {
    run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC: "all-traffic",
    run_v2.VpcAccess.VpcEgress.PRIVATE_RANGES_ONLY: "private-ranges-only",
}
_LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST


def service_json(service: run_v2.Service) -> Json:
    """One service."""
    annotations = {
        **service.annotations,
        "serving.knative.dev/creator": service.creator,
        "serving.knative.dev/lastModifier": service.last_modifier,
        "run.googleapis.com/ingress": _INGRESS.get(service.ingress, "all"),
        "run.googleapis.com/ingress-status": _INGRESS.get(service.ingress, "all"),
        **({"run.googleapis.com/invoker-iam-disabled": "true"} if service.invoker_iam_disabled else {}),
    }
    status = {
        "observedGeneration": service.observed_generation,
        "conditions": _conditions([service.terminal_condition, *service.conditions]),
        "latestReadyRevisionName": _short(service.latest_ready_revision),
        "latestCreatedRevisionName": _short(service.latest_created_revision),
        "traffic": [_target(target, service) for target in service.traffic_statuses],
        "url": service.uri,
        "address": {"url": service.uri},
    }
    return {
        "apiVersion": GROUP,
        "kind": "Service",
        "metadata": _metadata(service, service.labels, annotations),
        "spec": {
            "template": _template(service.template),
            "traffic": [_target(target, None) for target in service.traffic],
        },
        "status": _full(status),
    }


def revision_json(revision: run_v2.Revision) -> Json:
    """One revision."""
    owner = {"serving.knative.dev/service": revision.service, "serving.knative.dev/configuration": revision.service}
    annotations = {**_template_annotations(revision), "serving.knative.dev/creator": revision.creator}
    metadata = _metadata(revision, {**revision.labels, **owner}, annotations)
    status = {
        "observedGeneration": revision.observed_generation,
        "conditions": _conditions(revision.conditions),
        "logUrl": revision.log_uri,
        "imageDigest": revision.containers[0].image if "@" in revision.containers[0].image else "",
    }
    return {
        "apiVersion": GROUP,
        "kind": "Revision",
        "metadata": metadata,
        "spec": _spec(revision, revision.max_instance_request_concurrency),
        "status": _full(status),
    }


def list_json(kind: str, items: Iterable[Json]) -> Json:
    """Several of one kind, `Service` for example."""
    return {"apiVersion": GROUP, "kind": f"{kind}List", "metadata": {}, "items": list(items)}


def _metadata(message: Any, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Json:
    _, project, _, region = message.name.split("/")[:4]
    return {
        "name": _short(message.name),
        "namespace": project,
        "uid": message.uid,
        "resourceVersion": message.etag,
        "generation": message.generation,
        "creationTimestamp": _time(message.create_time),
        "labels": {**labels, LOCATION: region},
        "annotations": dict(annotations),
    }


def _template(template: run_v2.RevisionTemplate) -> Json:
    metadata: Json = {"labels": dict(template.labels), "annotations": _template_annotations(template)}
    if template.revision:
        metadata["name"] = _short(template.revision)
    return {"metadata": metadata, "spec": _spec(template, template.max_instance_request_concurrency)}


def _template_annotations(message: Any) -> Json:
    """What version 1 keeps in annotations: scaling, VPC, Cloud SQL, CPU."""
    found: Json = dict(message.annotations)
    if message.scaling.max_instance_count:
        found["autoscaling.knative.dev/maxScale"] = str(message.scaling.max_instance_count)
    if message.scaling.min_instance_count:
        found["autoscaling.knative.dev/minScale"] = str(message.scaling.min_instance_count)
    if message.vpc_access.connector:
        found["run.googleapis.com/vpc-access-connector"] = message.vpc_access.connector
    if message.vpc_access.egress:
        found["run.googleapis.com/vpc-access-egress"] = _EGRESS[message.vpc_access.egress]
    if sql := [name for volume in message.volumes for name in volume.cloud_sql_instance.instances]:
        found["run.googleapis.com/cloudsql-instances"] = ",".join(sql)
    resources = message.containers[0].resources
    found["run.googleapis.com/startup-cpu-boost"] = "true" if resources.startup_cpu_boost else "false"
    if not resources.cpu_idle:
        found["run.googleapis.com/cpu-throttling"] = "false"
    if message.execution_environment:
        found["run.googleapis.com/execution-environment"] = message.execution_environment.name.rpartition("_")[
            2
        ].lower()
    return found


def _spec(message: Any, concurrency: int) -> Json:
    return _full(
        {
            "containerConcurrency": concurrency,
            "timeoutSeconds": int(message.timeout.total_seconds()) if message.timeout else 0,
            "serviceAccountName": message.service_account,
            "containers": [_container(container) for container in message.containers],
            "volumes": [_volume(volume) for volume in message.volumes if "secret" in volume],
        }
    )


def _container(container: run_v2.Container) -> Json:
    return _full(
        {
            "name": container.name,
            "image": container.image,
            "command": list(container.command),
            "args": list(container.args),
            "workingDir": container.working_dir,
            "env": [_variable(variable) for variable in container.env],
            "ports": [{"name": port.name, "containerPort": port.container_port} for port in container.ports],
            "resources": {"limits": dict(container.resources.limits)},
            "volumeMounts": [{"name": mount.name, "mountPath": mount.mount_path} for mount in container.volume_mounts],
            "startupProbe": _probe(container.startup_probe) if "startup_probe" in container else None,
            "livenessProbe": _probe(container.liveness_probe) if "liveness_probe" in container else None,
        }
    )


def _variable(variable: run_v2.EnvVar) -> Json:
    reference = variable.value_source.secret_key_ref
    if reference:
        return {
            "name": variable.name,
            "valueFrom": {"secretKeyRef": {"name": _short(reference.secret), "key": reference.version}},
        }
    return {"name": variable.name, "value": variable.value}


def _volume(volume: run_v2.Volume) -> Json:
    items = [{"key": item.version, "path": item.path} for item in volume.secret.items]
    return {"name": volume.name, "secret": _full({"secretName": _short(volume.secret.secret), "items": items})}


def _probe(probe: run_v2.Probe) -> Json:
    found: Json = {
        "initialDelaySeconds": probe.initial_delay_seconds,
        "timeoutSeconds": probe.timeout_seconds or 1,
        "periodSeconds": probe.period_seconds or 10,
        "failureThreshold": probe.failure_threshold or 3,
    }
    if "http_get" in probe:
        found["httpGet"] = _full({"path": probe.http_get.path or "/", "port": probe.http_get.port})
    elif "grpc" in probe:
        found["grpc"] = _full({"port": probe.grpc.port, "service": probe.grpc.service})
    else:
        found["tcpSocket"] = {"port": probe.tcp_socket.port}
    return found


def _target(target: Any, service: run_v2.Service | None) -> Json:
    """A target of the traffic; with the service, as its status tells it."""
    latest = target.type_ == _LATEST
    found: Json = {"percent": target.percent, "tag": target.tag, "revisionName": _short(target.revision)}
    if latest:
        found["latestRevision"] = True
        found["revisionName"] = _short(service.latest_ready_revision) if service else ""
    if service:
        found["url"] = target.uri
    return _full(found)


def _conditions(conditions: Iterable[run_v2.Condition]) -> list[Json]:
    found = []
    for one in conditions:
        reason = one.revision_reason.name if one.revision_reason else one.reason.name if one.reason else ""
        words = "".join(word.capitalize() for word in reason.split("_"))
        status = _STATUS.get(one.state, "Unknown")
        found.append(
            _full(
                {
                    "type": one.type_,
                    "status": status,
                    "reason": words,
                    "message": one.message,
                    "lastTransitionTime": _time(one.last_transition_time),
                }
            )
        )
    return found


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _time(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z" if moment else ""


def _full(values: Json) -> Json:
    """Without what is empty."""
    return {key: value for key, value in values.items() if value not in ("", None, [], {}, 0)}
