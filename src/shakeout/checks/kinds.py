"""
What a kind of check is, and where the kinds are found.

A kind is one module of this package with a `KIND`. Adding a kind touches that module and its test, nothing else.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shakeout.checks.base import Check
from shakeout.manifest.durations import parse_duration
from shakeout.manifest.model import CheckSpec
from shakeout.manifest.plan import Plan

Duration = Annotated[float, BeforeValidator(parse_duration), Field(gt=0, le=86_400)]
"""Seconds: a number, or text like `500ms`, `2s`, `1m`."""


class Options(BaseModel):
    """The keys of one kind of check, beside those that every check has; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TLSOptions(Options):
    """How the other side's certificate is judged: `verify` it, against the system's authorities or `ca_file`."""

    verify: bool = True
    ca_file: str | None = None


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured(Generic[OptionsT]):
    """
    One entry of the manifest's `checks`, or one that follows from the manifest (`assumed`).

    What is merely assumed and turns out not to be there is inconclusive; what was configured and is not there failed.
    """

    name: str
    spec: CheckSpec
    options: OptionsT
    assumed: bool = False


def _none(plan: Plan) -> Mapping[str, CheckSpec]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[OptionsT]):
    """
    One kind of check.

    `expand` turns one entry into its questions, which are named `<entry>` or `<entry>-<question>`; `defaults` gives the
    entries that follow from a plan without configuration; kinds are planned in the order of `order`.
    """

    name: str
    options: type[OptionsT]
    expand: Callable[[Configured[OptionsT], Plan], Iterable[Check]]
    defaults: Callable[[Plan], Mapping[str, CheckSpec]] = _none
    order: int = 50


@cache
def all_kinds() -> Mapping[str, Kind[Any]]:
    """Every kind of this package by name, in planning order; found by walking the package."""
    package = importlib.import_module("shakeout.checks")
    found: list[Kind[Any]] = []
    for module in pkgutil.iter_modules(package.__path__, "shakeout.checks."):
        kind = getattr(importlib.import_module(module.name), "KIND", None)
        if isinstance(kind, Kind):
            found.append(kind)
    return {kind.name: kind for kind in sorted(found, key=lambda kind: (kind.order, kind.name))}


def configured_for(plan: Plan, kind: str) -> list[CheckSpec]:
    """What the manifest itself configures of this kind; what it disables takes no default's place but its own."""
    return [spec for spec in plan.checks.values() if spec.kind == kind and not spec.disabled]
