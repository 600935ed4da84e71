"""The text of a message: what a JSON object says, without the object around it."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from shakeout.logs.formats.payload import SURE_KEYS

_SAYS = (*SURE_KEYS, "MESSAGE", "fields", "error", "err", "body", "stringValue", "reason")
_KEYS = 40


def spoken(texts: pl.Series) -> pl.Series:
    """The texts with JSON objects among them replaced by what they say."""
    objects = texts.str.starts_with("{")
    if not objects.any():
        return texts
    messages = texts.to_list()
    for at in objects.arg_true().to_list():
        messages[at] = said(messages[at])
    return pl.Series("text", messages, dtype=pl.String)


def said(text: str) -> str:
    """
    What a JSON object says: its message where it has one, else its keys in order with their values, as `key=value`.

    Text that is not a JSON object is returned as it is.
    """
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return text
    if not isinstance(value, dict):
        return text
    for key in _SAYS:
        inner = value.get(key)
        if isinstance(inner, dict):
            inner = next((inner[name] for name in _SAYS if isinstance(inner.get(name), str)), None)
        if isinstance(inner, str) and inner.strip():
            return _safe(inner)
    return _safe(" ".join(f"{key}={_plain(value[key])}" for key in sorted(value)[:_KEYS]))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"' if " " in value else value
    return msgspec.json.encode(value).decode("utf-8", "replace")


def _safe(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
