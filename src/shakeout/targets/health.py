"""One question whether a service is well, and what it answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import httpx2

from shakeout.manifest.model import Health
from shakeout.targets.ports import HOST

TRY_SECONDS = 2.0
"""How long one answer may take."""

_BODY_LIMIT = 65_536
_EXCERPT = 200
_TELLING = 100
_FINE = {"up", "ok", "pass", "healthy", "ready", "disabled", "connected"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """
    What came of one question. `why` completes "not ready because …"; `refused` means that nothing listens there;
    `status` and `body` (its first 200 characters, not redacted) are of an HTTP answer.
    """

    well: bool
    why: str = ""
    refused: bool = False
    status: int | None = None
    body: str | None = None


async def ask(client: httpx2.AsyncClient, url: str, health: Health, seconds: float = TRY_SECONDS) -> Answer:
    """GET the health address, within so many seconds, and hold the answer against what the manifest expects."""
    question = f"GET {health.path}"
    try:
        async with asyncio.timeout(seconds), client.stream("GET", url + health.path) as response:
            raw = bytearray()
            async for part in response.aiter_bytes():
                raw += part
                if len(raw) > _BODY_LIMIT:
                    break
            status = response.status_code
    except httpx2.ConnectError:
        return Answer(well=False, refused=True, why=f"nothing listens on {url.removeprefix('http://')}")
    except TimeoutError:
        return Answer(well=False, why=f"{question} has no answer within {seconds:.0f} s")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Answer(well=False, why=f"{question} has no valid answer: {error or type(error).__name__}")
    text = " ".join(bytes(raw[:_BODY_LIMIT]).decode("utf-8", "replace").split())
    body = text[:_EXCERPT]
    if status != health.status:
        wanted = "" if health.status == 200 else f", expected {health.status}"
        return Answer(well=False, status=status, body=body, why=f"{question} answers {status}{wanted}{_telling(text)}")
    if wrong := _mismatch(text, health.body):
        return Answer(well=False, status=status, body=body, why=f"{question} answers {status}, but {wrong}")
    return Answer(well=True, status=status, body=body)


def _telling(text: str) -> str:
    """`: ` and the part of an answer's body that says why it is no better; nothing for an empty body."""
    try:
        document = json.loads(text)
    except ValueError:
        text = _page(text)
        return f": {_short(text)}" if text else ""
    if not isinstance(document, dict):
        return f": {_short(text)}"
    parts = []
    for found in document.values():
        for name, value in found.items() if isinstance(found, dict) else ():
            status = value.get("status") if isinstance(value, dict) else None
            if isinstance(status, str) and status.lower() not in _FINE:
                detail = value.get("detail") or value.get("message")
                parts.append(f"{name} is {status}" + (f" ({detail})" if isinstance(detail, str) else ""))
    error = document.get("error")
    for holder in (error if isinstance(error, dict) else {}, document):
        for key in ("message", "detail", "reason", "error", "status"):
            if not parts and isinstance(holder.get(key), str):
                parts.append(holder[key])
    return f": {_short('; '.join(parts) or text)}"


class _Reading(HTMLParser):
    """What a person reads of a page: its title, and its text without scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.title: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"title", "script", "style"}:
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if not self.within:
            self.text.append(data)
        elif self.within[-1] == "title":
            self.title.append(data)


def _page(text: str) -> str:
    """The title of an HTML page, else its text; any other text as it is."""
    if not text[:200].lower().startswith(("<!doctype html", "<html", "<head", "<h1", "<title")):
        return text
    reading = _Reading()
    reading.feed(text)
    return " ".join("".join(reading.title or reading.text).split())


def _short(text: str) -> str:
    return text if len(text) <= _TELLING else text[: _TELLING - 1] + "…"


async def connects(port: int) -> Answer:
    """Whether somebody accepts connections on the loopback port."""
    try:
        async with asyncio.timeout(TRY_SECONDS):
            _, writer = await asyncio.open_connection(HOST, port)
    except (OSError, TimeoutError):
        return Answer(well=False, refused=True, why=f"nothing listens on {HOST}:{port}")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return Answer(well=True)


def _mismatch(text: str, expected: dict[str, Any]) -> str | None:
    if not expected:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return f"the body is not JSON: {text[:_EXCERPT]}"
    for path, value in expected.items():
        seen = document
        for key in path.split("."):
            if isinstance(seen, list) and key.isdigit() and int(key) < len(seen):
                seen = seen[int(key)]
            elif isinstance(seen, dict) and key in seen:
                seen = seen[key]
            else:
                return f"{path} is not there, expected {json.dumps(value)}"
        if seen != value or isinstance(seen, bool) != isinstance(value, bool):
            return f"{path} is {json.dumps(seen)[:_EXCERPT]}, expected {json.dumps(value)}"
    return None
