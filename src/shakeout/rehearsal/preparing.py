"""What a revision needs before anything of it can run: its network, its image, its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from google.cloud import run_v2

from shakeout.rehearsal import messages
from shakeout.rehearsal.conditions import Cause, Common
from shakeout.rehearsal.instances.processes import untagged
from shakeout.rehearsal.instances.runner import Workload
from shakeout.rehearsal.names import ServiceName
from shakeout.rehearsal.settings import Settings
from shakeout.rehearsal.templates import quantity, serving_container


class NotDeployableError(Exception):
    """A revision cannot be brought up; `cause` is what its conditions say."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.message)
        self.cause = cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """Of one revision, whose short name is `id`."""

    settings: Settings
    name: ServiceName
    id: str
    revision: run_v2.Revision

    def workload(self) -> Workload:
        """What to run; NotDeployableError where something that it needs is not to be had."""
        self._check_network()
        self._check_image()
        container = serving_container(self.revision.containers)
        environment = {"K_SERVICE": self.name.id, "K_CONFIGURATION": self.name.id, "K_REVISION": self.id}
        secret = {}
        for variable in container.env:
            if reference := variable.value_source.secret_key_ref:
                secret[variable.name] = self._secret(reference.secret, reference.version)
            else:
                environment[variable.name] = variable.value
        return Workload(
            name=container.name or f"{self.name.id}-1",
            image=container.image,
            port=container.ports[0].container_port,
            command=tuple(container.command),
            arguments=tuple(container.args),
            working_folder=container.working_dir,
            environment=environment,
            secret_environment=secret,
            files=self._files(container),
            memory=int(quantity(container.resources.limits["memory"])),
            cpus=float(quantity(container.resources.limits["cpu"])),
        )

    def _check_network(self) -> None:
        access = self.revision.vpc_access
        names = [access.connector]
        for interface in access.network_interfaces:
            names += [interface.network, interface.subnetwork]
        for name in names:
            if name and name.rpartition("/")[2] in self.settings.faults.missing_networks:
                message = messages.network_missing(name)
                raise NotDeployableError(
                    Cause(message=message, kind="ResourcesAvailable", common=Common.VPC_NETWORK_NOT_FOUND)
                )

    def _check_image(self) -> None:
        for container in self.revision.containers:
            names = {container.image, untagged(container.image)}
            if names & self.settings.faults.missing_images:
                message = messages.image_missing(container.image)
                raise NotDeployableError(
                    Cause(message=message, kind="ContainerReady", code="NOT_FOUND", common=Common.CONTAINER_MISSING)
                )
            if names & self.settings.faults.denied_images:
                message = messages.image_denied(self.settings.service_agent, container.image)
                raise NotDeployableError(
                    Cause(
                        message=message,
                        kind="ContainerReady",
                        code="PERMISSION_DENIED",
                        common=Common.CONTAINER_PERMISSION_DENIED,
                    )
                )

    def _files(self, container: run_v2.Container) -> Mapping[str, str]:
        """What secrets put into files, by path in the container."""
        found = {}
        volumes = {volume.name: volume.secret for volume in self.revision.volumes if "secret" in volume}
        for mount in container.volume_mounts:
            if secret := volumes.get(mount.name):
                items = list(secret.items) or [run_v2.VersionToPath(path=secret.secret, version="latest")]
                for item in items:
                    path = str(PurePosixPath(mount.mount_path, item.path))
                    found[path] = self._secret(secret.secret, item.version)
        return found

    def _secret(self, secret: str, version: str) -> str:
        """A secret's value."""
        version = version or "latest"
        short = secret.rpartition("/")[2]
        full = secret if "/" in secret else f"projects/{self.settings.project_number}/secrets/{secret}"
        named = f"{full}/versions/{version}"
        if short in self.settings.faults.denied_secrets:
            message = messages.secret_denied(named, self.revision.service_account)
            raise _no_secret(message, "PERMISSION_DENIED")
        value = _version(self.settings.secrets.get(short), version)
        if value is None or {short, f"{short}:{version}"} & self.settings.faults.missing_secrets:
            raise _no_secret(messages.secret_missing(named), "FAILED_PRECONDITION")
        return value


def _version(known: str | Mapping[str, str] | None, version: str) -> str | None:
    """A version of a secret; one that is given as text alone has the single version 1."""
    if known is None or isinstance(known, str):
        return known if version in {"latest", "1"} else None
    if version == "latest" and version not in known:
        version = max(known, key=lambda one: int(one) if one.isdigit() else 0, default="")
    return known.get(version)


def _no_secret(message: str, code: str) -> NotDeployableError:
    reason = Common.SECRETS_ACCESS_CHECK_FAILED
    return NotDeployableError(Cause(message=message, kind="ContainerReady", code=code, common=reason))
