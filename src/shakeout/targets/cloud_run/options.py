"""The manifest's `options` for the target `cloud-run`: of an environment and of a service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shakeout.manifest.model import Seconds, UrlPath
from shakeout.manifest.wording import Words
from shakeout.targets.kinds import TargetOptions

DEFAULT_PORT = 8080
"""The port that Cloud Run asks, where the manifest names none."""

Count = Annotated[int, Field(ge=0, le=1000), Words("a whole number from 0 to 1000")]
Amount = Annotated[
    str,
    Field(coerce_numbers_to_str=True, pattern=r"^\d+(\.\d+)?(m|[KMG]i?|k)?$"),
    Words("an amount such as 1, 500m, 512Mi or 2Gi"),
]
ServiceName = Annotated[
    str,
    Field(pattern=r"^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$"),
    Words("a name of at most 49 lower-case letters, digits and hyphens that begins with a letter"),
]
LabelText = Annotated[
    str, Field(pattern=r"^[a-z0-9_-]{0,63}$"), Words("at most 63 lower-case letters, digits, hyphens and underscores")
]
Project = Annotated[
    str,
    Field(pattern=r"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$"),
    Words("a project's identifier such as shop-staging"),
]


class Probe(TargetOptions):
    """How the platform asks whether an instance is well; without a path it only connects."""

    path: UrlPath | None = None
    """Where to ask; without it, a connection to the port is enough."""
    delay: Annotated[int, Field(ge=0, le=240), Words("seconds from 0 to 240")] = 0
    """Seconds to wait before the first question."""
    period: Annotated[int, Field(ge=1, le=240), Words("seconds from 1 to 240")] = 10
    """Seconds between questions."""
    timeout: Annotated[int, Field(ge=1, le=240), Words("seconds from 1 to 240")] = 1
    """Seconds that an answer may take; at most the period."""
    failures: Annotated[int, Field(ge=1, le=240), Words("a whole number from 1 to 240")] = 3
    """How many failures in a row end the instance."""


class Vpc(TargetOptions):
    """How a service reaches a private network: by a connector, or directly by network and subnetwork."""

    connector: str | None = None
    """A Serverless VPC Access connector, by name or in full."""
    network: str | None = None
    """A network, for direct egress."""
    subnetwork: str | None = None
    """A subnetwork, for direct egress."""
    tags: list[str] = Field(default_factory=list)
    """Network tags, for direct egress."""
    egress: Literal["private-ranges", "all"] = "private-ranges"
    """What goes through it."""


class ServiceOptions(TargetOptions):
    """What the manifest does not say stays as it is on the platform, or is the platform's default for a new service."""

    name: ServiceName | None = None
    """The service's name on Cloud Run, where it is not the environment's pattern."""
    cpu: Amount | None = None
    """CPUs of an instance: `1`, `2`, `500m`."""
    memory: Amount | None = None
    """Memory of an instance: `512Mi`, `2Gi`."""
    min_instances: Count | None = None
    """Instances that are kept though nobody asks."""
    max_instances: Annotated[Count, Field(ge=1)] | None = None
    """The most instances that may run."""
    concurrency: Annotated[int, Field(ge=1, le=1000), Words("a whole number from 1 to 1000")] | None = None
    """Requests that one instance takes at a time."""
    timeout: Annotated[Seconds, Field(le=3600)] | None = None
    """How long a request, or a WebSocket, may last: at most 60 minutes."""
    cpu_always: bool | None = None
    """Whether an instance has its CPU between requests too."""
    startup_boost: bool | None = None
    """Whether an instance has more CPU while it starts."""
    execution_environment: Literal["gen1", "gen2"] | None = None
    """Which generation of sandbox it runs in."""
    vpc: Vpc | None = None
    """How it reaches a private network."""
    cloud_sql: list[str] = Field(default_factory=list)
    """Cloud SQL instances (`project:region:name`), each a socket below `/cloudsql`."""
    service_account: str | None = None
    """The service account it runs as."""
    ingress: Literal["all", "internal", "internal-and-load-balancing"] | None = None
    """From where it can be reached."""
    public: bool | None = None
    """Whether everybody may call it without signing in to Google."""
    session_affinity: bool | None = None
    """Whether a client's requests go to the same instance where possible."""
    labels: dict[LabelText, LabelText] = Field(default_factory=dict)
    """Labels of the service and its revisions, beside those that shakeout sets."""
    startup_probe: Probe | None = None
    """When an instance counts as started; by default the platform connects until `start.deadline`."""
    liveness_probe: Probe | None = None
    """When an instance is ended and started anew; by default never."""
    address: Annotated[str, Field(pattern=r"^https?://[^\s/]+$"), Words("an address without a path")] | None = None
    """Where people reach it, where that is not the platform's address (a domain of your own)."""
    image_command: bool = False
    """Start what the image says, instead of the manifest's `run`."""


class EnvironmentOptions(TargetOptions):
    """Where to deploy, and what holds for every service there."""

    project: Project
    """The project's identifier."""
    region: Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+\d+$"), Words("a region such as europe-west1")]
    """The region."""
    project_number: Annotated[str, Field(coerce_numbers_to_str=True, pattern=r"^\d{6,20}$")] | None = None
    """The project's number, with which a service's address is known before the service is there."""
    service_names: Annotated[str, Field(pattern=r"^[a-z0-9-]*\{service\}[a-z0-9-]*$")] = "{service}"
    """How services are called on Cloud Run, for example `{service}-staging`."""
    service_account: str | None = None
    """The service account of every service that has none of its own."""
    vpc: Vpc | None = None
    """How every service reaches a private network, where it does not say it itself."""
    public: bool | None = None
    """Whether everybody may call the services without signing in to Google, where a service does not say it itself."""
    labels: dict[LabelText, LabelText] = Field(default_factory=dict)
    """Labels of every service."""
    deadline: Seconds = 600.0
    """How long the platform may take to make one revision ready."""
