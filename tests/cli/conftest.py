"""A small application of two services, made of the standard library only, and a way to run shakeout on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shakeout.testing import SmallRepository

SERVER = """
import http.server
import json
import os
import sys

STATUS = int(os.environ.get("ANSWER", "200"))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"ok": STATUS == 200, "commit": os.environ.get("COMMIT")}
        data = json.dumps(body).encode()
        self.send_response(STATUS)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        print("asked", self.path, flush=True)


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""

MANIFEST = """
version: 1
application: shop
services:
  stock:
    run: ${python} server.py
    health: {}
    version: {}
    start: {deadline: 10s}
    environment: {COMMIT: "${commit}"}
  web:
    run: ${python} server.py
    health: {}
    version: {}
    needs: [stock]
    start: {deadline: 10s}
    environment: {COMMIT: "${commit}"}
environments:
  local: {}
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command line ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shop:
    """The application in a repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = SmallRepository(folder)
        self.commit = self.repository.commit(
            f"Open the shop in {folder}", {"server.py": SERVER, "shakeout.yaml": MANIFEST}
        )

    def change(self, subject: str, old: str, new: str) -> str:
        """Replace a text of the manifest and commit that."""
        text = (self.folder / "shakeout.yaml").read_text()
        assert old in text
        self.commit = self.repository.commit(subject, {"shakeout.yaml": text.replace(old, new)})
        return self.commit

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, timeout: float = 60) -> Done:
        """`shakeout ARGUMENTS` in the repository's folder."""
        done = subprocess.run(
            [sys.executable, "-m", "shakeout", *arguments],
            cwd=self.folder,
            env={**os.environ, "NO_COLOR": "1", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def processes(self) -> list[str]:
        """Command lines of the shop's processes that still run, told by the commit that they were started from."""
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                variables = place.read_bytes().split(b"\0")
                line = (place.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"COMMIT={self.commit}".encode() in variables and "server.py" in line:
                found.append(line)
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


Outcomes = Callable[[Any], dict[str, str]]


@pytest.fixture
def outcomes() -> Outcomes:
    """Check name to outcome, of a JSON report."""
    return lambda report: {check["name"]: check["outcome"] for check in report["checks"]}
