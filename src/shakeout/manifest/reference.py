"""The manifest's published forms: the JSON Schema for editors, and the reference page from the annotated file."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from shakeout.manifest.interpolation import EARLY, KNOWN
from shakeout.manifest.model import Manifest
from shakeout.manifest.wording import describe

SCHEMA_ID = "https://shakeout.example.com/reference/shakeout.schema.json"

MEANINGS = {
    "${env.NAME}": "A variable of the caller; not set is an error. `${env.NAME:-default}` has a default for that.",
    "${secrets.NAME}": "A secret's value, in a service's variables and in a backing service's address.",
    "${services.NAME.url}": "Where a service answers; also `.host`, `.port` and `.address` (`host:port`).",
    "${services.NAME.public_url}": "Where people and checks reach it: another address where services have a network.",
    "${backing.NAME.url}": "The address of a backing service; the word `disabled` where it is switched off.",
    "${port}": "The port that this service listens on.",
    "${data}": "A folder for this release's own data.",
    "${python}": "The Python that shakeout runs on; `python` on targets that run images.",
    "${commit}": "The full hash of the commit that is deployed; of the pin, for a pinned service.",
    "${environment}": "The environment's name.",
    "${repository}": "The folder of the repository.",
}


def json_schema() -> str:
    """The JSON Schema of the manifest, as text."""
    schema = Manifest.model_json_schema()
    tidy = _tidy(schema)
    ordered = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "shakeout.yaml",
        **{key: value for key, value in tidy.items() if key not in {"title", "$defs"}},
        "$defs": tidy["$defs"],
    }
    return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"


def _tidy(value: Any) -> Any:
    """Without generated titles; names that are no names are refused; null is no value of an optional key."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: _tidy(item) for key, item in value.items() if not (key == "title" and isinstance(item, str))}
    if isinstance(result.get("properties"), dict):
        result["properties"] = {key: _tidy(item) for key, item in value["properties"].items()}
    if "patternProperties" in result:
        result["additionalProperties"] = False
    if result.get("default", 0) is None:
        del result["default"]
    if {"type": "null"} in result.get("anyOf", ()):
        kept = [item for item in result.pop("anyOf") if item != {"type": "null"}]
        result = {**(kept[0] if len(kept) == 1 else {"anyOf": kept}), **result}
    return result


def markdown(annotated: str) -> str:
    """The reference page: the annotated file section by section, each followed by the keys of its part."""
    parts = ["# The manifest", "", "`shakeout.yaml`, as `docs/reference/shakeout.yaml` has it.", ""]
    for title, body in _sections(annotated):
        prose, code = _split(body)
        parts += [f"## {title}", "", *prose, ""]
        if code:
            parts += ["```yaml", *code, "```", ""]
    parts += ["## References", "", "`${…}` in a value is replaced; `$${` is the text `${`.", ""]
    parts += ["| reference | known | what it is |", "| --- | --- | --- |"]
    for form in KNOWN:
        root = form.strip("${}").partition(".")[0]
        parts.append(f"| `{form}` | {'at once' if root in EARLY else 'by the target'} | {MEANINGS[form]} |")
    parts += ["", "## Every key", ""]
    for path, model in models():
        parts += [f"### `{path or 'the file'}`", "", (model.__doc__ or "").strip().replace("\n    ", "\n"), ""]
        parts += ["| key | expected | default | what it is |", "| --- | --- | --- | --- |"]
        parts += [f"| `{row[0]}` | {row[1]} | {row[2]} | {row[3]} |" for row in _rows(model)]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def models() -> list[tuple[str, type[BaseModel]]]:
    """Every part of the schema with its dotted place, `NAME` standing for any name, in the order of the file."""
    found: list[tuple[str, type[BaseModel]]] = []

    def walk(path: str, model: type[BaseModel]) -> None:
        found.append((path, model))
        for name, annotation in get_type_hints(model, include_extras=True).items():
            if name in model.model_fields:
                for suffix, inner in _inner(annotation):
                    walk(f"{path}.{name}{suffix}".lstrip("."), inner)

    walk("", Manifest)
    return found


def _inner(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _inner(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for member in get_args(annotation):
            yield from _inner(member)
    elif origin is dict:
        for suffix, inner in _inner(get_args(annotation)[1]):
            yield f".NAME{suffix}", inner
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation


def _rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if default is PydanticUndefined:
            shown = "needed"
        elif default is None or isinstance(default, BaseModel) or default in ({}, []):
            shown = ""
        else:
            shown = f"`{json.dumps(default)}`"
        description = " ".join((field.description or "").split())
        yield name, describe(hints[name]), shown, description


def _sections(annotated: str) -> Iterator[tuple[str, list[str]]]:
    title = ""
    body: list[str] = []
    for line in annotated.splitlines():
        if line.startswith("## "):
            if title:
                yield title, body
            title, body = line.removeprefix("## "), []
        elif title:
            body.append(line)
    yield title, body


def _split(body: list[str]) -> tuple[list[str], list[str]]:
    """The comment that a section begins with, as prose; the rest, as YAML."""
    count = next((index for index, line in enumerate(body) if not line.startswith("#")), len(body))
    prose = [line.removeprefix("#").removeprefix(" ") for line in body[:count]]
    return prose, "\n".join(body[count:]).strip("\n").splitlines()
