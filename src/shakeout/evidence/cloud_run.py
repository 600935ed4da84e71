"""
What Cloud Run's reasons mean: every one that its API can give for a condition, and every status of a call.

The names are those of `google.cloud.run.v2.Condition` (`CommonReason`, `RevisionReason`) and of `grpc.StatusCode`; a
test walks all of them. The target says which one it met, and the catalogue explains what is behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "image-not-found",
    "image-permission",
    "image-policy",
    "secret",
    "key",
    "network",
    "start",
    "quota",
    "capacity",
    "late",
    "permission",
    "credentials",
    "absent",
    "setting",
    "conflict",
    "platform",
    "unnamed",
    "unused",
    "waiting",
]
"""What a reason is about; each kind leads to one claim of the family `cloud-run`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`kind` is what it is about, `words` complete "the platform says that …"."""

    kind: Kind
    words: str


CONDITIONS: Mapping[str, Reason] = {
    # CommonReason
    "COMMON_REASON_UNDEFINED": Reason("unnamed", "something failed, without a reason of its own"),
    "UNKNOWN": Reason("unnamed", "something failed for a reason that it does not know"),
    "REVISION_FAILED": Reason("unnamed", "the revision failed"),
    "PROGRESS_DEADLINE_EXCEEDED": Reason("late", "the revision was not ready in the time that it may take"),
    "CONTAINER_MISSING": Reason("image-not-found", "there is no such image"),
    "CONTAINER_PERMISSION_DENIED": Reason("image-permission", "it may not read the image"),
    "CONTAINER_IMAGE_UNAUTHORIZED": Reason("image-policy", "a policy does not allow the image"),
    "CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED": Reason("image-policy", "the image could not be checked by policy"),
    "ENCRYPTION_KEY_PERMISSION_DENIED": Reason("key", "it may not use the encryption key"),
    "ENCRYPTION_KEY_CHECK_FAILED": Reason("key", "the encryption key could not be checked"),
    "SECRETS_ACCESS_CHECK_FAILED": Reason("secret", "a secret cannot be read"),
    "WAITING_FOR_OPERATION": Reason("waiting", "it waits for an operation"),
    "IMMEDIATE_RETRY": Reason("waiting", "it tries again at once"),
    "POSTPONED_RETRY": Reason("waiting", "it tries again later"),
    "INTERNAL": Reason("platform", "it met an error of its own"),
    "VPC_NETWORK_NOT_FOUND": Reason("network", "there is no such network"),
    # RevisionReason
    "REVISION_REASON_UNDEFINED": Reason("unnamed", "the revision failed, without a reason of its own"),
    "PENDING": Reason("waiting", "the revision is pending"),
    "RESERVE": Reason("unused", "the revision is held in reserve"),
    "RETIRED": Reason("unused", "the revision is retired"),
    "RETIRING": Reason("unused", "the revision is being retired"),
    "RECREATING": Reason("waiting", "the revision is being made anew"),
    "HEALTH_CHECK_CONTAINER_ERROR": Reason("start", "the container did not start and listen"),
    "CUSTOMIZED_PATH_RESPONSE_PENDING": Reason("start", "the path of the health check was not answered"),
    "MIN_INSTANCES_NOT_PROVISIONED": Reason("capacity", "the least number of instances could not be started"),
    "ACTIVE_REVISION_LIMIT_REACHED": Reason("quota", "there are as many active revisions as there may be"),
    "NO_DEPLOYMENT": Reason("unused", "the revision is not deployed"),
    "HEALTH_CHECK_SKIPPED": Reason("unused", "the health check was skipped"),
    "MIN_INSTANCES_WARMING": Reason("waiting", "the least number of instances is being started"),
}
"""Reasons of conditions."""

CALLS: Mapping[str, Reason] = {
    "OK": Reason("unnamed", "all is well"),
    "CANCELLED": Reason("platform", "the call was cancelled"),
    "UNKNOWN": Reason("unnamed", "the call failed for a reason that it does not know"),
    "INVALID_ARGUMENT": Reason("setting", "it does not accept a setting"),
    "DEADLINE_EXCEEDED": Reason("platform", "the call took too long"),
    "NOT_FOUND": Reason("absent", "something that the call names is not there"),
    "ALREADY_EXISTS": Reason("conflict", "what is to be made is there already"),
    "PERMISSION_DENIED": Reason("permission", "the account that deploys may not do this"),
    "UNAUTHENTICATED": Reason("credentials", "it does not accept the credentials"),
    "RESOURCE_EXHAUSTED": Reason("quota", "a quota is used up"),
    "FAILED_PRECONDITION": Reason("setting", "the service cannot be set so now"),
    "ABORTED": Reason("conflict", "somebody else changes the service at the same time"),
    "OUT_OF_RANGE": Reason("setting", "a setting is out of range"),
    "UNIMPLEMENTED": Reason("setting", "it does not know what is asked for"),
    "INTERNAL": Reason("platform", "it met an error of its own"),
    "UNAVAILABLE": Reason("platform", "it cannot be reached, or is overloaded"),
    "DATA_LOSS": Reason("platform", "it lost data"),
}
"""Statuses of calls to the API."""
