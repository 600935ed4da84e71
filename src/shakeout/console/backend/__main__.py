"""`python -m shakeout.console.backend`: serve on HOST and PORT, with the settings of the environment."""

from __future__ import annotations

from shakeout.console.backend.app import build
from shakeout.console.backend.live import LARGEST_MESSAGE
from shakeout.console.service import serve

if __name__ == "__main__":
    # Events are small and go to many: compressing each one for each client costs more than it saves.
    raise SystemExit(serve("backend", build, ws_max_size=LARGEST_MESSAGE, ws_per_message_deflate=False))
