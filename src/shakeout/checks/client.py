"""One HTTP question and its whole answer, bounded in time and size."""

from __future__ import annotations

import asyncio
import json
import shlex
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import httpx2

from shakeout.checks.deadline import remaining
from shakeout.checks.kinds import TLSOptions
from shakeout.checks.network import NotReached, address_of, diagnose

BODY_LIMIT = 256 * 1024
"""Bytes of an answer that are read; the rest is not waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An HTTP answer. `seconds` is from the first byte sent to the last byte read."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    url: str
    truncated: bool = False
    certificate_ends: datetime | None = None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def summary(self) -> str:
        return f"{self.status} {self.reason}".strip()

    def json(self) -> Any:
        """The body as JSON; None where it is not JSON (or is JSON's null)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def error_code(self) -> str | None:
        """`error.code` of the answer, as the console's services give it, where there is one."""
        code = dotted(self.json(), "error.code")
        return code if isinstance(code, str) else None

    def excerpt(self) -> str:
        """Status line, the headers that explain an answer, and the beginning of the body."""
        told = ("content-type", "location", "retry-after", "server", "www-authenticate")
        lines = [f"HTTP {self.summary}"]
        lines += [f"{name}: {self.headers[name]}" for name in told if name in self.headers]
        return "\n".join([*lines, "", self.text[:1500]]).rstrip()


async def ask_http(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    content: bytes | str | None = None,
    tls: TLSOptions | None = None,
    follow_redirects: bool = False,
) -> Reply:
    """
    Ask once, without retries, within what remains of the check's deadline. `body` is sent as JSON.

    Raises NotReached where no HTTP answer came.
    """
    tls = tls or TLSOptions()
    seconds = remaining()
    scheme, host, _ = address_of(url)
    verify: ssl.SSLContext | bool = _context(tls.verify, tls.ca_file) if scheme == "https" else False
    started = time.perf_counter()
    try:
        async with (
            asyncio.timeout(seconds + 0.2),
            httpx2.AsyncClient(
                verify=verify,
                timeout=seconds,
                follow_redirects=follow_redirects,
                max_redirects=5,
                trust_env=not _is_loopback(host),
            ) as client,
            client.stream(method, url, headers=dict(headers or {}), json=body, content=content) as response,
        ):
            received = bytearray()
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > BODY_LIMIT:
                    break
            return Reply(
                status=response.status_code,
                reason=response.reason_phrase,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=bytes(received[:BODY_LIMIT]),
                seconds=time.perf_counter() - started,
                url=str(response.url),
                truncated=len(received) > BODY_LIMIT,
                certificate_ends=_certificate_ends(response),
            )
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, UnicodeError) as error:
        raise NotReached(await diagnose(error, url)) from error


def curl(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: Any = None, more: str = ""
) -> str:
    """
    A command line that asks the same. What stands as `$NAME` in a header or in the body is left to the caller's shell.
    """
    words = ["curl", "-sS", "-i"]
    if more:
        words.append(more)
    if method != "GET":
        words += ["-X", method]
    for name, value in (headers or {}).items():
        words += ["-H", _quoted(f"{name}: {value}")]
    if body is not None:
        words += ["-H", "'Content-Type: application/json'", "-d", _quoted(json.dumps(body))]
    return " ".join([*words, shlex.quote(url)])


def dotted(value: Any, path: str, missing: Any = None) -> Any:
    """The value at a dotted path of keys and list positions; `missing` where there is none."""
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return missing
    return value


def _quoted(text: str) -> str:
    if "$" not in text:
        return shlex.quote(text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`") + '"'


@lru_cache(maxsize=16)
def _context(verify: bool, ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def tls_context(tls: TLSOptions) -> ssl.SSLContext:
    """The TLS settings that the options ask for."""
    return _context(tls.verify, tls.ca_file)


def _is_loopback(host: str) -> bool:
    """Whether a proxy of the caller's environment must be left out."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _certificate_ends(response: httpx2.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = connection.getpeercert() if connection is not None else None
    ends = certificate.get("notAfter") if certificate else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
