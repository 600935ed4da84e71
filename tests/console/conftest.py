"""Fixtures of the console's tests."""

from __future__ import annotations

from fixtures.auth import auth, database_url, start_auth

__all__ = ["auth", "database_url", "start_auth"]
