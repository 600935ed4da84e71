"""The live WebSocket: handshake, messages in, and the task that sends messages out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from shakeout.console import protocol
from shakeout.console.answers import ConsoleError, failure, token_refused
from shakeout.console.backend.gate import Gate
from shakeout.console.backend.hub import EVERY_RUN, TOO_SLOW, Client, Hub, event_text, message
from shakeout.console.protocol import MessageFault
from shakeout.console.tokens import Claims, TokenRefused, refuse
from shakeout.history.history import History

LARGEST_MESSAGE = 65_536
"""Bytes of one message from a client; uvicorn closes the connection with 1009 on a larger one."""

SUBSCRIPTIONS = 1000
TOKEN_ENDED = 4001
CLOSE_SECONDS = 5.0
REVOCATION_SECONDS = 5.0
"""How often a connection's token is looked at again."""

_log = logging.getLogger(__name__)


class Live:
    """Serves `/v1/live`; one instance for all connections."""

    def __init__(self, hub: Hub, history: History, gate: Gate) -> None:
        self._hub = hub
        self._history = history
        self._gate = gate

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, from handshake to end."""
        offered = list(websocket.scope.get("subprotocols") or [])
        version = protocol.offered_version(offered)
        if version is None or not protocol.accepts(version):
            await _refuse_version(websocket, version)
            return
        token = protocol.offered_token(offered)
        try:
            if not token:
                seen = "no such subprotocol"
                refuse("TOKEN_MISSING", "No access token was sent.", expected="subprotocol bearer.<token>", seen=seen)
            claims = await self._gate.admit_token(token)
        except TokenRefused as refusal:
            await websocket.send_denial_response(token_refused(refusal))
            return
        except ConsoleError as error:
            await websocket.send_denial_response(error.answer())
            return
        await websocket.accept(subprotocol=f"{protocol.SUBPROTOCOL_PREFIX}{version}")
        client = self._hub.join()
        connection = _Connection(websocket, client, version, self._hub, self._history)
        try:
            await connection.run(self._gate, token, claims)
        finally:
            self._hub.leave(client)


class _Connection:
    def __init__(self, websocket: WebSocket, client: Client, version: int, hub: Hub, history: History) -> None:
        self._websocket = websocket
        self._client = client
        self._version = version
        self._hub = hub
        self._history = history
        self._sending = asyncio.Lock()

    async def run(self, gate: Gate, token: str, claims: Claims) -> None:
        """Until either side ends it, the client is too slow, or its token ends."""
        tasks = [
            asyncio.create_task(self._receive()),
            asyncio.create_task(self._send()),
            asyncio.create_task(_until_token_ends(gate, token, claims)),
            asyncio.create_task(self._overflowed()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        if self._client.too_slow:
            _log.warning("live connection %s is dropped: it does not keep up", self._client.name)
            await self._close(TOO_SLOW, "too slow: the queue of messages is full")
        elif tasks[2] in done:
            await self._close(TOKEN_ENDED, str(results[2]))
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                _log.error("live connection %s: %s: %s", self._client.name, type(result).__name__, result)

    async def _receive(self) -> None:
        while True:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                return
            text = received.get("text")
            try:
                decoded = json.loads(text if text is not None else received.get("bytes") or b"")
            except (ValueError, RecursionError):
                fault: MessageFault | None = MessageFault(
                    code="MALFORMED_EVENT", message="the message is not JSON", reason="not-json"
                )
            else:
                fault = protocol.fault_of(decoded)
            if fault is not None:
                self._answer_fault(fault)
            elif decoded["type"] == "subscribe":
                await self._subscribe(decoded["id"], decoded["run"], decoded.get("since"))
            elif decoded["type"] == "unsubscribe":
                self._hub.unsubscribe(self._client, decoded["run"])
                self._client.offer(message("unsubscribed", id=decoded["id"], run=decoded["run"]))
            else:
                self._client.offer(message("pong", id=decoded["id"]))

    async def _subscribe(self, name: str, run: str, since: int | None) -> None:
        if len(self._client.subscriptions) >= SUBSCRIPTIONS and run not in self._client.subscriptions:
            self._error("TOO_MANY_SUBSCRIPTIONS", f"a connection has up to {SUBSCRIPTIONS}", name, "run", "subscribe")
            return
        self._client.held.setdefault(run, [])
        self._hub.subscribe(self._client, run)
        self._client.offer(message("subscribed", id=name, run=run, sequence=self._history.journal.last))
        replayed = 0
        if since is not None:
            replayed = await self._replay(name, run, since)
        for sequence, text in self._client.held.pop(run, []):
            if sequence > replayed:
                self._client.offer(text)

    async def _replay(self, name: str, run: str, since: int) -> int:
        """Send what is kept, waiting for the client; the newest sequence that was sent."""
        events, complete = await self._history.events(run=None if run == EVERY_RUN else run, since=max(since, 0))
        async with self._sending:
            await self._flush()
            for event in events:
                await self._websocket.send({"type": "websocket.send", "text": event_text(event)})
        if not complete:
            self._error("REPLAY_INCOMPLETE", "not all events since then can be told now", name, None, "subscribe")
        return events[-1].sequence if events else 0

    async def _overflowed(self) -> None:
        """Ends when the queue is full: the sender may be stuck in a connection that takes nothing any more."""
        await self._client.overflowed.wait()

    async def _send(self) -> None:
        while True:
            await self._client.ready.wait()
            async with self._sending:
                await self._flush()

    async def _flush(self) -> None:
        while (text := self._client.take()) is not None:
            await self._websocket.send({"type": "websocket.send", "text": text})

    def _answer_fault(self, fault: MessageFault) -> None:
        _log.warning(
            "malformed WebSocket event: event=%s field=%s reason=%s "
            "client_protocol=%s server_protocol=%s connection=%s",
            _word(fault.event),
            _word(fault.field),
            fault.reason,
            self._version if fault.protocol is None else fault.protocol,
            protocol.version(),
            self._client.name,
        )
        self._error(fault.code, fault.message, fault.id, fault.field, fault.event)

    def _error(self, code: str, text: str, name: str | None, field: str | None, event: str | None) -> None:
        self._client.offer(message("error", id=name, code=code, message=text, field=field, event=event))

    async def _close(self, code: int, reason: str) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                await asyncio.wait_for(self._websocket.close(code, reason[:100]), CLOSE_SECONDS)


async def _until_token_ends(gate: Gate, token: str, claims: Claims) -> str:
    """Why the token is not accepted any more, once it is not; auth being away ends nothing."""
    while (left := claims.expires_at - time.time()) > 0:
        await asyncio.sleep(min(left, REVOCATION_SECONDS))
        with contextlib.suppress(ConsoleError):
            try:
                await gate.admit_token(token)
            except TokenRefused as refusal:
                return refusal.code
    return "TOKEN_EXPIRED"


async def _refuse_version(websocket: WebSocket, version: int | None) -> None:
    text = protocol.mismatch(version)
    _log.warning(
        "WebSocket handshake refused: code=PROTOCOL_MISMATCH client_protocol=%s server_protocol=%s",
        "none" if version is None else version,
        protocol.version(),
    )
    detail = {"client_protocol": version, "server_protocol": protocol.version()}
    answer = failure(426, "PROTOCOL_MISMATCH", text, field="Sec-WebSocket-Protocol", detail=detail)
    await websocket.send_denial_response(answer)


def _word(text: str | None) -> str:
    """A client's word as one printable word of the log."""
    return "none" if not text else ascii(text)[1:-1].replace(" ", "_")[:60]
