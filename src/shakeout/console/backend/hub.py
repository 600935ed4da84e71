"""
Hands live events to the clients that subscribed to them, and waits for none of them.

Every client has a bounded queue. One whose queue is full is dropped with close code 4008.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from shakeout.console import protocol
from shakeout.history.facts import LiveEvent, moment

EVERY_RUN = "*"
TOO_SLOW = 4008
QUEUE_MESSAGES = 1000
QUEUE_CHARACTERS = 4 * 2**20


class Client:
    """
    One connection's outgoing side. `name` is its name in the log.

    While the past of a subscription is replayed, its live events wait in `held`.
    """

    def __init__(self, name: str, *, messages: int = QUEUE_MESSAGES, characters: int = QUEUE_CHARACTERS) -> None:
        self.name = name
        self.subscriptions: set[str] = set()
        self.held: dict[str, list[tuple[int, str]]] = {}
        self.ready = asyncio.Event()
        self.overflowed = asyncio.Event()
        self._queue: deque[str] = deque()
        self._size = 0
        self._messages = messages
        self._characters = characters

    @property
    def too_slow(self) -> bool:
        """Whether there was no room for a message once: it is to be dropped."""
        return self.overflowed.is_set()

    def offer(self, text: str) -> bool:
        """Queue a message; False, from then on, when there was no room."""
        if self.too_slow or len(self._queue) >= self._messages or self._size + len(text) > self._characters:
            self.overflowed.set()
            return False
        self._queue.append(text)
        self._size += len(text)
        self.ready.set()
        return True

    def offer_event(self, subscription: str, sequence: int, text: str) -> None:
        """Queue a live event, or hold it back while that subscription's past is replayed."""
        held = self.held.get(subscription)
        if held is None:
            self.offer(text)
        elif len(held) < self._messages:
            held.append((sequence, text))
        else:
            self.overflowed.set()

    def take(self) -> str | None:
        """The next message to send, None when there is none; `ready` is cleared then."""
        if not self._queue:
            self.ready.clear()
            return None
        text = self._queue.popleft()
        self._size -= len(text)
        return text


class Hub:
    """All clients, by what they subscribed to."""

    def __init__(self) -> None:
        self._subscribers: dict[str, set[Client]] = {}
        self._named = 0
        self.clients: set[Client] = set()

    def join(self) -> Client:
        """A new client, with a name of its own."""
        self._named += 1
        client = Client(f"c{self._named}")
        self.clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self.clients.discard(client)
        for run in list(client.subscriptions):
            self.unsubscribe(client, run)

    def subscribe(self, client: Client, run: str) -> None:
        """Send a run's events (`*`: every run's) to a client from now on."""
        client.subscriptions.add(run)
        self._subscribers.setdefault(run, set()).add(client)

    def unsubscribe(self, client: Client, run: str) -> None:
        """Stop doing so."""
        client.subscriptions.discard(run)
        client.held.pop(run, None)
        subscribers = self._subscribers.get(run)
        if subscribers is not None:
            subscribers.discard(client)
            if not subscribers:
                del self._subscribers[run]

    def publish(self, event: LiveEvent) -> None:
        """Hand an event to whoever subscribed; a client that subscribed twice gets it once."""
        to_run: AbstractSet[Client] = self._subscribers.get(event.run, frozenset())
        to_all: AbstractSet[Client] = self._subscribers.get(EVERY_RUN, frozenset())
        if not to_run and not to_all:
            return
        text = event_text(event)
        for client in to_run:
            client.offer_event(event.run, event.sequence, text)
        for client in to_all:
            if client not in to_run:
                client.offer_event(EVERY_RUN, event.sequence, text)


def event_text(event: LiveEvent) -> str:
    """An event as the message that carries it."""
    return message("event", run=event.run, sequence=event.sequence, at=moment(event.at), event=event.event)


def message(kind: str, **fields: Any) -> str:
    """A message from the server, as text."""
    document: Mapping[str, Any] = {"type": kind, "protocol": protocol.version(), **fields}
    return json.dumps(document, separators=(",", ":"), allow_nan=False)
