"""The report as JSON: the model's field names in the model's order, `schema_version` first."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from shakeout.evidence.model import Evidence, Locator
from shakeout.report.model import SCHEMA_VERSION, Report

# What JSON may hold as it is, and a terminal would act on instead of showing it.
_UNSEEN = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def render(report: Report) -> str:
    """The report as JSON text; `shakeout.report.schema` has its schema."""
    text = json.dumps(to_json(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def to_json(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    return {"schema_version": SCHEMA_VERSION, **to_value(report)}


def to_value(value: Any) -> Any:
    """Any part of a report as JSON values."""
    if isinstance(value, Evidence | Locator):
        # Its own form, in its own order.
        return {key: to_value(item) for key, item in value.to_json().items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        # Keys of facts come in any order; a report does not depend on it.
        return {
            _text(key): to_value(item)
            for key, item in sorted(((str(key), item) for key, item in value.items()), key=lambda pair: pair[0])
        }
    if isinstance(value, set | frozenset):
        return sorted((to_value(item) for item in value), key=repr)
    if isinstance(value, list | tuple):
        return [to_value(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return _text(value.as_posix() if isinstance(value, Path) else str(value))


def _text(text: str) -> str:
    """`text` as UTF-8 can hold it: halves of surrogate pairs become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
