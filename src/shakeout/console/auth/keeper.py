"""Looks after the account database while the service runs: migrations, its state, expired rows."""

from __future__ import annotations

import logging
import threading
import time

from shakeout.console.auth.accounts import Accounts
from shakeout.console.auth.database import Database, DatabaseUnavailable

_log = logging.getLogger(__name__)

LOOK_EVERY = 0.5
CLEAN_EVERY = 60.0


class Keeper:
    """
    A thread of its own, so that the service listens at once and answers "not ready" until the database is there.

    It ends with the process: a connection attempt that hangs does not hold up the end.
    """

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin: the first look is taken at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits at most half a second for a look that is under way."""
        self._ended.set()
        self._thread.join(0.5)

    def _run(self) -> None:
        clean_at = 0.0
        while not self._ended.is_set():
            try:
                self._database.look()
                if self._database.ready and time.monotonic() >= clean_at:
                    self._accounts.clean_up()
                    clean_at = time.monotonic() + CLEAN_EVERY
            except DatabaseUnavailable as error:
                _log.warning("expired rows not deleted: %s", error.reason)
            except Exception:
                # Whatever it is, it is told with its traceback, and the next look is taken.
                _log.exception("looking after the account database failed")
            self._ended.wait(LOOK_EVERY)
