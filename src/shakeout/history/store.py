"""Where history is kept: the protocol of a store, and how a history URL names one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import unquote, urlsplit

from shakeout.errors import UsageError


class Store(Protocol):
    """
    A ClickHouse, in the process or behind an address.

    `address` is host:port or a folder. Every method raises a `HistoryError` when ClickHouse cannot do what was asked.
    """

    address: str

    async def execute(self, sql: str) -> None:
        """Run a statement that has no answer."""

    async def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a SELECT without a FORMAT clause, as JSON objects."""

    async def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows to one of the tables of `statements.TABLES`."""

    async def close(self) -> None:
        """Let go of files and connections; the store cannot be used afterwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryURL:
    """
    A parsed history URL.

    `kind` is `embedded` (chDB in `folder`), `server` (`scheme`, `host`, `port`, `user`, `password`, `database`) or
    `disabled`.
    """

    kind: Literal["embedded", "server", "disabled"]
    folder: Path | None = None
    scheme: str = "http"
    host: str = ""
    port: int = 8123
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "default"

    @property
    def address(self) -> str:
        """Where history is kept, without secrets."""
        if self.kind == "server":
            host = f"[{self.host}]" if ":" in self.host else self.host
            return f"{host}:{self.port}"
        return str(self.folder) if self.folder else "disabled"

    @classmethod
    def parse(cls, url: str) -> HistoryURL:
        """
        Read `chdb:///folder`, `http://user:password@host:8123/database` (also https) or `disabled`.

        Raises `UsageError`, which never shows the password.
        """
        if url == "disabled":
            return cls(kind="disabled")
        expected = "chdb:///folder, http://user:password@host:8123/database or disabled"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError("the history URL cannot be read", expected=expected, seen=str(error)) from error
        if parts.scheme == "chdb" and not parts.netloc and len(parts.path) > 1:
            return cls(kind="embedded", folder=Path(unquote(parts.path)))
        if parts.scheme in ("http", "https") and parts.hostname and parts.path.count("/") <= 1:
            return cls(
                kind="server",
                scheme=parts.scheme,
                host=parts.hostname,
                port=port or (8443 if parts.scheme == "https" else 8123),
                user=unquote(parts.username or "default"),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.strip("/")) or "default",
            )
        seen = f"{parts.scheme or 'no'} scheme, host {parts.hostname or 'none'}, path {parts.path or 'none'}"
        raise UsageError("the history URL cannot be used", expected=expected, seen=seen)


def open_store(url: HistoryURL, *, connect_seconds: float = 2.0, seconds: float = 10.0) -> Store | None:
    """The store that a URL names, not connected yet; None when history is disabled."""
    if url.kind == "disabled":
        return None
    if url.kind == "embedded":
        from shakeout.history.embedded import EmbeddedStore

        assert url.folder is not None
        return EmbeddedStore(url.folder)
    from shakeout.history.server import ServerStore

    return ServerStore(url, connect_seconds=connect_seconds, seconds=seconds)
