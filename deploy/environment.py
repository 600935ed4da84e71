"""What the deployment's scripts are told through their environment."""

from __future__ import annotations

import os


def env(name: str) -> str:
    """The variable `name`; ends the script with a line that says what is missing."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise SystemExit(f"expected the variable {name}, got nothing; `shakeout verify` sets it for every service")
    return value


def address(service: str) -> str:
    """Where a service answers, from `<SERVICE>_URL`, without a trailing slash."""
    return env(f"{service.upper()}_URL").rstrip("/")
