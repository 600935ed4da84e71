"""Puts an environment's settings over the manifest's own, and remembers which line won."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shakeout.manifest.document import Document
from shakeout.manifest.model import BackingService, BackingServiceOverride, Service, ServiceOverride
from shakeout.manifest.wording import KeyPath


def merged_service(service: Service, override: ServiceOverride | None) -> Service:
    """The service as the environment has it: mappings are merged key by key, everything else is replaced."""
    if override is None:
        return service
    update: dict[str, Any] = {}
    for name in override.model_fields_set:
        value = getattr(override, name)
        if value is None:
            continue
        if name in {"environment", "secrets", "options"}:
            value = {**getattr(service, name), **value}
        elif name == "start":
            value = service.start.model_copy(update={key: getattr(value, key) for key in value.model_fields_set})
        update[name] = value
    # A variable comes from one place: where the environment says it otherwise, the other saying goes.
    if "environment" in override.model_fields_set or "secrets" in override.model_fields_set:
        environment = update.get("environment", service.environment)
        secrets = update.get("secrets", service.secrets)
        update["environment"] = {key: value for key, value in environment.items() if key not in override.secrets}
        update["secrets"] = {key: value for key, value in secrets.items() if key not in override.environment}
    return service.model_copy(update=update)


def merged_backing_service(backing: BackingService, override: BackingServiceOverride | None) -> BackingService:
    """The backing service as the environment has it: an address switches it on, another kind drops the old one."""
    if override is None:
        return backing
    given = {name: getattr(override, name) for name in override.model_fields_set}
    update = {name: value for name, value in given.items() if value is not None}
    if update.get("kind", backing.kind) != backing.kind:
        update = {"url": None, "image": None, **update}
    if update.get("url") is not None and "disabled" not in update:
        update["disabled"] = False
    return backing.model_copy(update=update)


def merged_check(document: Document, base: KeyPath, override: KeyPath) -> dict[str, Any]:
    """The keys of a check as the environment has them."""
    values: dict[str, Any] = {}
    for path in (base, override):
        found = document.value(path)
        if isinstance(found, dict):
            values |= found
    return values


def override_paths(document: Document, base: KeyPath, override: KeyPath) -> Callable[[tuple[str | int, ...]], KeyPath]:
    """Gives the full path of a setting: the environment's where it has one, otherwise the manifest's own."""

    def where(keys: tuple[str | int, ...]) -> KeyPath:
        candidate = (*override, *keys)
        return candidate if candidate in document.lines else (*base, *keys)

    return where
