"""`python -m shakeout.console.auth`: serve on HOST and PORT, with the settings of the environment."""

from __future__ import annotations

from shakeout.console.auth.app import build
from shakeout.console.service import serve

if __name__ == "__main__":
    raise SystemExit(serve("auth", build))
