"""Chooses the target of a plan, and holds the manifest's `options` against what that target knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shakeout.errors import ManifestError, ManifestFault
from shakeout.manifest.loading import validate_part
from shakeout.manifest.wording import KeyPath, did_you_mean
from shakeout.runs.request import Request
from shakeout.targets.base import Target
from shakeout.targets.kinds import TargetKind, TargetOptions, kind_names, target_kind


def make_target(request: Request) -> Target:
    """A target object for one release; ManifestError where this version has none, or does not know its options."""
    kind = target_kind(request.plan.target)
    if kind is None:
        environment = request.plan.environment
        known = ", ".join(name for name in kind_names() if target_kind(name))
        raise ManifestError(
            [
                request.loaded.fault(
                    ("environments", environment, "target"),
                    f"a target that this version can deploy to: {known}",
                    f"'{request.plan.target}'",
                    "`shakeout verify --url SERVICE=ADDRESS` checks what others have deployed",
                )
            ]
        )
    faults = [*_option_faults(request, kind), *kind.faults(request.plan)]
    if faults:
        raise ManifestError(faults)
    return kind.make(request.home / "state")


def _option_faults(request: Request, kind: TargetKind) -> Iterator[ManifestFault]:
    """
    What is wrong with the options of the environment and of each service.

    A service's own options stand for every environment: there, a key that only another target knows is no fault.
    """
    plan = request.plan
    yield from _faults(request, kind.environment, plan.options, ("environments", plan.environment, "options"), set())
    elsewhere = {key for name in kind_names() if (other := target_kind(name)) for key in other.service.model_fields}
    for service in plan.services:
        override: KeyPath = ("environments", plan.environment, "services", service.name, "options")
        own: KeyPath = ("services", service.name, "options")
        lines = request.loaded.document.lines
        for key, value in service.options.items():
            path = override if (*override, key) in lines else own
            yield from _faults(request, kind.service, {key: value}, path, elsewhere)


def _faults(
    request: Request, model: type[TargetOptions], values: Mapping[str, Any], path: KeyPath, elsewhere: set[str]
) -> Iterator[ManifestFault]:
    known = set(model.model_fields)
    for key in values:
        if key not in known | elsewhere:
            yield request.loaded.fault(
                (*path, key),
                f"an option of the target {request.plan.target}",
                f"'{key}'",
                did_you_mean(key, sorted(known | elsewhere)),
            )
    try:
        partial = {key: value for key, value in values.items() if key in known}
        if partial or path[0] == "environments":
            validate_part(model, partial, request.loaded.document, path)
    except ManifestError as error:
        yield from error.faults
