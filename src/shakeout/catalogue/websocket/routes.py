"""Where code declares that it serves WebSockets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.repository import Repository

_FORMS = (
    # Starlette and FastAPI, Litestar, Quart, aiohttp's handlers by name, Django channels
    re.compile(
        r"(?:WebSocketRoute|add_(?:api_)?websocket_route|websocket_route|\.websocket|@websocket)\(\s*r?[\"'](?P<path>[^\"']{1,200})"
    ),
    re.compile(r"\bwebsocket_urlpatterns\b.{0,80}?path\(\s*r?[\"'](?P<path>[^\"']{1,200})"),
    # ws for Node.js
    re.compile(r"new (?:WebSocket\.|ws\.)?(?:WebSocket)?Server\([^)]{0,200}?\bpath:\s*[\"'`](?P<path>/[^\"'`]{0,200})"),
    re.compile(r"\.ws\(\s*[\"'`](?P<path>/[^\"'`]{0,200})"),
    # Go and Java, where the handler's name says what it is
    re.compile(
        r"Handle(?:Func)?\(\s*\"(?P<path>/[^\"]{0,200})\"\s*,[^,]{0,80}?(?:[wW]eb[sS]ocket|[wW][sS]|[lL]ive|Upgrade)"
    ),
    re.compile(r"@ServerEndpoint\(\s*(?:value\s*=\s*)?\"(?P<path>/[^\"]{0,200})"),
)
_WORDS = (
    r"WebSocketRoute|websocket_route|\.websocket\(|@websocket\(|websocket_urlpatterns|Server\(|\.ws\("
    r"|Handle(Func)?\(|@ServerEndpoint"
)
CODE = ("*.py", "*.js", "*.mjs", "*.ts", "*.go", "*.java", "*.kt")
_TESTS = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|node_modules|vendor|docs|bench)/|(?:^|/)test_|[._](?:test|spec)\."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One declared route; `path` as written, with its parameters in braces."""

    path: str
    at: Locator
    quote: Evidence

    def matches(self, asked: str) -> bool:
        """Whether a path is served by it, or by it below some prefix."""
        parts = [part for part in self.path.strip("/").split("/") if part]
        given = [part for part in asked.strip("/").split("/") if part]
        if len(given) < len(parts):
            return False
        tail = given[len(given) - len(parts) :]
        return all(part[:1] in "{<:" or part == other for part, other in zip(parts, tail, strict=True))


def routes(repository: Repository) -> tuple[Route, ...]:
    """Every WebSocket route of the code, without those of tests."""
    return tuple(_found(repository))


def aside(path: str) -> bool:
    """Whether a file is a test, documentation, or somebody else's code."""
    return _TESTS.search(path) is not None


def callers(repository: Repository, asked: str, known: tuple[Route, ...]) -> list[Locator]:
    """The lines of code that name a path and are no route, those of browsers' code first; without tests."""
    found = [
        at
        for at in repository.grep(asked, CODE)
        if not _TESTS.search(at.path) and all(at != route.at for route in known)
    ]
    return sorted(found, key=lambda at: (at.path.endswith((".py", ".go", ".java", ".kt")), at.path, at.line))


def _found(repository: Repository) -> Iterator[Route]:
    for at in repository.grep(_WORDS, CODE, fixed=False):
        if _TESTS.search(at.path) or at.line is None:
            continue
        row = repository.lines(at.path)[at.line - 1][:1000]
        match = next((found for form in _FORMS if (found := form.search(row))), None)
        quote = repository.quote(at.path, at.line)
        if match is not None and quote is not None:
            yield Route(path="/" + match["path"].lstrip("/"), at=at, quote=quote)
