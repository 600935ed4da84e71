"""A plan: the manifest, one environment and one commit, with everything resolved. Plain values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shakeout.evidence.model import Locator
from shakeout.manifest.model import Build, CheckSpec, Health, Start, Version


@dataclass(frozen=True, kw_only=True, slots=True)
class ServicePlan:
    """
    One service as it is to be deployed.

    `environment` is complete and resolved, except `${port}` and `${services.NAME.url}` style references, which stay
    as they are until the target knows addresses; `secret_environment` maps variables to secret values and never leaves
    memory. `at` is the service's line in the manifest, `setting_at` the line of each variable and setting by dotted
    name (`environment.PORT`, `pin`, `run`).
    """

    name: str
    command: tuple[str, ...]
    path: str
    commit: str
    pinned: bool = False
    build: Build | None = None
    image: str | None = None
    url: str | None = None
    port: int | None = None
    health: Health | None = None
    version: Version | None = None
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    start: Start = field(default_factory=Start)
    required: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    at: Locator | None = None
    setting_at: Mapping[str, Locator] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackingServicePlan:
    """One backing service as this environment has it."""

    name: str
    kind: str
    url: str | None = None
    image: str | None = None
    disabled: bool = False
    required: bool = True
    reported_by: str | None = None
    reported_as: str | None = None
    at: Locator | None = None
    setting_at: Mapping[str, Locator] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """
    What is to be deployed where.

    `commit` is the full hash; `dirty` means the working tree is deployed instead of it. `repository` is the folder of
    the git work tree. `services` are in dependency order. `secret_values` are for redaction only.
    """

    application: str
    environment: str
    target: str
    repository: str
    manifest_path: str
    commit: str
    dirty: bool
    services: tuple[ServicePlan, ...]
    backing_services: tuple[BackingServicePlan, ...] = ()
    checks: Mapping[str, CheckSpec] = field(default_factory=dict)
    check_at: Mapping[str, Locator] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    secret_values: tuple[str, ...] = field(default=(), repr=False)

    def service(self, name: str) -> ServicePlan:
        """The service called `name`; KeyError where there is none."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)
