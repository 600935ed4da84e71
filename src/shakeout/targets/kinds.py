"""
What a kind of target is, and where the kinds are found: the module or package of this package that has its name.

`cloud-run` is `shakeout.targets.cloud_run`, and so on; each has a `KIND`. Its settings in the manifest (`options` of an
environment and of a service) have models of its own. Modules with a `KIND` load nothing heavy before `make`.
"""

from __future__ import annotations

import importlib
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from shakeout.errors import ManifestFault
from shakeout.manifest.model import Environment
from shakeout.manifest.plan import Plan
from shakeout.targets.base import Target


class TargetOptions(BaseModel):
    """Settings of one target; unknown keys are refused, and each attribute's docstring is its documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetKind:
    """
    One kind of target: `make` gives an object for one release, which keeps its state in the folder that it is given.

    `environment` and `service` are the models of the `options` of an environment and of a service. `faults` says what
    a plan asks for that this kind cannot give; it does no I/O. `beside` says
    whether a second release can be made beside the first, without touching it: only there a fix is tried by deploying.
    `trial` are options of the environment that such a release has, so that nothing of it stays.
    """

    name: str
    make: Callable[[Path], Target]
    environment: type[TargetOptions] = TargetOptions
    service: type[TargetOptions] = TargetOptions
    faults: Callable[[Plan], Iterable[ManifestFault]] = lambda plan: ()
    beside: bool = True
    trial: Mapping[str, Any] = field(default_factory=dict)


def kind_names() -> tuple[str, ...]:
    """Every target that a manifest may name."""
    return typing.get_args(Environment.model_fields["target"].annotation)


def target_kind(name: str) -> TargetKind | None:
    """The kind of that name; None where this version has none."""
    module = f"shakeout.targets.{name.replace('-', '_')}"
    try:
        found = getattr(importlib.import_module(module), "KIND", None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
    return found if isinstance(found, TargetKind) else None
