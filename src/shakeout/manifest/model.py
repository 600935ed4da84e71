"""
The manifest's schema.

`docs/reference/shakeout.yaml` is the annotated form of it: documentation, source of the published JSON Schema's
examples, and test fixture. Loading with file and line is in `loading.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
"""A length of time: a number of seconds, or text like `20s`, `500ms`, `2m` in the file."""


class Part(BaseModel):
    """A part of the manifest: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Start(Part):
    """How long a service may take to start, and how often it may be started again."""

    deadline: Seconds = 30.0
    restarts: Annotated[int, Field(ge=0, le=10)] = 0


class Health(Part):
    """Where a service says that it is well."""

    path: str = "/health"
    status: int = 200
    body: dict[str, Any] = Field(default_factory=dict)
    """Dotted JSON paths and the values expected there, for example `ready: true`."""


class Version(Part):
    """Where a service says which commit it was built from; the fields are dotted JSON paths in the answer."""

    path: str = "/version"
    commit: str = "commit"
    version: str = "version"
    protocol: str | None = None
    bundle: str | None = None
    """For a frontend: the address of a JSON document, served with the bundle, that names the bundle's commit."""


class Build(Part):
    """How the service's image is made, for targets that run images."""

    dockerfile: str = "Dockerfile"
    context: str = "."
    arguments: dict[str, str] = Field(default_factory=dict)
    target: str | None = None


class Service(Part):
    """A deployable unit of the application."""

    run: str | list[str] | None = None
    """The command; text is split as a shell would, and run without one."""
    path: str = "."
    """The folder it runs in, relative to the repository."""
    build: Build | None = None
    image: str | None = None
    url: str | None = None
    """Where it answers, where the target cannot know (a service that somebody else deploys)."""
    port: int | Literal["auto"] = "auto"
    """The port it listens on, given to it as `PORT`. `auto` takes a free one."""
    health: Health | None = None
    version: Version | None = None
    needs: list[Name] = Field(default_factory=list)
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    secrets: dict[EnvironmentName, Name] = Field(default_factory=dict)
    """Environment variable to the name of a secret in `secrets`."""
    start: Start = Start()
    required: bool = True
    pin: str | None = None
    """A git revision to deploy this service from, instead of the release's commit."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Settings of one target, for example `memory: 512Mi`; each target checks its own."""


class Secret(Part):
    """Where a secret's value comes from; never the value itself."""

    env: EnvironmentName | None = None
    file: str | None = None
    generate: bool = False
    """Made anew for each release, for local and container targets."""
    secret_manager: str | None = None


class BackingService(Part):
    """What a service needs and the team does not write."""

    kind: Literal["postgresql", "sqlite", "clickhouse", "redis", "http", "other"]
    url: str | None = None
    image: str | None = None
    disabled: bool = False
    """Switched off on purpose: what needs it is told so, and its checks are not asked."""
    reported_by: Name | None = None
    """The service whose health answer tells of it."""
    reported_as: str | None = None
    """Its name in that answer; by default its name here."""
    required: bool = True


class BackingServiceOverride(Part):
    url: str | None = None
    image: str | None = None
    disabled: bool | None = None
    required: bool | None = None


class ServiceOverride(Part):
    run: str | list[str] | None = None
    url: str | None = None
    port: int | Literal["auto"] | None = None
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    secrets: dict[EnvironmentName, Name] = Field(default_factory=dict)
    start: Start | None = None
    pin: str | None = None
    image: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Environment(Part):
    """One target plus its settings."""

    target: Literal["local", "container", "cloud-run", "command"] = "local"
    backing_services: dict[Name, BackingServiceOverride] = Field(default_factory=dict)
    services: dict[Name, ServiceOverride] = Field(default_factory=dict)
    checks: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    pass_environment: list[EnvironmentName] = Field(default_factory=list)
    """Variables of the caller that every service may see; nothing else leaks in."""


class CheckSpec(Part):
    """
    One configured check. `kind` chooses the module in `shakeout.checks`; the keys that belong to that kind are checked
    by its own options model and stand beside `kind` in the file.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str
    service: Name | None = None
    required: bool = True
    deadline: Seconds = 10.0
    disabled: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The keys that belong to the kind."""
        return dict(self.model_extra or {})


class Manifest(Part):
    """The whole of `shakeout.yaml`."""

    version: Literal[1] = 1
    application: Name
    services: dict[Name, Service] = Field(min_length=1)
    backing_services: dict[Name, BackingService] = Field(default_factory=dict)
    secrets: dict[Name, Secret] = Field(default_factory=dict)
    environments: dict[Name, Environment] = Field(min_length=1)
    checks: dict[Name, CheckSpec] = Field(default_factory=dict)
