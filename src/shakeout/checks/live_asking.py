"""One question of a `websocket` entry: the options, the connections, the live run, and the facts of what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from shakeout.checks.base import Context
from shakeout.checks.client import Reply, ask_http
from shakeout.checks.kinds import Configured, Options
from shakeout.checks.live import LiveOptions, Schema, Talk, address, handshake_command, open_talk
from shakeout.checks.tokens import token_header


class Step(Options):
    """A call that makes something happen; texts may hold `{run}`, `{marker}` and `{commit}`."""

    path: str
    method: str = "POST"
    body: Any = None
    run: str | None = None
    """Dotted path of a new run's id in the answer."""


_RUN = {"application": "shakeout-check", "environment": "shakeout-check", "commit": "{commit}", "target": "none"}
_EVENT = {"kind": "progress", "message": "{marker}"}
_REPORT = {"schema_version": 1, "status": "SUCCESSFUL", "services": [], "checks": [], "issues": []}


class WebSocketOptions(LiveOptions):
    """Whose messages are sent, over how many connections, and how an event is made to happen."""

    client: str | None = None
    """The service that serves the schema; by default the one that serves a bundle."""
    schema_path: str | None = Field("/protocol.json", alias="schema")
    schema_protocol: str = "protocol"
    schema_messages: str = "client"
    protocol: int | str | None = None
    """The client's protocol, where no schema says it."""
    connections: int = Field(3, ge=1, le=50)
    account: bool = True
    """Whether a token of the auth check is needed."""
    begin: Step | None = Step(path="/v1/runs", body={"run": _RUN}, run="run.id")
    trigger: Step | None = Step(path="/v1/runs/{run}/events", body={"events": [_EVENT]})
    finish: Step | None = Step(path="/v1/runs/{run}/report", body={"report": _REPORT})
    run: str = "*"
    """What is subscribed to where no run is begun."""
    wrong_protocol: int | str = 999_999
    refused: tuple[int, ...] = (400, 403, 406, 426)


@dataclass
class Asking:
    """One question in progress: where, as whom, in which words."""

    entry: Configured[WebSocketOptions]
    context: Context
    service: str
    client: str | None
    schema: Schema
    token: str | None

    @property
    def options(self) -> WebSocketOptions:
        return self.entry.options

    @property
    def base(self) -> str:
        return self.context.url(self.service) or ""

    @property
    def again(self) -> str:
        return handshake_command(self.options, self.base, self.schema.protocol)

    def facts(self, *talks: Talk) -> dict[str, Any]:
        errors = [error for talk in talks for error in talk.errors]
        refusals = [talk.refused["detail"] for talk in talks if talk.refused and "detail" in talk.refused]
        said = [message.get(self.options.protocol_field) for talk in talks for message in talk.received]
        said += [detail.get("server_protocol") for detail in refusals if isinstance(detail, Mapping)]
        return {
            "service": self.service,
            "url": address(self.options, self.base, None).partition("?")[0],
            "client": self.client,
            "client_protocol": self.schema.protocol,
            "server_protocol": next((each for each in said if each is not None), None),
            "connections_total": len(talks),
            "connections_with_errors": sum(talk.wrong for talk in talks),
            "connections": [talk.facts() for talk in talks],
            "events": distinct(error["event"] for error in errors),
            "fields": distinct(error["field"] for error in errors),
            "codes": distinct(error["code"] for error in errors),
            "messages": sorted(str(name) for name in self.schema.client),
        }

    async def open(self, stack: AsyncExitStack, count: int) -> list[Talk]:
        """Open `count` connections at the same time; they are closed with the stack."""
        opening = [
            open_talk(self.options, self.base, self.schema.protocol, self.token, number + 1) for number in range(count)
        ]
        talks = list(await asyncio.gather(*opening))
        for talk in talks:
            stack.push_async_callback(talk.close)
        return talks

    async def step(self, step: Step, **values: str) -> Reply:
        known = {"commit": self.context.plan.commit, **values}
        return await ask_http(
            step.method,
            f"{self.base}/{_put(step.path, known).lstrip('/')}",
            headers=token_header(self.context),
            body=_put(step.body, known),
            tls=self.options.tls,
        )


def distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once, in order, without None."""
    return list(dict.fromkeys(value for value in values if value is not None))


def _put(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, each in known.items():
            value = value.replace(f"{{{name}}}", each)
        return value
    if isinstance(value, Mapping):
        return {key: _put(each, known) for key, each in value.items()}
    return [_put(each, known) for each in value] if isinstance(value, (list, tuple)) else value
