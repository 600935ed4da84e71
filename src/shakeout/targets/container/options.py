"""The settings of the target `container` in a manifest's `options`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from shakeout.manifest.model import EnvironmentName, Name, Port
from shakeout.manifest.wording import Words
from shakeout.targets.kinds import TargetOptions

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i)?)?b?", re.IGNORECASE)
_SMALLEST = 6 << 20
"""Docker's own lower limit."""


def parse_size(value: object) -> object:
    """Bytes of `512Mi`, `512MB`, `1G` or a number; anything else as it is, for the model to refuse."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        return value
    base = 1024 if match[3] or not match[2] else 1000
    return int(float(match[1]) * base ** (" kmgt".index(match[2].lower()) if match[2] else 0))


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    Field(ge=_SMALLEST),
    Words("a size such as 512Mi or 1G, at least 6Mi"),
    WithJsonSchema({"type": ["integer", "string"]}),
]
Cpus = Annotated[float, Field(gt=0, le=1024), Words("a number of CPUs such as 0.5 or 2")]


class BackingOptions(TargetOptions):
    """What the image of a backing service is told."""

    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    """Its environment variables; a value with a secret in it is kept out of what the engine shows."""
    port: Port | None = None
    """The port that it listens on, where its address does not say it."""
    memory: Size | None = None
    """What it may use."""


class EnvironmentOptions(TargetOptions):
    """Settings of an environment."""

    engine: Literal["auto", "docker", "podman"] = "auto"
    """Which engine to use; `auto` takes Docker where it answers, else Podman."""
    memory: Size | None = None
    """What a service may use, where its own options do not say otherwise."""
    cpus: Cpus | None = None
    """How many CPUs a service may use, where its own options do not say otherwise."""
    images: Literal["keep", "remove"] = "keep"
    """Whether the newest image of each service stays after the release, as the next build's cache."""
    backing: dict[Name, BackingOptions] = Field(default_factory=dict)
    """What the images of backing services are told, by the name of the backing service."""


class ServiceOptions(TargetOptions):
    """Settings of a service."""

    memory: Size | None = None
    """What it may use, for example `512Mi`."""
    cpus: Cpus | None = None
    """How many CPUs it may use, for example `0.5`."""
    port: Port = 8080
    """What it listens on in its container, where `port` of the service is `auto`; it is told so in `PORT`."""
    command: Literal["image", "run"] | None = None
    """Whose command: the image's own or the manifest's `run`; by default the image's, where it has one."""
    platform: str | None = None
    """The platform to build for and to run, for example `linux/arm64`; by default this machine's."""
