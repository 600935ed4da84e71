"""Loads `shakeout.yaml`: every fault at once, in the order of the file, each with its line and in plain words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shakeout.errors import ManifestError, ManifestFault, UsageError
from shakeout.manifest.document import SIZE_LIMIT, Document, read_document
from shakeout.manifest.merging import merged_check
from shakeout.manifest.model import CheckSpec, Manifest
from shakeout.manifest.references import mapping, reference_faults
from shakeout.manifest.wording import KeyPath, annotation_at, describe, did_you_mean, dotted, one_of, seen

FILE_NAMES = ("shakeout.yaml", "shakeout.yml")

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedManifest:
    """A valid manifest, and the document that it was read from, which knows the line of every value."""

    manifest: Manifest
    document: Document
    path: Path

    @property
    def file(self) -> str:
        """The file's name as messages give it."""
        return self.document.file

    def line(self, *path: str | int) -> int:
        """The 1-based line of the value at `path`, or of the nearest part above it."""
        return self.document.line(path)

    def fault(self, path: KeyPath, expected: str, got: str, hint: str | None = None) -> ManifestFault:
        """A fault at `path`, for what only a target or a check can find wrong."""
        return self.document.fault(path, expected, got, hint)


def find_manifest(folder: Path) -> Path:
    """The manifest of `folder` or of the nearest folder above it; UsageError where there is none."""
    start = folder.resolve()
    for candidate in (start, *start.parents):
        for name in FILE_NAMES:
            if (candidate / name).is_file():
                return candidate / name
    raise UsageError(
        "there is no manifest",
        expected="shakeout.yaml in this folder or in one above it",
        seen=str(folder),
        hint="write a first one: shakeout init (docs/tutorial.md goes through it); `--manifest` names another file",
    )


def load_manifest(path: Path) -> LoadedManifest:
    """
    Read and validate the manifest at `path`.

    Raises ManifestError with every fault of the file, and UsageError where the file cannot be read at all.
    """
    try:
        with path.open("rb") as stream:
            source = stream.read(SIZE_LIMIT + 1)
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise UsageError(
            "the manifest cannot be read",
            expected="a file",
            seen=error.strerror or str(error),
            where=str(path),
            hint="write a first one: shakeout init (docs/tutorial.md goes through it); `--manifest` names another file",
        ) from error
    return parse_manifest(source, file=display_name(path), path=path, size=size)


def parse_manifest(
    source: bytes | str, *, file: str = "shakeout.yaml", path: Path | None = None, size: int | None = None
) -> LoadedManifest:
    """The manifest in `source`; raises ManifestError with every fault. `file` is its name in messages."""
    document = read_document(source, file=file, size=size)
    faults = list(document.faults)
    manifest: Manifest | None = None
    try:
        manifest = Manifest.model_validate(document.data)
    except ValidationError as error:
        faults += validation_faults(error, Manifest, document)
    faults += list(_environment_checks(document))
    known = {(fault.line, fault.path) for fault in faults}
    faults += [fault for fault in reference_faults(document) if (fault.line, fault.path) not in known]
    if faults or manifest is None:
        raise ManifestError(in_file_order(faults))
    return LoadedManifest(manifest=manifest, document=document, path=path or Path(file))


def validate_part(model: type[ModelT], value: Any, document: Document, path: KeyPath) -> ModelT:
    """
    `value`, which stands at `path` of the document, as a `model`; ManifestError with plain faults otherwise.

    For targets and checks, whose settings have models of their own.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ManifestError(in_file_order(validation_faults(error, model, document, path, value))) from error


def in_file_order(faults: Iterable[ManifestFault]) -> list[ManifestFault]:
    """Faults by line; of several at one place only the first, since the others follow from it."""
    first: dict[tuple[int, str], ManifestFault] = {}
    for fault in faults:
        first.setdefault((fault.line, fault.path), fault)
    return sorted(first.values(), key=lambda fault: fault.line)


def display_name(path: Path) -> str:
    """The path as people write it: relative to the current folder where it is below it."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def validation_faults(
    error: ValidationError, model: type[BaseModel], document: Document, base: KeyPath = (), value: Any = None
) -> list[ManifestFault]:
    """The findings of the schema in plain words, without those about values that could not be read."""
    unread = {fault.path for fault in document.faults}
    data = document.value(base) if value is None else value
    faults = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        path, is_key = _resolved(data, found["loc"])
        full = (*base, *path)
        if dotted(full) in unread:
            continue
        if found["type"] == "extra_forbidden":
            valid = _keys(annotation_at(model, path[:-1]) if path[:-1] else model)
            name = str(path[-1])
            hint = did_you_mean(name, valid)
            expected = one_of(valid, "one of the keys") if hint is None else "a known key"
            faults.append(document.fault(full, expected, seen(name), hint))
        elif found["type"] == "missing":
            missing = (*path, str(found["loc"][-1]))
            expected = describe(annotation_at(model, missing))
            faults.append(document.fault((*base, *missing), expected, "nothing", at=full))
        elif is_key:
            expected = _key_words(annotation_at(model, path[:-1]))
            faults.append(document.fault(full, expected, seen(str(path[-1]))))
        else:
            expected = describe(annotation_at(model, path))
            got = _value(data, path)
            faults.append(document.fault(full, expected, _got(path, got), _advice(expected, path, got)))
    return faults


def _environment_checks(document: Document) -> Iterator[ManifestFault]:
    """The faults of the checks of each environment, put over the checks of the manifest."""
    for environment, settings in mapping(mapping(document.data).get("environments")).items():
        for name, given in mapping(mapping(settings).get("checks")).items():
            path = ("environments", environment, "checks", name)
            if not isinstance(given, dict):
                continue
            values = merged_check(document, ("checks", name), path)
            try:
                CheckSpec.model_validate(values)
            except ValidationError as error:
                found = validation_faults(error, CheckSpec, document, path, values)
                # What is wrong in `checks` itself is reported there; a missing kind is the references' business.
                own = {dotted((*path, key)) for key in given}
                yield from (fault for fault in found if fault.path in own)


def _resolved(data: Any, location: tuple[int | str, ...]) -> tuple[KeyPath, bool]:
    """Where a finding points: pydantic's own labels of unions are no part of it. True where it is about a key."""
    path: list[str | int] = []
    current = data
    for part in location:
        if part == "[key]":
            return tuple(path), True
        there = part in current if isinstance(current, Mapping) else isinstance(current, list) and part != len(current)
        if not there or (isinstance(current, list) and not isinstance(part, int)):
            break
        current = current[part]
        path.append(part)
    return tuple(path), False


def _value(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _keys(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(annotation.model_fields)
    for member in getattr(annotation, "__args__", ()):
        if keys := _keys(member):
            return keys
    return []


def _key_words(annotation: Any) -> str:
    origin = getattr(annotation, "__origin__", None)
    if origin is dict:
        return describe(annotation.__args__[0])
    return _key_words(origin) if origin is not None else "a name"


def _got(path: KeyPath, value: Any) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool) and _holds_secrets(path):
        return "a number" if not isinstance(value, str) else "text"
    return seen(value)


def _holds_secrets(path: KeyPath) -> bool:
    return len(path) >= 2 and path[-2] in {"environment", "arguments"}


def _advice(expected: str, path: KeyPath, value: Any) -> str | None:
    if expected.startswith(("text", "a command")) and isinstance(value, bool | int | float):
        if _holds_secrets(path) and not isinstance(value, bool):
            return "put it in quotes"
        return f'quote it: "{seen(value)}"'
    if value is None:
        return "give it a value or take the key out"
    if isinstance(value, str) and expected.startswith("one of "):
        return did_you_mean(value, expected.removeprefix("one of ").split(", "))
    return None
