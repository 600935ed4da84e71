"""Source formats, one file each, found by walking this package: the reader knows none of them by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from shakeout.logs.formats.base import DocumentFormat, HeadFormat, RecordFormat, WrapperFormat


@cache
def _walk() -> tuple[object, ...]:
    found: list[object] = []
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        found.extend(getattr(import_module(f"{__name__}.{module.name}"), "FORMATS", ()))
    return tuple(sorted(found, key=lambda item: (item.rank, item.name)))  # type: ignore[attr-defined]


@cache
def records() -> tuple[RecordFormat, ...]:
    """Formats of one JSON object each."""
    return tuple(cast("RecordFormat", item) for item in _walk() if hasattr(item, "read_record"))


@cache
def heads() -> tuple[HeadFormat, ...]:
    """Formats of a text line that an application or a server writes."""
    return tuple(cast("HeadFormat", item) for item in _walk() if hasattr(item, "read_head"))


@cache
def wrappers() -> tuple[WrapperFormat, ...]:
    """What a transport puts in front of a line: a pod's name, a container's, a time."""
    return tuple(cast("WrapperFormat", item) for item in _walk() if hasattr(item, "unwrap"))


@cache
def documents() -> tuple[DocumentFormat, ...]:
    """Platform state: what `get`, `describe` and `inspect` print."""
    return tuple(cast("DocumentFormat", item) for item in _walk() if hasattr(item, "read_document"))
