"""Faults that a rehearsal can be told to have: what is refused, what is slow, what is not there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shakeout.errors import UsageError
from shakeout.manifest.durations import parse_duration
from shakeout.rehearsal import messages
from shakeout.rehearsal.answers import RefusedError

PERMISSIONS = {
    "CreateService": "run.services.create",
    "GetService": "run.services.get",
    "ListServices": "run.services.list",
    "UpdateService": "run.services.update",
    "DeleteService": "run.services.delete",
    "GetIamPolicy": "run.services.getIamPolicy",
    "SetIamPolicy": "run.services.setIamPolicy",
    "GetRevision": "run.revisions.get",
    "ListRevisions": "run.revisions.list",
    "DeleteRevision": "run.revisions.delete",
    "GetOperation": "run.operations.get",
    "WaitOperation": "run.operations.get",
    "ListLogEntries": "logging.logEntries.list",
    "WriteLogEntries": "logging.logEntries.create",
}
"""The permission that a call needs, as IAM's reference for Cloud Run and Cloud Logging says."""

ACT_AS = "iam.serviceaccounts.actAs"
KINDS = (
    "deny", "deny-secret", "deny-image", "no-image", "no-network", "no-secret", "quota", "unavailable", "slow",
    "operations",
)  # fmt: skip
_WRITES = frozenset({"CreateService", "UpdateService", "DeleteService", "SetIamPolicy", "DeleteRevision"})
_WORD = re.compile(r"([a-z-]+):([^\s]+?)(?::([0-9][0-9a-z.]*))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    """
    What goes wrong.

    `denied` are permissions that the caller has not (`run.services.create`, `iam.serviceaccounts.actAs`);
    `denied_secrets` and `denied_images` are names that the revision or the platform may not read; `missing_images`,
    `missing_networks` (VPC connectors too) and `missing_secrets` (`NAME`, or `NAME:VERSION`) are not there;
    `exhausted` are calls that are over their quota and `unavailable` calls that are not answered, each with how often
    (0: always); `slow` are seconds that a call takes longer, `operation_seconds` those that each change does.
    """

    denied: frozenset[str] = frozenset()
    denied_secrets: frozenset[str] = frozenset()
    denied_images: frozenset[str] = frozenset()
    missing_images: frozenset[str] = frozenset()
    missing_networks: frozenset[str] = frozenset()
    missing_secrets: frozenset[str] = frozenset()
    exhausted: Mapping[str, int] = field(default_factory=dict)
    unavailable: Mapping[str, int] = field(default_factory=dict)
    slow: Mapping[str, float] = field(default_factory=dict)
    operation_seconds: float = 0.0

    @classmethod
    def parse(cls, words: Iterable[str]) -> Faults:
        """
        From words such as `deny:run.services.create`, `deny-secret:NAME`, `deny-image:NAME`, `no-image:NAME`,
        `no-network:NAME`, `no-secret:NAME`, `no-secret:NAME:3`, `quota:CreateService`, `unavailable:GetService:3`,
        `slow:ListLogEntries:2s`, `operations:5s`.

        Raises UsageError.
        """
        found = cls()
        for word in words:
            match = _WORD.fullmatch(word)
            if not match or match[1] not in KINDS:
                raise _not_a_fault(word)
            found = _with(found, word, match[1], match[2], match[3])
        return found


class Guard:
    """Lets a rehearsal's calls through, or has them go wrong; it counts what happens a number of times only."""

    def __init__(self, faults: Faults, project_number: str) -> None:
        self._faults = faults
        self._number = project_number
        self._left = {(kind, name): count for kind, counts in
                      (("quota", faults.exhausted), ("unavailable", faults.unavailable))
                      for name, count in counts.items()}  # fmt: skip

    def around(self, method: str, answer: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        """The call with its faults."""

        async def guarded(request: Any) -> Any:
            await asyncio.sleep(self._faults.slow.get(method, 0.0))
            if self._strikes("unavailable", method):
                raise RefusedError("UNAVAILABLE", "The service is currently unavailable.")
            if self._strikes("quota", method):
                kind = "Write" if method in _WRITES else "Read"
                api = "logging" if method.endswith("LogEntries") else "run"
                raise RefusedError("RESOURCE_EXHAUSTED", messages.quota_exceeded(kind, api, self._number))
            permission = PERMISSIONS.get(method, "")
            if permission in self._faults.denied:
                raise RefusedError("PERMISSION_DENIED", messages.permission_denied(permission, _resource(request)))
            if ACT_AS in self._faults.denied and method in {"CreateService", "UpdateService"}:
                raise RefusedError("PERMISSION_DENIED", messages.act_as_denied(self._account(request)))
            return await answer(request)

        return guarded

    def _strikes(self, kind: str, method: str) -> bool:
        left = self._left.get((kind, method))
        if left is None:
            return False
        if left == 1:
            del self._left[kind, method]
        elif left:
            self._left[kind, method] = left - 1
        return True

    def _account(self, request: Any) -> str:
        account: str = request.service.template.service_account
        return account or f"{self._number}-compute@developer.gserviceaccount.com"


def _with(found: Faults, word: str, kind: str, name: str, amount: str | None) -> Faults:
    if kind in {"deny", "deny-secret", "deny-image", "no-image", "no-network", "no-secret"}:
        name = f"{name}:{amount}" if amount else name
        field_name = {"deny": "denied", "deny-secret": "denied_secrets", "deny-image": "denied_images",
                      "no-image": "missing_images", "no-network": "missing_networks",
                      "no-secret": "missing_secrets"}[kind]  # fmt: skip
        return replace(found, **{field_name: getattr(found, field_name) | {name}})
    try:
        if kind == "operations":
            return replace(found, operation_seconds=float(parse_duration(name)))
        if name not in PERMISSIONS:
            raise ValueError(name)
        if kind == "slow":
            return replace(found, slow={**found.slow, name: float(parse_duration(amount or ""))})
        if kind == "quota":
            return replace(found, exhausted={**found.exhausted, name: int(amount or 0)})
        return replace(found, unavailable={**found.unavailable, name: int(amount or 0)})
    except (ValueError, TypeError) as error:
        raise _not_a_fault(word) from error


def _not_a_fault(word: str) -> UsageError:
    return UsageError(
        "this is no fault that a rehearsal knows",
        expected="one such as deny:run.services.create, deny-secret:NAME, deny-image:NAME, no-image:NAME, "
        "no-network:NAME, no-secret:NAME, "
        "quota:CreateService, unavailable:GetService:3, slow:ListLogEntries:2s or operations:5s",
        seen=repr(word),
        hint=f"calls are {', '.join(PERMISSIONS)}",
    )


def _resource(request: Any) -> str:
    """What a call is about, as its refusal names it."""
    for name in ("name", "resource", "parent"):
        if found := getattr(request, name, ""):
            id = getattr(request, "service_id", "")
            return f"{found}/services/{id}" if id else str(found)
    if service := getattr(request, "service", None):
        return str(service.name)
    return ", ".join(getattr(request, "resource_names", ()))
