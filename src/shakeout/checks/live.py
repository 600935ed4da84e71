"""
Live connections as a client of the application would open them: the messages come from the schema that the frontend
really serves, so that an old bundle's messages are what is tested.

A schema is a JSON document with a protocol number and, for each type of message that a client sends, its fields:
`{"protocol": 1, "client": {"subscribe": {"run": {"type": "string", "required": true}}}}`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import websockets.exceptions
from pydantic import Field
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from shakeout.checks.base import Context
from shakeout.checks.client import dotted, tls_context
from shakeout.checks.deadline import remaining
from shakeout.checks.kinds import Options, TLSOptions
from shakeout.checks.network import NetworkFault, diagnose

_KEY = base64.b64encode(b"shakeout-checker").decode()
_EMPTY = {"integer": 0, "number": 0, "boolean": False, "object": {}, "array": [], "null": None}


class LiveOptions(Options):
    """How a connection is opened, what is sent and how answers are read."""

    path: str = "/v1/live"
    subprotocols: tuple[str, ...] = ("shakeout.{protocol}", "bearer.{token}")
    """Offered to the server, which has to pick the first; `{protocol}` and `{token}` are filled in."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Further headers of the handshake; `{token}` is filled in."""
    query: str = ""
    """Added to the address after `?`; `{token}` is filled in."""
    messages: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Messages by type, instead of those made from the schema; texts may be `{run}`, `{id}`, `{protocol}`."""
    subscribe: str = "subscribe"
    ping: str | None = "ping"
    type: str = "type"
    """The field of a message that names its type."""
    protocol_field: str = "protocol"
    id_field: str = "id"
    subscribed: str = "subscribed"
    event: str = "event"
    pong: str = "pong"
    error: str = "error"
    error_code: str = "code"
    error_field: str = "field"
    error_event: str = "event"
    tls: TLSOptions = TLSOptions()


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """What the client side speaks: its protocol and the fields of each type of message; `source` is its address."""

    protocol: int | str | None
    client: Mapping[str, Any]
    source: str | None

    def message(self, options: LiveOptions, name: str, run: str, ident: str) -> dict[str, Any] | None:
        """A message with every required field; None where this client knows no such message."""
        known = {"run": run, "id": ident, "protocol": self.protocol}
        if name in options.messages:
            filled = {key: _filled(value, known) for key, value in options.messages[name].items()}
            return {options.type: name, **filled}
        fields = self.client.get(name)
        if not isinstance(fields, Mapping):
            return None
        special = {options.type: name, options.protocol_field: self.protocol, options.id_field: ident}
        return {
            key: special[key] if key in special else _of_type(rule, run)
            for key, rule in fields.items()
            if not isinstance(rule, Mapping) or rule.get("required", True)
        }


@dataclass(kw_only=True)
class Talk:
    """
    One connection: whether it was opened, what came, and which errors.

    `refused` is the handshake's answer where it was refused: `{status, code, message, detail}`.
    """

    number: int
    connection: ClientConnection | None = None
    subprotocol: str | None = None
    fault: NetworkFault | None = None
    refused: dict[str, Any] | None = None
    received: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    closed: str | None = None

    @property
    def wrong(self) -> bool:
        return bool(self.errors or self.fault or self.refused or self.closed)

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"connection": self.number, "opened": self.connection is not None}
        if self.errors:
            facts["errors"] = self.errors
        if self.fault:
            facts["fault"] = self.fault.facts()
        if self.refused:
            facts["refused"] = self.refused
        if self.closed:
            facts["closed"] = self.closed
        return facts

    async def send(self, message: Mapping[str, Any] | str) -> None:
        """Send a message; a connection that is closed says so in `closed`."""
        if self.connection is None:
            return
        try:
            await self.connection.send(message if isinstance(message, str) else json.dumps(message))
        except websockets.exceptions.ConnectionClosed as error:
            self.closed = str(error)

    async def until(
        self, options: LiveOptions, wanted: Callable[[dict[str, Any]], bool], seconds: float
    ) -> dict[str, Any] | None:
        """The first message that is `wanted`; None where an error, the end, or the time came first."""
        if self.connection is None:
            return None
        try:
            async with asyncio.timeout(min(seconds, remaining())):
                while True:
                    raw = await self.connection.recv()
                    message = _decoded(raw)
                    if len(self.received) < 200:
                        self.received.append(message)
                    if wanted(message):
                        return message
                    if message.get(options.type) == options.error:
                        self.errors.append(_error(options, message))
                        return None
        except TimeoutError:
            return None
        except websockets.exceptions.ConnectionClosed as error:
            self.closed = str(error)
            return None

    async def close(self) -> None:
        """Close the connection; can be called twice."""
        if self.connection is not None:
            async with asyncio.timeout(3):
                await self.connection.close()


async def open_talk(
    options: LiveOptions, base: str, protocol: int | str | None, token: str | None, number: int = 1
) -> Talk:
    """Open one connection; whatever goes wrong is in the answer."""
    url = address(options, base, token)
    try:
        connection = await connect(
            url,
            subprotocols=[Subprotocol(name) for name in offered(options, protocol, token)] or None,
            additional_headers={name: value.format(token=token or "") for name, value in options.headers.items()},
            open_timeout=remaining(),
            close_timeout=1,
            proxy=None,
            ssl=tls_context(options.tls) if url.startswith("wss:") else None,
        )
    except websockets.exceptions.InvalidStatus as error:
        return Talk(number=number, refused=_refusal(error))
    except (OSError, TimeoutError, EOFError, websockets.exceptions.WebSocketException) as error:
        return Talk(number=number, fault=await diagnose(error, url))
    return Talk(number=number, connection=connection, subprotocol=connection.subprotocol)


def address(options: LiveOptions, base: str, token: str | None) -> str:
    """The WebSocket address of a service."""
    query = f"?{options.query.format(token=token or '')}" if options.query else ""
    return f"{base.replace('http', 'ws', 1)}/{options.path.lstrip('/')}{query}"


def offered(options: LiveOptions, protocol: int | str | None, token: str | None) -> list[str]:
    """The subprotocols to offer; those that need a token are left out where there is none."""
    return [
        name.format(protocol=protocol, token=token)
        for name in options.subprotocols
        if not ("{token}" in name and not token) and not ("{protocol}" in name and protocol is None)
    ]


def handshake_command(options: LiveOptions, base: str, protocol: int | str | None) -> str:
    """A command line that asks for the same upgrade and shows the answer."""
    names = ", ".join(offered(options, protocol, "$TOKEN"))
    words = ["curl -sS -i -N --max-time 5 -H 'Connection: Upgrade' -H 'Upgrade: websocket'"]
    words.append(f"-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: {_KEY}'")
    if names:
        words.append(f'-H "Sec-WebSocket-Protocol: {names}"')
    words += [f'-H "{name}: {value.format(token="$TOKEN")}"' for name, value in options.headers.items()]
    url = address(options, base, "$TOKEN").replace("ws", "http", 1)
    return " ".join([*words, f'"{url}"'])


def token_of(context: Context) -> str | None:
    """The token that the auth check left."""
    token = context.shared.get("token")
    return token if isinstance(token, str) else None


def _refusal(error: websockets.exceptions.InvalidStatus) -> dict[str, Any]:
    body = bytes(error.response.body or b"")[:4096]
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    told = {name: dotted(answer, f"error.{name}") for name in ("code", "message", "detail")}
    text = body.decode("utf-8", "replace")
    return {"status": error.response.status_code, "body": text, **{k: v for k, v in told.items() if v is not None}}


def _error(options: LiveOptions, message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event": message.get(options.error_event),
        "field": message.get(options.error_field),
        "code": message.get(options.error_code),
        "message": message.get("message"),
        "server_protocol": message.get(options.protocol_field),
    }


def _decoded(raw: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        message = None
    return message if isinstance(message, dict) else {"unreadable": str(raw)[:200]}


def _of_type(rule: Any, run: str) -> Any:
    """A value that a field of this type takes: a run's id where it is text, else something empty."""
    name = str(rule.get("type", "string") if isinstance(rule, Mapping) else rule).split("|")[0]
    return _EMPTY.get(name, run)


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        if value.startswith("{") and value[1:-1] in known:
            return known[value[1:-1]]
        for name, each in known.items():
            value = value.replace(f"{{{name}}}", str(each))
        return value
    if isinstance(value, Mapping):
        return {key: _filled(each, known) for key, each in value.items()}
    return [_filled(each, known) for each in value] if isinstance(value, list) else value
