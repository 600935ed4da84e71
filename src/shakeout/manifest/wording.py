"""The words of a fault: what a schema expects, what a value looks like, and the nearest valid name."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of a document to one of its values."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a type of the schema is called in a message, for example `a port from 1 to 65535`."""

    text: str


def dotted(path: KeyPath) -> str:
    """`services.backend.needs[0]`; the top of the file is called `the file`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{visible(part, 60)}" if text else visible(part, 60)
    return text or "the file"


def visible(text: str, limit: int = 80) -> str:
    """`text` on one line: characters that do not print become escapes, and a long text is cut."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text[: limit + 1]
    )
    return shown if len(text) <= limit else shown[:limit] + "…"


def seen(value: Any) -> str:
    """A value of the file in words: `"text"`, `8000`, `true`, `nothing`, `a list`, `a mapping`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{visible(value)}"'
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    return visible(str(value))


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that `name` was probably meant to be, or None."""
    folded = {candidate.lower().replace("_", "-"): candidate for candidate in sorted(valid, reverse=True)}
    matches = difflib.get_close_matches(name[:100].lower().replace("_", "-"), sorted(folded), n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, valid: Iterable[str]) -> str | None:
    """The hint for a misspelt name, or None where no valid name is near."""
    match = nearest(name, valid)
    return f"did you mean {match}?" if match else None


def one_of(names: Iterable[str], what: str = "one of") -> str:
    """`one of a, b, c`; `no name` where there is none."""
    listed = list(names)
    if len(listed) > 12:
        return f"{what} {', '.join(listed[:12])} and {len(listed) - 12} more"
    return f"{what} {', '.join(listed)}"


def describe(annotation: Any) -> str:
    """What a type of the schema expects, in plain words."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        return next((item.text for item in metadata if isinstance(item, Words)), None) or describe(inner)
    if origin in {Union, types.UnionType}:
        members = [describe(member) for member in get_args(annotation) if member is not type(None)]
        return " or ".join(dict.fromkeys(members))
    if origin is Literal:
        values = get_args(annotation)
        return str(values[0]) if len(values) == 1 else one_of(str(value) for value in values)
    if origin is list:
        return "a list"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "a mapping"
    return {str: "text", bool: "true or false", int: "a whole number", float: "a number"}.get(annotation, "a value")


def annotation_at(model: type[BaseModel], path: KeyPath) -> Any:
    """The type of the schema that describes the value at `path` under `model`; `Any` where the schema says nothing."""
    current: Any = model
    for part in path:
        current = _step(current, part)
    return current


def _step(annotation: Any, part: str | int) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _step(get_args(annotation)[0], part)
    if origin in {Union, types.UnionType}:
        for member in get_args(annotation):
            found = _step(member, part)
            if found is not Any:
                return found
        return Any
    if origin is list:
        return get_args(annotation)[0]
    if origin is dict:
        return get_args(annotation)[1]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return get_type_hints(annotation, include_extras=True).get(str(part), Any)
    return Any
