"""Asks every service for its health once, so that the first person after a deployment does not wait for it."""

from __future__ import annotations

import urllib.request

from environment import address, env


def main() -> None:
    """Warm up the services that `SERVICES` names, separated by commas."""
    for service in env("SERVICES").split(","):
        with urllib.request.urlopen(f"{address(service.strip())}/health", timeout=10) as answer:
            print(f"{service.strip()}: {answer.status}")


if __name__ == "__main__":
    main()
