"""The JSON Schema of the report, from the model itself."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import pairwise
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from shakeout.evidence.model import Evidence
from shakeout.report.model import SCHEMA_VERSION, Report

SCHEMA_ID = "https://shakeout.example.com/reference/report.schema.json"

EVIDENCE: dict[str, Any] = {
    "type": "object",
    "description": "One thing seen: the quote stands verbatim (after redaction) at the locator.",
    "required": ["kind", "locator", "quote", "at"],
    "properties": {
        "kind": {"type": "string"},
        "locator": {"type": "string", "description": "For people: a path with its line, or a commit."},
        "quote": {"type": "string"},
        "note": {"type": "string", "description": "Our own remark about the quote; never a quote."},
        "at": {
            "type": "object",
            "description": "For programs: how to look again.",
            "required": ["source", "path"],
            "properties": {
                "source": {"type": "string"},
                "path": {"type": "string"},
                "line": {"type": "integer", "minimum": 1},
                "end_line": {"type": "integer", "minimum": 1},
                "commit": {"type": "string"},
            },
        },
    },
}


def render_schema() -> str:
    """The JSON Schema as text."""
    definitions: dict[str, Any] = {}
    _define(Report, definitions)
    report = definitions.pop("Report")
    report["required"] = ["schema_version", *report["required"]]
    report["properties"] = {"schema_version": {"const": SCHEMA_VERSION}, **report["properties"]}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Shakeout's report",
        **report,
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _define(kind: Any, definitions: dict[str, Any]) -> None:
    if kind.__name__ in definitions:
        return
    if kind is Evidence:
        definitions["Evidence"] = EVIDENCE
        return
    if issubclass(kind, Enum):
        definitions[kind.__name__] = {"enum": [member.value for member in kind], "description": _first(kind)}
        return
    entry: dict[str, Any] = {}
    definitions[kind.__name__] = entry
    hints = get_type_hints(kind)
    notes = _field_notes(kind)
    properties = {}
    for field in fields(kind):
        properties[field.name] = _schema(hints[field.name], definitions)
        if note := notes.get(field.name):
            properties[field.name] = {**properties[field.name], "description": note}
    entry |= {
        "type": "object",
        "description": _first(kind),
        "required": [field.name for field in fields(kind)],
        "properties": properties,
        "additionalProperties": False,
    }


def _schema(annotation: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return {"anyOf": [_schema(member, definitions) for member in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is not None and issubclass(origin, Mapping):
        inner = _schema(arguments[1], definitions)
        return {"type": "object", "additionalProperties": inner or True}
    if origin is Literal:
        return {"enum": list(arguments)}
    if isinstance(annotation, type) and (is_dataclass(annotation) or issubclass(annotation, Enum)):
        _define(annotation, definitions)
        return {"$ref": f"#/$defs/{annotation.__name__}"}
    simple = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return {"type": simple[annotation]} if annotation in simple else {}


def _first(kind: Any) -> str:
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


def _field_notes(kind: Any) -> dict[str, str]:
    """The text that stands below a field in the model."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    notes = {}
    for statement, following in pairwise(body):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            notes[statement.target.id] = " ".join(following.value.value.split())
    return notes
