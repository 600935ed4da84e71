"""
The versioned protocol of the live WebSocket: one schema, `protocol.json` beside this file.

The backend validates by it, the frontend serves the copy that its bundle was made for, and the reference page is
rendered from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

SCHEMA_FILE = Path(__file__).with_name("protocol.json")
SUBPROTOCOL_PREFIX = "shakeout."
"""A client offers `shakeout.<version>`; the server picks it."""

TOKEN_PREFIX = "bearer."
"""A client offers `bearer.<token>` beside it, because browsers cannot set a header on a WebSocket."""

Side = Literal["client", "server"]

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "object": dict,
    "array": list,
    "boolean": bool,
    "null": type(None),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFault:
    """
    What is wrong with one message.

    `code` is `MALFORMED_EVENT`, `UNKNOWN_TYPE` or `PROTOCOL_MISMATCH`; `reason` is one word for the log
    (`missing`, `not-a-string`); `id` and `event` (the message's type) are null where the message does not say.
    """

    code: str
    message: str
    reason: str
    field: str | None = None
    event: str | None = None
    id: str | None = None
    protocol: int | None = None


@cache
def schema(path: Path = SCHEMA_FILE) -> dict[str, Any]:
    """The whole schema: `protocol`, `accepts`, and for `client` and `server` the fields of every message type."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def version() -> int:
    """The version that this code speaks."""
    return int(schema()["protocol"])


def accepts(offered: int) -> bool:
    """Whether a client of that version is served."""
    return offered in schema()["accepts"]


def offered_version(subprotocols: list[str]) -> int | None:
    """The version that a client asks for in its subprotocols; null when none of them names one."""
    for name in subprotocols:
        number = name.removeprefix(SUBPROTOCOL_PREFIX)
        if number != name and number.isascii() and number.isdigit() and len(number) < 10:
            return int(number)
    return None


def offered_token(subprotocols: list[str]) -> str | None:
    """The token among a client's subprotocols; null when there is none."""
    for name in subprotocols:
        if name.startswith(TOKEN_PREFIX):
            return name[len(TOKEN_PREFIX) :]
    return None


def mismatch(offered: int | None) -> str:
    """The sentence that refuses a version; it names both."""
    server = f"the server speaks protocol {version()}"
    if offered is None:
        return f"the client names no protocol version (subprotocol {SUBPROTOCOL_PREFIX}<n>); {server}"
    return f"the client speaks protocol {offered}, {server}"


def fault_of(message: object, side: Side = "client") -> MessageFault | None:
    """What is wrong with a decoded message, or null when it keeps the schema. Unknown fields are let through."""
    if not isinstance(message, dict):
        return MessageFault(
            code="MALFORMED_EVENT", message=f"a message is a JSON object, not {_kind(message)}", reason="not-an-object"
        )
    name = message.get("type")
    event = name if isinstance(name, str) else None
    known: dict[str, Any] = {
        "event": event,
        "id": message["id"] if isinstance(message.get("id"), str) else None,
        "protocol": message["protocol"] if _is(message.get("protocol"), "integer") else None,
    }
    if event is None:
        missing = "type" not in message
        return MessageFault(
            code="MALFORMED_EVENT",
            message=f"field 'type' is {'missing' if missing else f'not a string but {_kind(name)}'}",
            reason="missing" if missing else "not-a-string",
            field="type",
            **known,
        )
    fields = schema()[side].get(event)
    if fields is None:
        types = ", ".join(schema()[side])
        return MessageFault(
            code="UNKNOWN_TYPE",
            message=f"'{event[:100]}' is not a type of message; known are {types}",
            reason="unknown",
            field="type",
            **known,
        )
    if known["protocol"] is not None and not accepts(known["protocol"]):
        return MessageFault(
            code="PROTOCOL_MISMATCH",
            message=mismatch(known["protocol"]),
            reason="not-accepted",
            field="protocol",
            **known,
        )
    for field, rule in fields.items():
        if field not in message:
            if rule["required"]:
                return MessageFault(
                    code="MALFORMED_EVENT",
                    message=f"field '{field}' of '{event}' is missing",
                    reason="missing",
                    field=field,
                    **known,
                )
        elif not _is(message[field], rule["type"]):
            wanted = _article(rule["type"])
            return MessageFault(
                code="MALFORMED_EVENT",
                message=f"field '{field}' of '{event}' is not {wanted} but {_kind(message[field])}",
                reason=f"not {wanted}".replace(" ", "-"),
                field=field,
                **known,
            )
    return None


def render_markdown() -> str:
    """The reference page of the protocol."""
    document = schema()
    accepted = ", ".join(str(number) for number in document["accepts"])
    lines = [
        "# The live WebSocket protocol",
        "",
        "<!-- Generated from src/shakeout/console/protocol.json. -->",
        "",
        f"Version {document['protocol']}; the server accepts {accepted}.",
        "",
        "Connect to `/v1/live` of the backend and offer two subprotocols: "
        f"`{SUBPROTOCOL_PREFIX}{document['protocol']}` and `{TOKEN_PREFIX}<access token>`.",
        "The server picks the first.",
        "A version that it does not accept is refused at the handshake with HTTP 426 and `PROTOCOL_MISMATCH`, "
        "a token that it does not accept with HTTP 401.",
        "Every message is a JSON object with `type` and `protocol`.",
        "A message that breaks the schema is answered with `error`, and the connection lives on.",
    ]
    for side, title in (("client", "From client to server"), ("server", "From server to client")):
        lines += ["", f"## {title}"]
        for name, fields in document[side].items():
            lines += ["", f"### `{name}`", "", "| field | type | required | meaning |", "| --- | --- | --- | --- |"]
            for field, rule in fields.items():
                required = "yes" if rule["required"] else "no"
                kind = rule["type"].replace("|", " or ")
                lines.append(f"| `{field}` | {kind} | {required} | {rule['description']} |")
    return "\n".join(lines) + "\n"


def _is(value: object, names: str) -> bool:
    if isinstance(value, bool):
        return "boolean" in names.split("|")
    return any(isinstance(value, _TYPES[name]) for name in names.split("|"))


def _article(names: str) -> str:
    return " or ".join(f"an {name}" if name[0] in "aeiou" else f"a {name}" for name in names.split("|"))


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, float):
        return "a number"
    return next((_article(name) for name, kind in _TYPES.items() if isinstance(value, kind)), type(value).__name__)
