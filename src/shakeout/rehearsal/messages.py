"""
What Cloud Run says, word for word as far as it is publicly quoted.

Sources: Google's "Troubleshoot Cloud Run issues", "Configure container health checks", "Container runtime contract",
"Configure memory limits" and "Set request timeout" (cloud.google.com/run/docs), Knative Serving's error conditions
(knative/specs), and the messages that users quote in public issue trackers.
"""

from __future__ import annotations

_TROUBLESHOOTING = "https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"


def not_ready(revision: str, message: str) -> str:
    """What a service says whose new revision is not ready."""
    return f"Revision '{revision}' is not ready and cannot serve traffic. {message}"


def ready_changed(revision: str, ready: bool, message: str) -> str:
    """What the audit log says of a revision."""
    return f"Ready condition status changed to {ready} for Revision {revision} with message: {message}"


def not_listening(port: int, log_uri: str) -> str:
    """The container ended or did not listen in time."""
    return (
        "The user-provided container failed to start and listen on the port defined provided by the "
        f"PORT={port} environment variable within the allocated timeout. This can happen when the container port is "
        "misconfigured or if the timeout is too short. The health check timeout can be extended. Logs for this "
        f"revision might contain more information.\n\nLogs URL: {log_uri}\n"
        f"For more troubleshooting guidance, see {_TROUBLESHOOTING}"
    )


def probe_failed(log_uri: str) -> str:
    """A startup probe that the template asked for did not succeed."""
    return (
        "The user-provided container failed the configured startup probe checks. Logs for this revision might contain "
        f"more information.\n\nLogs URL: {log_uri}\nFor more troubleshooting guidance, see {_TROUBLESHOOTING}"
    )


def image_missing(image: str) -> str:
    return f"Image '{image}' not found."


def image_denied(agent: str, image: str) -> str:
    """The service agent may not read the image."""
    return (
        f"Google Cloud Run Service Agent {agent} must have permission to read the image, {image}. Ensure that the "
        "provided container image URL is correct and that the above account has permission to access the image. If you "
        "just enabled the Cloud Run API, the permissions might take a few minutes to propagate."
    )


def secret_denied(secret: str, account: str) -> str:
    return (
        f"Permission denied on secret: {secret} for Revision service account {account}. The service account used must "
        "be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, "
        "project or higher level."
    )


def secret_missing(secret: str) -> str:
    return f"Secret {secret} was not found"


def network_missing(name: str) -> str:
    return (
        f"VPC connector or network {name} does not exist, or Cloud Run does not have permission to use it. Read more "
        "at https://cloud.google.com/run/docs/configuring/vpc-connectors"
    )


def permission_denied(permission: str, resource: str) -> str:
    return f"Permission '{permission}' denied on resource '{resource}' (or resource may not exist)."


def act_as_denied(account: str) -> str:
    return f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."


def quota_exceeded(kind: str, api: str, project_number: str) -> str:
    """`kind` is `Read` or `Write`, `api` is `run` or `logging`."""
    return (
        f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute per region' of "
        f"service '{api}.googleapis.com' for consumer 'project_number:{project_number}'."
    )


def not_executable(detail: str) -> str:
    """The command could not be executed at all."""
    return f"Application failed to start: {detail}"


def revision_missing(revision: str) -> str:
    return f'Revision "{revision}" referenced in traffic not found.'


def probe_succeeded(title: str, about: str, attempts: int) -> str:
    return f"{title} succeeded after {attempts} attempt{'s' if attempts > 1 else ''} {about}."


def startup_failed(title: str, about: str, failures: int, status: str) -> str:
    times = "1 time" if failures == 1 else f"{failures} times"
    return (
        f"{title} failed {times} consecutively {about}. The instance was not started.\n"
        f"Connection failed with status {status}."
    )


def liveness_failed(title: str, about: str, failures: int) -> str:
    times = "1 time" if failures == 1 else f"{failures} times"
    return f"{title} failed {times} consecutively {about}. The instance has been shut down."


def exited(status: int) -> str:
    return f"Container called exit({status})."


def killed(signal: int) -> str:
    return f"Uncaught signal: {signal}, pid=1, tid=1, fault_addr=0."


def over_memory(limit: int, used: int) -> str:
    """Bytes in, MiB out."""
    return (
        f"Memory limit of {limit // 2**20} MiB exceeded with {used // 2**20} MiB used. Consider increasing the memory "
        "limit, see https://cloud.google.com/run/docs/configuring/memory-limits"
    )


STARTING = {
    "AUTOSCALING": (
        "Starting new instance. Reason: AUTOSCALING - Instance started due to configured scaling factors (e.g. CPU "
        "utilization, request throughput, etc.) or no existing capacity for current traffic."
    ),
    "DEPLOYMENT_ROLLOUT": (
        "Starting new instance. Reason: DEPLOYMENT_ROLLOUT - Instance started due to traffic shifting between "
        "revisions due to deployment, traffic split adjustment, or deployment health check."
    ),
    "MIN_INSTANCES": (
        "Starting new instance. Reason: MIN_INSTANCES - Instance started due to minimum instances configuration."
    ),
}

TIMED_OUT = (
    "The request has been terminated because it has reached the maximum request timeout. To change this limit, see "
    "https://cloud.google.com/run/docs/configuring/request-timeout"
)
MALFORMED = (
    "The request failed because either the HTTP response was malformed or connection to the instance had an error."
)
NO_INSTANCE = "The request was aborted because there was no available instance."
NOT_STARTED = (
    "The request failed because the instance failed the readiness check. Additional troubleshooting documentation can "
    "be found at: https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"
)
NOT_AUTHENTICATED = (
    "The request was not authenticated. Either allow unauthenticated invocations or set the proper Authorization "
    "header. Read more at https://cloud.google.com/run/docs/securing/authenticating"
)
TRUNCATED = (
    "Truncated response body. Usually implies that the request timed out or the application exited before the response "
    "was finished."
)
