"""How bad an event of Kubernetes is: its type says only `Normal` or `Warning`; shared by formats, itself none."""

from __future__ import annotations

from shakeout.logs.entry import Severity
from shakeout.logs.values import severity

_FAILURES = frozenset({
    "BackOff", "CrashLoopBackOff", "Failed", "FailedAttachVolume", "FailedCreate", "FailedCreatePodSandBox",
    "FailedMount", "FailedPostStartHook", "FailedScheduling", "InspectFailed", "ErrImageNeverPull", "ErrImagePull",
    "ImagePullBackOff", "InvalidImageName", "OOMKilling", "Evicted", "BackoffLimitExceeded", "DeadlineExceeded",
    "ProgressDeadlineExceeded", "FailedKillPod", "NetworkNotReady",
})  # fmt: skip
"""Reasons for which something does not run. A probe that failed (`Unhealthy`) may pass the next time."""


def of_event(kind: object, reason: object) -> Severity | None:
    """The severity of an event by its type and reason; None where the type is none of an event's."""
    level = severity(kind)
    if level is Severity.WARNING and reason in _FAILURES:
        return Severity.ERROR
    return level
