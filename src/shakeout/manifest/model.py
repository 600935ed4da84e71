"""
The manifest's schema.

`docs/reference/shakeout.yaml` is the annotated form of it: documentation, source of the published JSON Schema's
examples, and test fixture. Loading with file and line is in `loading.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from shakeout.manifest.durations import DURATION_PATTERN, parse_duration
from shakeout.manifest.wording import Words

CHECK_KINDS = ("http", "database", "analytics", "auth", "websocket", "versions", "command", "browser")
"""The kinds that a check can have; each is a module of `shakeout.checks`."""


def within_repository(path: str) -> str:
    """`path` as it is; ValueError where it is empty, absolute or leads out of the repository."""
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise ValueError("not a path within the repository")
    return path


Name = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9-]{0,62}$"),
    Words("a name of at most 63 lower-case letters, digits and hyphens that begins with a letter"),
]
EnvironmentName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200),
    Words("a variable's name of letters, digits and underscores"),
]
Seconds = Annotated[
    float,
    BeforeValidator(parse_duration),
    Field(gt=0, le=86_400),
    Words("a length of time such as 20s, 500ms or 2m, more than 0 and at most 24h"),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}
    ),
]
"""A length of time: a number of seconds, or text like `20s`, `500ms`, `2m` in the file."""
Port = Annotated[int, Field(ge=1, le=65_535), Words("a port from 1 to 65535")]
Status = Annotated[int, Field(ge=100, le=599), Words("an HTTP status from 100 to 599")]
UrlPath = Annotated[str, Field(pattern=r"^/[^\s#]*$"), Words("a path that begins with /")]
Folder = Annotated[
    str,
    AfterValidator(within_repository),
    Words("a path within the repository, relative to it"),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
Command = Annotated[str | list[str], Words("a command as text or as a list of texts")]


class Part(BaseModel):
    """A part of the manifest: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Start(Part):
    """How long a service may take to start, and how often it may be started again."""

    deadline: Seconds = 30.0
    """The time until it has to be ready."""
    restarts: Annotated[int, Field(ge=0, le=10), Words("a whole number from 0 to 10")] = 0
    """How often a service that ends is started again; each restart is in the report."""


class Health(Part):
    """Where a service says that it is well."""

    path: UrlPath = "/health"
    """Where to ask, below the service's address."""
    status: Status = 200
    """The HTTP status that means well."""
    body: dict[str, Any] = Field(default_factory=dict)
    """Dotted JSON paths and the values expected there, for example `ready: true`."""


class Version(Part):
    """Where a service says which commit it was built from; the fields are dotted JSON paths in the answer."""

    path: UrlPath = "/version"
    """Where to ask, below the service's address."""
    commit: str = "commit"
    """The field that holds the commit that the running process was built from."""
    version: str = "version"
    """The field that holds the version."""
    protocol: str | None = None
    """The field that holds the version of the WebSocket protocol."""
    bundle: UrlPath | None = None
    """For a frontend: the address of a JSON document, served with the bundle, that names the bundle's commit."""


class Build(Part):
    """How the service's image is made, for targets that run images."""

    dockerfile: Folder = "Dockerfile"
    """Relative to the repository."""
    context: Folder = "."
    """The folder that the build may see, relative to the repository."""
    arguments: dict[EnvironmentName, str] = Field(default_factory=dict)
    """Build arguments; they end up in the image's history, so never a secret."""
    target: str | None = None
    """The stage to build, where the file has several."""
    upload: Literal["gcloud"] | None = None
    """What uploads the context, where it is built elsewhere: `gcloud` leaves out what `.gcloudignore` names."""


class Service(Part):
    """A deployable unit of the application."""

    run: Command | None = None
    """The command; text is split as a shell would, and run without one."""
    path: Folder = "."
    """The folder it runs in, relative to the repository."""
    build: Build | None = None
    """How its image is made."""
    image: str | None = None
    """An image that is there already."""
    url: str | None = None
    """Where it answers, where the target cannot know (a service that somebody else deploys)."""
    port: Port | Literal["auto"] = "auto"
    """The port it listens on, given to it as `PORT`. `auto` takes a free one."""
    health: Health | None = None
    """Where it says that it is well; `{}` takes the defaults."""
    version: Version | None = None
    """Where it says what it was built from; `{}` takes the defaults."""
    needs: list[Name] = Field(default_factory=list)
    """Services that have to be ready first, and backing services that it uses."""
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    """Its environment variables; nothing else reaches it, but what `secrets` and `pass_environment` say."""
    secrets: dict[EnvironmentName, Name] = Field(default_factory=dict)
    """Environment variable to the name of a secret in `secrets`."""
    start: Start = Start()
    """How long it may take to start."""
    required: bool = True
    """Whether the application is down without it."""
    pin: str | None = None
    """A git revision to deploy this service from, instead of the release's commit."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Settings of one target, for example `memory: 512Mi`; each target checks its own."""


class Secret(Part):
    """Where a secret's value comes from; never the value itself."""

    env: EnvironmentName | None = None
    """A variable of the caller."""
    file: str | None = None
    """A file of the caller, absolute or relative to the repository; spaces and newlines around it are taken off."""
    generate: bool = False
    """Made anew for each release, for targets local, container and command."""
    secret_manager: str | None = None
    """The platform's own name of the secret, for a target that has a secret manager."""


BackingKind = Literal["postgresql", "sqlite", "clickhouse", "redis", "http", "other"]


class BackingService(Part):
    """What a service needs and the team does not write."""

    kind: BackingKind
    """What it is."""
    url: str | None = None
    """Where it is; the word `disabled` switches it off as `disabled: true` does."""
    image: str | None = None
    """An image to run it from, for container targets."""
    disabled: bool = False
    """Switched off on purpose: what needs it is told so, and its checks are not asked."""
    reported_by: Name | None = None
    """The service whose health answer tells of it."""
    reported_as: str | None = None
    """Its name in that answer; by default its name here."""
    required: bool = True
    """Whether the application is down without it."""


class BackingServiceOverride(Part):
    """What is different about a backing service in one environment; another kind has none of the old addresses."""

    kind: BackingKind | None = None
    """Another kind, for example a file here and a server there."""
    url: str | None = None
    """Its address here; it switches a disabled one on."""
    image: str | None = None
    """The image to run it from here."""
    disabled: bool | None = None
    """Whether it is switched off here."""
    required: bool | None = None
    """Whether the application is down without it here."""


class ServiceOverride(Part):
    """What is different about a service in one environment; mappings are merged key by key."""

    run: Command | None = None
    """Another command."""
    url: str | None = None
    """Where it answers here; without `run` beside it, somebody else deploys it here."""
    port: Port | Literal["auto"] | None = None
    """Another port."""
    build: Build | None = None
    """How its image is made here."""
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    """Variables of this environment; one that was a secret is none here."""
    secrets: dict[EnvironmentName, Name] = Field(default_factory=dict)
    """Secrets of this environment; a variable of the same name goes."""
    start: Start | None = None
    """How long it may take to start here."""
    pin: str | None = None
    """A git revision to deploy it from here."""
    image: str | None = None
    """An image that is there already, for here."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Settings of the target."""


class Environment(Part):
    """One target plus its settings."""

    target: Literal["local", "container", "cloud-run", "command"] = "local"
    """Where the services run."""
    backing_services: dict[Name, BackingServiceOverride] = Field(default_factory=dict)
    """What is different about backing services here."""
    services: dict[Name, ServiceOverride] = Field(default_factory=dict)
    """What is different about services here."""
    secrets: dict[Name, Secret] = Field(default_factory=dict)
    """Where secrets come from here, instead of where `secrets` says."""
    checks: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """Checks of this environment only, and keys that are different here."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Settings of the target, for example `region: europe-west1`; each target checks its own."""
    pass_environment: list[EnvironmentName] = Field(default_factory=list)
    """Variables of the caller that every service may see; nothing else leaks in."""


class CheckSpec(Part):
    """
    One configured check. `kind` chooses the module in `shakeout.checks`; the keys that belong to that kind are checked
    by its own options model and stand beside `kind` in the file.
    """

    model_config = ConfigDict(extra="allow")

    kind: Annotated[
        str, Field(json_schema_extra={"enum": list(CHECK_KINDS)}), Words(f"one of {', '.join(CHECK_KINDS)}")
    ]
    """What is asked: one of the kinds of `shakeout.checks`."""
    service: Name | None = None
    """The service that is asked."""
    required: bool = True
    """Whether the run fails when the check does."""
    deadline: Seconds = 10.0
    """The time until there has to be an answer."""
    disabled: bool = False
    """Switches off a check, also one that follows from the manifest."""

    @property
    def options(self) -> dict[str, Any]:
        """The keys that belong to the kind."""
        return dict(self.model_extra or {})


class Manifest(Part):
    """The whole of `shakeout.yaml`."""

    version: Literal[1] = 1
    """The version of this format."""
    application: Name
    """What the application is called."""
    services: Annotated[dict[Name, Service], Words("a mapping with at least one service")] = Field(min_length=1)
    """The units that the team writes and deploys."""
    backing_services: dict[Name, BackingService] = Field(default_factory=dict)
    """What the services need and the team does not write."""
    secrets: dict[Name, Secret] = Field(default_factory=dict)
    """Where secret values come from; never the values themselves."""
    environments: Annotated[dict[Name, Environment], Words("a mapping with at least one environment")] = Field(
        min_length=1
    )
    """Each is one target plus its settings."""
    checks: dict[Name, CheckSpec] = Field(default_factory=dict)
    """Questions beyond those that follow from the manifest."""
