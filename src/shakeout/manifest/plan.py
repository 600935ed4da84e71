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

    `command` and `environment` are complete and resolved, except `${port}`, `${data}` and `${services.NAME.url}` style
    references, which stay as they are until the target knows them: both are templates, to be finished by
    `interpolation.resolve_late`. `secret_environment` maps variables to final secret values (no templates) and never
    leaves memory; `secret_references` maps variables to names in the platform's secret manager. `needs` are services,
    `backing_needs` backing services. `at` is the service's line in the manifest, `setting_at` the
    line of each variable and setting by dotted name (`environment.PORT`, `pin`, `run`).
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
    backing_needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_references: Mapping[str, str] = field(default_factory=dict)
    start: Start = field(default_factory=Start)
    required: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    at: Locator | None = None
    setting_at: Mapping[str, Locator] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackingServicePlan:
    """
    One backing service as this environment has it.

    `url` is a template for `interpolation.resolve_late` and None where it is switched off or has no address. `at` is
    its own line; `setting_at` has the line of each setting by dotted name, and under `environment` the environment's
    line that declares it differently, where there is one.
    """

    name: str
    kind: str
    url: str | None = field(default=None, repr=False)
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
    the git work tree. `services` are in dependency order. `checks` are those that the manifest configures; texts in
    their options are templates where they hold `${`. `check_setting_at` has the line of each of their keys as
    `name.key`, `option_at` that of each of the environment's options by dotted name. `passed` are the caller's
    variables that the environment passes on. `secret_values` are for redaction only.
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
    check_setting_at: Mapping[str, Locator] = field(default_factory=dict)
    environment_at: Locator | None = None
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    option_at: Mapping[str, Locator] = field(default_factory=dict)
    passed: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_values: tuple[str, ...] = field(default=(), repr=False)

    def service(self, name: str) -> ServicePlan:
        """The service called `name`; KeyError where there is none."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)
