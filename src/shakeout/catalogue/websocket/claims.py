"""What can be said of a live connection that does not work."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim


@claim(Layer.MECHANISM)
class EventsMalformed(Claim):
    """A service refuses events, because a field is missing in them or is not what it has to be (`reason`)."""

    service: str | None
    event: str | None
    field: str
    reason: str

    def __str__(self) -> str:
        events = f"'{self.event}' events" if self.event else "events"
        server = f" that {self.service} requires" if self.service else " that the server requires"
        if self.reason == "missing":
            return f"{events} lack the field '{self.field}'{server}"
        return f"{events} have a field '{self.field}' that {self.service or 'the server'} does not accept"

    def why(self) -> str:
        events = f"'{self.event}' events" if self.event else "the events"
        return f"Why do {events} {'lack' if self.reason == 'missing' else 'have another'} '{self.field}'?"


@claim(Layer.MECHANISM)
class HandshakeRefused(Claim):
    """A service refuses to open live connections, with this HTTP status and, where it names one, this code."""

    service: str | None
    status: int
    code: str | None

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        return f"{self.service or 'the server'} refuses the WebSocket handshake with status {self.status}{code}"

    def why(self) -> str:
        return f"Why does {self.service or 'the server'} refuse the handshake with status {self.status}?"


@claim(Layer.MECHANISM)
class ConnectionClosed(Claim):
    """A service ends live connections that were open; `code` is that of RFC 6455, 1006 where no close was sent."""

    service: str | None
    code: int

    def __str__(self) -> str:
        return f"{self.service or 'the server'} closes open connections with code {self.code}{_meaning(self.code)}"

    def why(self) -> str:
        return f"Why does {self.service or 'the server'} close connections with code {self.code}?"


@claim(Layer.MECHANISM)
class AnswerMissing(Claim):
    """A service leaves a message of a live connection without an answer, and the connection open."""

    service: str | None
    message: str

    def __str__(self) -> str:
        server = self.service or "the server"
        if self.message == "event":
            return f"{server} sends no event to those who subscribed, while the connection stays open"
        return f"{server} does not answer '{self.message}', while the connection stays open"

    def why(self) -> str:
        if self.message == "event":
            return "Why is no event sent?"
        return f"Why is '{self.message}' not answered?"


@claim(Layer.DECLARATION)
class MessageNotHandled(Claim):
    """The code that handles a service's messages does not know one of them any more."""

    message: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at.path} handles the other messages and does not know '{self.message}' any more"

    def why(self) -> str:
        return f"Why does {self.at.path} not know '{self.message}'?"

    def title(self) -> str:
        return f"'{self.message}' is not handled in {self.at.path}"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class RouteElsewhere(Claim):
    """The code serves live connections at another path than clients ask for."""

    service: str
    asked: str
    served: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} serves live connections at {self.served}, and clients ask for {self.asked}"

    def title(self) -> str:
        return f"Live connections are asked for at {self.asked} and served at {self.served} ({self.at})"

    def why(self) -> str:
        return f"Why does {self.at} say {self.served}?"


@claim(Layer.DECLARATION)
class OriginNotAllowed(Claim):
    """A setting of the manifest lists the origins that a service lets in, and the client's is not among them."""

    service: str
    setting: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} sets {self.setting} of {self.service} to origins that the client's is not among"

    def title(self) -> str:
        return f"{self.setting} of {self.service} leaves the client's origin out ({self.at})"


@claim(Layer.DECLARATION)
class NotSerialisable(Claim):
    """A line sends a value that cannot be written as JSON."""

    type: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} writes a {self.type} as JSON, which has no form for it"

    def title(self) -> str:
        return f"A {self.type} cannot be sent as JSON ({self.at})"

    def why(self) -> str:
        return f"Why does {self.at} write a {self.type} as JSON?"


_MEANINGS = {
    1002: "a message broke the WebSocket protocol",
    1003: "a kind of data that it does not take",
    1006: "without saying why",
    1007: "a text that is not UTF-8",
    1008: "a rule of its own was broken",
    1009: "a message was too large",
    1011: "an error within the server",
    1012: "the server restarts",
    1013: "the server is overloaded",
}


def _meaning(code: int) -> str:
    return f" ({_MEANINGS[code]})" if code in _MEANINGS else ""
