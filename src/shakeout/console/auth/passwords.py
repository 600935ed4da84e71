"""Password hashes: argon2id (RFC 9106) by argon2-cffi, with pwdlib's parameters."""

from __future__ import annotations

import os
import secrets
import threading

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher


class Passwords:
    """
    Hashes and verifies. Each hash takes 64 MiB, so no more are made at once than there are processors.

    Another `hasher` changes the cost; hashes that were made with another cost are renewed at the next sign-in.
    """

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        self._hasher = PasswordHash((hasher or Argon2Hasher(),))
        self._turns = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
        self._nobody = self.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        """A salted hash of the password, in PHC form."""
        with self._turns:
            return self._hasher.hash(password)

    def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """
        Whether the password is right, and a new hash to store when the old one was made with weaker parameters.

        Without a hash (there is no such account) the same work is done against a hash that nothing matches, so that
        the time tells nothing.
        """
        with self._turns:
            try:
                right, renewed = self._hasher.verify_and_update(password, hashed or self._nobody)
            except UnknownHashError:
                return False, None
        return right and hashed is not None, renewed
