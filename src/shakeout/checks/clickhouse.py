"""
A ClickHouse server over its HTTP interface, as far as checks need it; works from version 18.16 on.

Errors are told by ClickHouse's own error codes (its ErrorCodes.cpp), which stand in each error's text as `Code: N`.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from shakeout.checks.client import Reply, ask_http
from shakeout.checks.kinds import TLSOptions
from shakeout.errors import ShakeoutError

_CODE = re.compile(r"Code: (\d{1,5})")
_VERSION = re.compile(r"\d{1,4}(\.\d{1,9}){1,4}\S{0,40}")
_KINDS = {
    60: "table-missing",
    81: "database-missing",
    164: "read-only",
    192: "wrong-credentials",
    193: "wrong-credentials",
    194: "wrong-credentials",
    516: "wrong-credentials",
    497: "not-allowed",
    241: "out-of-memory",
    243: "no-space",
}


class ClickHouseRefused(ShakeoutError):
    """ClickHouse answered with an error: `kind`, its own `code` where it gave one, and the whole `reply`."""

    def __init__(self, reply: Reply) -> None:
        text = reply.text.strip()
        super().__init__(text.splitlines()[0] if text else reply.summary)
        self.reply = reply
        match = _CODE.search(text)
        self.code = int(match[1]) if match else None
        self.kind = _KINDS.get(self.code or 0, "clickhouse-error" if match else "not-clickhouse")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClickHouse:
    """One server and database, from `http://user:password@host:8123/database`."""

    address: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    base: str
    tls: TLSOptions = field(default_factory=TLSOptions)

    @classmethod
    def at(cls, url: str, tls: TLSOptions) -> ClickHouse:
        parts = urlsplit(url)
        port = parts.port or (8443 if parts.scheme == "https" else 8123)
        host = parts.hostname or "localhost"
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return cls(
            address=address,
            host=host,
            port=port,
            user=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=parts.path.strip("/") or "default",
            base=f"{parts.scheme}://{address}",
            tls=tls,
        )

    async def run(self, statement: str) -> str:
        """The answer to one statement. Raises ClickHouseRefused, and NotReached where no answer came."""
        return (await self._ask(statement)).text.strip()

    async def _ask(self, statement: str) -> Reply:
        reply = await ask_http(
            "POST",
            f"{self.base}/?database={quote(self.database)}",
            headers={"X-ClickHouse-User": self.user, "X-ClickHouse-Key": self.password},
            content=statement,
            tls=self.tls,
        )
        if reply.status != 200:
            raise ClickHouseRefused(reply)
        return reply

    async def version(self) -> str:
        """The server's version; raises ClickHouseRefused also where the answer is none, so not ClickHouse's."""
        reply = await self._ask("SELECT version()")
        text = reply.text.strip()
        if not _VERSION.fullmatch(text):
            raise ClickHouseRefused(reply)
        return text

    async def insert_and_read(self) -> int:
        """
        Rows read back after one was inserted into a table made for it and dropped afterwards, whatever happens.

        The table's name is unique, so that two runs do not meet.
        """
        table = f"shakeout_check_{secrets.token_hex(8)}"
        number = secrets.randbelow(2**31)
        try:
            await self.run(f"CREATE TABLE {table} (number UInt64) ENGINE = Memory")
            await self.run(f"INSERT INTO {table} (number) VALUES ({number})")
            reply = await self._ask(f"SELECT count() FROM {table} WHERE number = {number}")
            if not reply.text.strip().isdecimal():
                raise ClickHouseRefused(reply)
            return int(reply.text)
        finally:
            await self.run(f"DROP TABLE IF EXISTS {table}")

    def curl(self, statement: str) -> str:
        """A command line that runs one statement, without the password."""
        return (
            f"curl -sS '{self.base}/?database={quote(self.database)}' -H 'X-ClickHouse-User: {self.user}'"
            f" -H \"X-ClickHouse-Key: $CLICKHOUSE_PASSWORD\" --data-binary '{statement}'"
        )
