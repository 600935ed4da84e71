"""Ends the services that `deploy/console.py` started, those that need others first."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from environment import env


def end(place: Path) -> None:
    """End one service by its file, and take the file away."""
    number = int(place.read_text(encoding="ascii"))
    try:
        os.kill(number, signal.SIGTERM)
        for _ in range(100):
            os.kill(number, 0)
            time.sleep(0.05)
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        print(f"{place.stem} has ended")
    place.unlink()


def main() -> None:
    """End what is there."""
    for service in ("frontend", "backend", "auth"):
        place = Path(env("DATA_DIR")) / "run" / f"{service}.pid"
        if place.exists():
            end(place)


if __name__ == "__main__":
    main()
