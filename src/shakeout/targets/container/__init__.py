"""The target `container`: services as containers of this machine's Docker or Podman."""

from __future__ import annotations

from shakeout.targets.container.options import EnvironmentOptions, ServiceOptions
from shakeout.targets.container.target import ContainerTarget
from shakeout.targets.kinds import TargetKind

KIND = TargetKind(
    name="container",
    make=ContainerTarget,
    environment=EnvironmentOptions,
    service=ServiceOptions,
    trial={"images": "remove"},
)
