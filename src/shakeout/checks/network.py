"""
What went wrong on the way to an address, as a small vocabulary.

| kind | meaning |
| --- | --- |
| `refused` | the machine answered that nothing listens on the port |
| `unknown-host` | the name has no address |
| `unreachable` | there is no way to the network or the machine |
| `no-answer` | nothing came back in time; `phase` is `connect` or `answer` |
| `tls` | the certificate or the handshake was not accepted |
| `wrong-scheme` | TLS was spoken to a plain port, or plain text to a TLS port |
| `reset` | the connection was closed before the answer was whole |
| `http-status` | an HTTP answer came, with another status than was needed |
| `not-http` | an answer came, and it is not HTTP |
| `invalid-address` | the address cannot be used at all |
| `other` | anything else; the error's own text is all there is |

Errors are told apart by class, `errno` and OpenSSL's reason codes, never by their text.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
import websockets.exceptions

from shakeout.errors import ShakeoutError

FaultKind = Literal[
    "refused",
    "unknown-host",
    "unreachable",
    "no-answer",
    "tls",
    "wrong-scheme",
    "reset",
    "http-status",
    "not-http",
    "invalid-address",
    "other",
]

_TLS_TO_PLAIN = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"}
_DEFAULT_PORTS = {"https": 443, "wss": 443, "postgresql": 5432, "postgres": 5432, "redis": 6379}


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkFault:
    """One failure to reach `host`:`port` with `scheme`; `message` is the library's own text."""

    kind: FaultKind
    message: str
    scheme: str
    host: str
    port: int
    phase: str | None = None

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        plain_asked = self.scheme in {"http", "ws"}
        return {
            "refused": f"nothing listens at {self.address} (connection refused)",
            "unknown-host": f"the name {self.host} has no address",
            "unreachable": f"there is no way to {self.address}",
            "no-answer": f"{self.address} did not answer in time",
            "tls": f"TLS with {self.address} failed: {self.message}",
            "wrong-scheme": f"{self.address} was asked with {self.scheme} and speaks "
            + ("TLS" if plain_asked else "plain text"),
            "reset": f"{self.address} closed the connection before it answered",
            "not-http": f"{self.address} answered something that is not HTTP",
            "invalid-address": f"the address cannot be used: {self.message}",
        }.get(self.kind, f"{self.address}: {self.message}")

    def facts(self) -> dict[str, Any]:
        """As a check's facts: `kind`, `scheme`, `host`, `port`, `address`, `message`, and `phase` where it is known."""
        facts: dict[str, Any] = {
            "kind": self.kind,
            "scheme": self.scheme,
            "host": self.host,
            "port": self.port,
            "address": self.address,
            "message": self.message,
        }
        return facts | ({"phase": self.phase} if self.phase else {})


class NotReached(ShakeoutError):
    """A request got no usable answer; `fault` says why."""

    def __init__(self, fault: NetworkFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def address_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL, with the scheme's usual port; host and scheme are empty where there is none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)
    except ValueError:
        return "", "", 0


def classify(error: BaseException, url: str) -> NetworkFault:
    """Which kind of failure `error` is, from the error and what caused it."""
    scheme, host, port = address_of(url)
    phase: str | None = None
    kind: FaultKind = "other"
    deepest = error
    for each in _chain(error):
        found, phase_here = _kind(each)
        phase = phase or phase_here
        if found is not None and (kind == "other" or found in {"tls", "wrong-scheme", "unknown-host"}):
            kind, deepest = found, each
    message = str(deepest) or type(deepest).__name__
    return NetworkFault(kind=kind, message=message, scheme=scheme, host=host, port=port, phase=phase)


async def diagnose(error: BaseException, url: str) -> NetworkFault:
    """
    Like `classify`, and where plain text got no HTTP answer, whether the port speaks TLS (one handshake, 2 s at most).
    """
    fault = classify(error, url)
    if fault.scheme not in {"http", "ws"} or fault.kind not in {"reset", "not-http", "other"}:
        return fault
    if await _speaks_tls(fault.host, fault.port):
        return NetworkFault(
            kind="wrong-scheme", message=fault.message, scheme=fault.scheme, host=fault.host, port=fault.port
        )
    return fault


async def try_address(host: str, port: int, *, scheme: str = "tcp", seconds: float = 3.0) -> NetworkFault | None:
    """Open a TCP connection and close it; None where that works."""
    location = f"[{host}]" if ":" in host else host
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError, UnicodeError) as error:
        return classify(error, f"{scheme}://{location}:{port}")
    writer.close()
    return None


async def _speaks_tls(host: str, port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as error:
        return error.reason not in _TLS_TO_PLAIN
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then what caused it, then the members of a group; each once."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += [cause for cause in (each.__cause__, each.__context__) if cause is not None]


def _kind(error: BaseException) -> tuple[FaultKind | None, str | None]:
    match error:
        case ssl.SSLCertVerificationError():
            return "tls", None
        case ssl.SSLError():
            return ("wrong-scheme" if error.reason in _TLS_TO_PLAIN else "tls"), None
        case socket.gaierror() | UnicodeError():
            return "unknown-host", None
        case ConnectionRefusedError():
            return "refused", None
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError() | asyncio.IncompleteReadError():
            return "reset", None
        case httpx2.ConnectTimeout():
            return "no-answer", "connect"
        case httpx2.TimeoutException() | TimeoutError():
            return "no-answer", "answer" if isinstance(error, httpx2.TimeoutException) else None
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL() | websockets.exceptions.InvalidURI():
            return "invalid-address", None
        case httpx2.RemoteProtocolError():
            return ("reset" if _closed(error) else "not-http"), None
        case httpx2.ReadError() | httpx2.WriteError() | websockets.exceptions.ConnectionClosed() | EOFError():
            return "reset", None
        case websockets.exceptions.InvalidMessage():
            return "not-http", None
        case OSError():
            return _by_number(error), None
        case _:
            return None, None


def _closed(error: BaseException) -> bool:
    """
    Whether a protocol error is only a connection that ended too early.

    h11 has one class for this and for an answer that is not HTTP; its text is all that tells them apart.
    """
    return any("disconnected" in str(each) or "closed connection" in str(each) for each in _chain(error))


def _by_number(error: OSError) -> FaultKind | None:
    numbers = {error.errno, *(_numbers(error))}
    if errno.ECONNREFUSED in numbers:
        return "refused"
    if numbers & {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN}:
        return "unreachable"
    if errno.ETIMEDOUT in numbers:
        return "no-answer"
    return None


def _numbers(error: OSError) -> Iterator[int]:
    """
    asyncio joins the failures of several addresses (IPv4 and IPv6) into one OSError without a number that only its
    text carries as `[Errno N]`.
    """
    for part in str(error).split("[Errno ")[1:]:
        number = part.partition("]")[0]
        if number.isdigit():
            yield int(number)
