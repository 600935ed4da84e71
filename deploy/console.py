"""
Puts the console on this machine, as a small team would: `python deploy/console.py --wait 30`.

Starts the three services in the background, each with a file of its process id and a log in `RUN_DIR`, tells their
addresses, and looks once whether the release fits together. `python deploy/stop.py` ends them.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from environment import env

SERVICES = ("auth", "backend", "frontend")
TOP = Path(__file__).resolve().parents[1]


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    numbers = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return numbers


def source_of(service: str) -> tuple[Path, str]:
    """The files and the commit that a service is started from: its own where it is held at another one."""
    pinned = os.environ.get(f"SHAKEOUT_{service.upper()}_SOURCE")
    commit = os.environ.get(f"SHAKEOUT_{service.upper()}_COMMIT")
    return (Path(pinned), commit) if pinned and commit else (TOP, env("SHAKEOUT_COMMIT"))


def settings_of(service: str, addresses: dict[str, str]) -> dict[str, str]:
    """The variables of one service."""
    data = Path(env("DATA_DIR"))
    settings = {
        "auth": {
            "DATABASE_URL": env("DATABASE_URL"),
            "TOKEN_KEY": os.environ["TOKEN_KEY"],
            "ALLOWED_ORIGINS": addresses["frontend"],
        },
        "backend": {
            "AUTH_URL": addresses["auth"],
            "HISTORY_URL": env("HISTORY_URL"),
            "SPOOL_DIR": str(data / "spool"),
            "TOKEN_KEY": os.environ["TOKEN_KEY"],
            "ALLOWED_ORIGINS": addresses["frontend"],
        },
        "frontend": {"AUTH_URL": addresses["auth"], "BACKEND_URL": addresses["backend"]},
    }
    return settings[service]


def start(service: str, addresses: dict[str, str], run: Path) -> None:
    """Start one service in the background."""
    folder, commit = source_of(service)
    host, _, port = addresses[service].removeprefix("http://").partition(":")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "TMPDIR": os.environ["TMPDIR"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(folder / "src"),
        "HOST": host,
        "PORT": port,
        "COMMIT": commit,
        **settings_of(service, addresses),
    }
    with (run / f"{service}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"shakeout.console.{service}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (run / f"{service}.pid").write_text(f"{process.pid}\n", encoding="ascii")


def wait_for(service: str, address: str, seconds: float) -> None:
    """Until the service answers that it lives; what it needs may still be missing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/version", timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"error: {service} does not answer at {address} within {seconds:g} s")


def fits_together(addresses: dict[str, str]) -> bool:
    """Run the tests of the release against it."""
    os.environ.update({f"{service.upper()}_URL": address for service, address in addresses.items()})
    suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent), pattern="release_test.py")
    return unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite).wasSuccessful()


def main() -> int:
    """Start every service, in the order of their needs."""
    parser = argparse.ArgumentParser(description="Put the console on this machine.")
    parser.add_argument("--wait", type=float, default=30.0, metavar="SECONDS", help="for each service to answer")
    seconds = parser.parse_args().wait
    run = Path(env("DATA_DIR")) / "run"
    run.mkdir(parents=True, exist_ok=True)
    addresses = {
        service: f"http://127.0.0.1:{port}" for service, port in zip(SERVICES, free_ports(len(SERVICES)), strict=True)
    }
    print(f"deploying {env('SHAKEOUT_COMMIT')[:12]}", flush=True)
    for service in SERVICES:
        start(service, addresses, run)
        wait_for(service, addresses[service], seconds)
        commit = source_of(service)[1]
        print(
            json.dumps({"service": service, "url": addresses[service], "revision": f"{service}-{commit[:12]}"}),
            flush=True,
        )
    return 0 if fits_together(addresses) else 1


if __name__ == "__main__":
    sys.exit(main())
