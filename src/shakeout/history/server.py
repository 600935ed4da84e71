"""A ClickHouse server over its HTTP interface; works with servers from 18.16 on."""

from __future__ import annotations

import errno
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx2

from shakeout.history import statements
from shakeout.history.errors import (
    AuthenticationFailedError,
    ConnectionRefusedByHostError,
    HistoryError,
    NotClickHouseError,
    StatementFailedError,
    TimedOutError,
    TLSFailedError,
    UnknownHostError,
    from_code,
)
from shakeout.history.store import HistoryURL


class ServerStore:
    """
    One server. `connect_seconds` bounds the connection, `seconds` each answer.

    Answers are taken whole before they are read (`wait_end_of_query`), so that an error in the middle is an error.
    """

    def __init__(self, url: HistoryURL, *, connect_seconds: float = 2.0, seconds: float = 10.0) -> None:
        self.address = url.address
        self._client = httpx2.AsyncClient(
            base_url=f"{url.scheme}://{url.address}",
            params={"database": url.database, "wait_end_of_query": "1"},
            headers={"X-ClickHouse-User": url.user, "X-ClickHouse-Key": url.password},
            timeout=httpx2.Timeout(seconds, connect=connect_seconds),
            follow_redirects=False,
            trust_env=False,
        )

    async def execute(self, sql: str) -> None:
        """Run a statement that has no answer."""
        await self._post(sql)

    async def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a SELECT, as JSON objects."""
        text = await self._post(f"{sql} FORMAT JSONEachRow")
        try:
            rows = [json.loads(line) for line in text.splitlines()]
        except ValueError as error:
            raise NotClickHouseError(self.address, f"answered {text[:100]!r}") from error
        if not all(isinstance(row, dict) for row in rows):
            raise NotClickHouseError(self.address, f"answered {text[:100]!r}")
        return rows

    async def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows."""
        await self._post("\n".join([statements.insert(table), *map(json.dumps, rows)]))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, sql: str) -> str:
        try:
            answer = await self._client.post("/", content=sql.encode())
        except httpx2.HTTPError as error:
            raise _unreachable(self.address, error) from error
        text = answer.text
        if answer.status_code == 200 and any(name.startswith("x-clickhouse-") for name in answer.headers):
            return text
        if found := re.match(r"Code: (\d+)", text):
            raise from_code(self.address, text, int(found[1]))
        if code := answer.headers.get("x-clickhouse-exception-code", ""):
            raise from_code(self.address, text, int(code) if code.isdigit() else 0)
        if answer.status_code in (401, 403):
            raise AuthenticationFailedError(self.address, f"HTTP {answer.status_code} {text[:200]}")
        if answer.status_code in (502, 503, 504):
            raise StatementFailedError(self.address, f"HTTP {answer.status_code} {text[:200]}")
        raise NotClickHouseError(self.address, f"HTTP {answer.status_code}, body {text[:100]!r}")


def _unreachable(address: str, error: httpx2.HTTPError) -> HistoryError:
    """The typed error for one of the HTTP client's; what lies beneath it says more than its own class."""
    causes = list(_causes(error))
    text = str(error) or str(causes[-1]) or type(error).__name__
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return TLSFailedError(address, text)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return UnknownHostError(address, text)
    if isinstance(error, httpx2.TimeoutException):
        return TimedOutError(address, f"{type(error).__name__} {error}".strip())
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED:
            return ConnectionRefusedByHostError(address, str(cause))
    if isinstance(error, httpx2.RemoteProtocolError) and "disconnected" not in str(error).lower():
        return NotClickHouseError(address, text)
    return HistoryError(address, f"{type(error).__name__}: {text}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that led to it, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
