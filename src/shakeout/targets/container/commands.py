"""Every command that the target gives to an engine, as a value. The words are the same for Docker and Podman."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shakeout.targets.container.engine import Command, Engine

RELEASE = "org.shakeout.release"
"""The label of everything that a release makes; its value is the release's id."""
APPLICATION = "org.shakeout.application"
SERVICE = "org.shakeout.service"
REVISION = "org.opencontainers.image.revision"
"""The commit that an image was built from."""

BUILD_SECONDS = 1800.0
_PULL_SECONDS = 600.0
_START_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One image to build; `arguments` are given in the variables of the process, never in its words."""

    dockerfile: Path
    context: Path
    shown: str
    """The Dockerfile's path in the repository."""
    tag: str
    labels: Mapping[str, str]
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    platform: str | None = None
    uploaded_by: str | None = None
    """What picked the files of the context, where they are not all of the folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Create:
    """One container to make. `publish` is the loopback port of this machine that leads to its `port`."""

    name: str
    image: str
    network: str
    aliases: Sequence[str]
    labels: Mapping[str, str]
    environment: Path
    """A file with a line `NAME=value` for each variable that is no secret."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables that the file cannot hold, since they have several lines."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Name to address, for an engine that has no names in its networks."""
    address: str | None = None
    publish: Mapping[int, int] = field(default_factory=dict)
    mounts: Sequence[tuple[Path, str, bool]] = ()
    """Folder or file of this machine, its place in the container, whether it may be written."""
    memory: int | None = None
    """Bytes; nothing is swapped."""
    cpus: float | None = None
    entrypoint: str | None = None
    words: Sequence[str] = ()
    platform: str | None = None


def build(wanted: Build) -> Command:
    """Build an image; what it says goes to its output."""
    words = ["build", "--file", str(wanted.dockerfile), "--tag", wanted.tag, *_labels(wanted.labels)]
    for name in wanted.arguments:
        words += ["--build-arg", name]
    words += ["--target", wanted.target] if wanted.target else []
    words += ["--platform", wanted.platform] if wanted.platform else []
    return Command(words=(*words, str(wanted.context)), variables=wanted.arguments, deadline=BUILD_SECONDS)


def label(image: str, wanted: Build) -> Command:
    """Give an image the labels and the name of a build: Podman's cache has images with those of earlier builds."""
    words = ("build", "--layers=false", "--tag", wanted.tag, *_labels(wanted.labels), "-")
    return Command(words=words, input=f"FROM {image}\n".encode())


def create(wanted: Create) -> Command:
    """Make a container without starting it; its id is the output."""
    words = ["create", "--name", wanted.name, "--network", wanted.network, *_labels(wanted.labels)]
    words += ["--hostname", wanted.aliases[0]] if wanted.aliases else []
    for alias in wanted.aliases:
        words += ["--network-alias", alias]
    for name, address in wanted.hosts.items():
        words += ["--add-host", f"{name}:{address}"]
    words += ["--ip", wanted.address] if wanted.address else []
    for outside, inside in wanted.publish.items():
        words += ["--publish", f"127.0.0.1:{outside}:{inside}"]
    for source, place, writable in wanted.mounts:
        words += ["--volume", f"{source}:{place}" if writable else f"{source}:{place}:ro"]
    words += ["--env-file", str(wanted.environment)]
    for name in wanted.variables:
        words += ["--env", name]
    if wanted.memory:
        words += ["--memory", str(wanted.memory), "--memory-swap", str(wanted.memory)]
    words += ["--cpus", f"{wanted.cpus:g}"] if wanted.cpus else []
    words += ["--platform", wanted.platform] if wanted.platform else []
    words += ["--entrypoint", wanted.entrypoint] if wanted.entrypoint is not None else []
    return Command(words=(*words, wanted.image, *wanted.words), variables=wanted.variables, deadline=_START_SECONDS)


def start_attached(container: str, folder: Path) -> Command:
    """Start it, working in `folder`; its output and errors are those of the command, which ends when it does."""
    return Command(words=("start", "--attach", "--sig-proxy=false", container), folder=folder)


def start(container: str, folder: Path) -> Command:
    """Start it, working in `folder`, and return at once."""
    return Command(words=("start", container), folder=folder)


def logs(container: str) -> Command:
    """What it wrote: its output as output, its errors as errors."""
    return Command(words=("logs", container))


def stop(container: str, seconds: float) -> Command:
    """SIGTERM, and SIGKILL after so many seconds."""
    return Command(words=("stop", "--time", f"{seconds:.0f}", container), deadline=seconds + 30)


def remove(engine: Engine, containers: Sequence[str]) -> Command:
    """Remove containers with their anonymous volumes, running or not, at once."""
    patience = ("--time", "0") if engine.name == "podman" else ()
    return Command(words=("rm", "--force", *patience, "--volumes", *containers))


def inspect(container: str) -> Command:
    """A list with one document."""
    return Command(words=("container", "inspect", container))


def inspect_image(image: str) -> Command:
    """A list with one document."""
    return Command(words=("image", "inspect", image))


def pull(image: str, platform: str | None = None) -> Command:
    """Fetch an image from its registry."""
    options = ("--platform", platform) if platform else ()
    return Command(words=("pull", "--quiet", *options, image), deadline=_PULL_SECONDS)


def create_network(name: str, labels: Mapping[str, str]) -> Command:
    """Make a network of its own."""
    return Command(words=("network", "create", *_labels(labels), name))


def inspect_network(name: str) -> Command:
    """A list with one document."""
    return Command(words=("network", "inspect", name))


def listing(what: str, label: str, form: str) -> Command:
    """The `form` of each container, image or network with this label, one a line."""
    words = {"container": ("ps", "--all"), "image": ("images",), "network": ("network", "ls")}[what]
    return Command(words=(*words, "--no-trunc", "--filter", f"label={label}", "--format", form))


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
