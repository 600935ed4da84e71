"""ClickHouse in the process, by chDB: one folder a process, calls in one thread off the event loop."""

from __future__ import annotations

import asyncio
import fcntl
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from shakeout.history import statements
from shakeout.history.errors import FolderInUseError, HistoryError, StatementFailedError, from_code

T = TypeVar("T")


class EmbeddedStore:
    """
    chDB in `folder`, which is made when missing.

    chDB is imported and opened at the first call, in the store's own thread: that takes about a second.
    """

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chdb")
        self._session: Any = None

    async def execute(self, sql: str) -> None:
        """Run a statement that has no answer."""
        await self._off_loop(lambda: self._run(sql))

    async def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a SELECT, as JSON objects."""
        return await self._off_loop(lambda: [json.loads(line) for line in self._run(sql).splitlines()])

    async def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows."""
        await self._off_loop(lambda: self._run("\n".join([statements.insert(table), *map(json.dumps, rows)])))

    async def close(self) -> None:
        """Close chDB, so that another process may open the folder."""
        await self._off_loop(self._close)
        self._thread.shutdown(wait=False)

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _run(self, sql: str) -> str:
        if self._session is None:
            self._session = self._open()
        try:
            return str(self._session.query(sql, "JSONEachRow"))
        except RuntimeError as error:
            raise _typed(self.address, error) from error

    def _open(self) -> Any:
        try:
            import chdb.session as chdb_session
        except ImportError as error:
            raise HistoryError(self.address, "chDB (the extra embedded-clickhouse) is not installed") from error
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            session_class: Any = chdb_session.Session
            opened = session_class(str(self._folder))
            opened.query("SET async_insert = 0")
        except RuntimeError as error:
            if _locked(self._folder / "status"):
                raise FolderInUseError(self.address, str(error)[:500]) from error
            raise _typed(self.address, error) from error
        except OSError as error:
            raise HistoryError(self.address, str(error)) from error
        return opened

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _typed(address: str, error: Exception) -> HistoryError:
    text = str(error)
    found = re.search(r"Code: (\d+)", text)
    return from_code(address, text, int(found[1])) if found else StatementFailedError(address, text[:500])


def _locked(status: Path) -> bool:
    """Whether another process holds the lock that ClickHouse keeps on its folder; its own error does not say."""
    try:
        with status.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
