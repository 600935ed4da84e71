"""Prints what a service of `deploy/console.py` wrote: `python deploy/logs.py auth`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from environment import env


def main() -> None:
    """Copy the log to standard output."""
    with (Path(env("DATA_DIR")) / "run" / f"{sys.argv[1]}.log").open(encoding="utf-8", errors="replace") as log:
        shutil.copyfileobj(log, sys.stdout)


if __name__ == "__main__":
    main()
