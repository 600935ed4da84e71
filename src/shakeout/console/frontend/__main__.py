"""`python -m shakeout.console.frontend`."""

from __future__ import annotations

from shakeout.console.frontend.app import build
from shakeout.console.service import serve

if __name__ == "__main__":
    raise SystemExit(serve("frontend", build))
