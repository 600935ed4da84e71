"""How bad an event of Kubernetes is: its type says only `Normal` or `Warning`; shared by formats, itself none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.values import severity

_REPLICA = re.compile(r"-[a-f0-9]{6,10}-[a-z0-9]{5}\Z")
_FAILURES = frozenset({
    "BackOff", "CrashLoopBackOff", "Failed", "FailedAttachVolume", "FailedCreate", "FailedCreatePodSandBox",
    "FailedMount", "FailedPostStartHook", "FailedScheduling", "InspectFailed", "ErrImageNeverPull", "ErrImagePull",
    "ImagePullBackOff", "InvalidImageName", "OOMKilling", "Evicted", "BackoffLimitExceeded", "DeadlineExceeded",
    "ProgressDeadlineExceeded", "FailedKillPod", "NetworkNotReady",
})  # fmt: skip
"""Reasons for which something does not run. A probe that failed (`Unhealthy`) may pass the next time."""


_PROBED = re.compile(r"\bfailed (?:startup|liveness) probe, will be restarted\b")


def of_event(kind: object, reason: object, message: str = "") -> Severity | None:
    """
    The severity of an event by its type, its reason and its text; None where the type is none of an event's.

    That a container is ended for its probe is a `Normal` event of Kubernetes.
    """
    level = severity(kind)
    if reason == "Killing" and _PROBED.search(message) is not None:
        return Severity.ERROR
    if level is Severity.WARNING and reason in _FAILURES:
        return Severity.ERROR
    return level


def workload(about: str) -> str | None:
    """What runs the pod that an event is about (`pod/web-6d4cf56db6-x2x9v`), where the pod's name says it."""
    kind, _, name = about.rpartition("/")
    found = _REPLICA.sub("", name)
    return found if kind.lower() in {"pod", "po", "pods"} and found != name else None


_SETTLES = {"FailedScheduling": {"Scheduled", "Pulled", "Started"}}
_STARTS = frozenset({"Started"})
_AGE = re.compile(r"(\d{1,6})([dhms])")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def settled(entries: Sequence[LogEntry]) -> list[LogEntry]:
    """The events, those failures as warnings only after which the same object went on: it was started later."""
    return [
        replace(entry, severity=Severity.WARNING)
        if entry.severity is Severity.ERROR and any(_after(entry, other) for other in entries)
        else entry
        for entry in entries
    ]


def _after(failed: LogEntry, other: LogEntry) -> bool:
    """Whether an event says that what failed went on later, by the ages of both."""
    reason = failed.fields.get("reason")
    if other.labels.get("object") != failed.labels.get("object"):
        return False
    if other.fields.get("reason") not in _SETTLES.get(str(reason), _STARTS):
        return False
    mine, theirs = _age(failed), _age(other)
    return mine is not None and theirs is not None and theirs < mine


def _age(entry: LogEntry) -> int | None:
    """How many seconds ago an event was last seen: `70s (x20 over 6m)`, `3h12m`."""
    found = _AGE.findall(str(entry.fields.get("age", "")).partition(" ")[0])
    return sum(int(number) * _SECONDS[unit] for number, unit in found) if found else None
