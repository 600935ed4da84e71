"""An application of two services that its team deploys by a script of its own, and a way to run shakeout on it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shakeout.cli.execute import execute
from shakeout.report.model import Issue, Report
from shakeout.runs.pipeline import Finished, Run
from shakeout.runs.request import Request, make_request
from shakeout.runs.targets import make_target
from shakeout.testing import SmallRepository

SERVER = """
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        data = json.dumps({"ok": True, "commit": os.environ.get("COMMIT", "")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""

DEPLOY = '''
"""Starts each service and says where it is."""
import os, pathlib, subprocess, sys

def start(name):
    output = open(f"/tmp/{os.environ['MARK']}-{name}.log", "wb")
    process = subprocess.Popen(
        [sys.executable, "server.py"], stdout=subprocess.PIPE, stderr=output, stdin=subprocess.DEVNULL,
        start_new_session=True, env={**os.environ, "COMMIT": os.environ["SHAKEOUT_COMMIT"]},
    )
    output.close()
    os.unlink(output.name)
    pathlib.Path(os.environ["PIDS"], name).write_text(str(process.pid))
    return process.stdout.readline().decode().strip()

for name in ("stock", "web"):
    print(f"{name.upper()}_URL=http://127.0.0.1:{start(name)}", flush=True)
'''

STOP = """
import os, pathlib, signal
for place in pathlib.Path(os.environ["PIDS"]).iterdir():
    os.kill(int(place.read_text()), signal.SIGTERM)
    place.unlink()
    print("stopped", place.name)
"""

MANIFEST = """
version: 1
application: shop
services:
  stock:
    start: {deadline: 2s}
    health: {}
    version: {path: /}
  web:
    start: {deadline: 2s}
    health: {}
    version: {path: /}
    needs: [stock]
environments:
  staging:
    target: command
    options:
      run: ${python} scripts/deploy.py
      stop: ${python} scripts/stop.py
      environment:
        PIDS: %s
        MARK: %s
"""


@dataclass
class Team:
    """The application in a repository of its own; `run` deploys it by its script."""

    folder: Path
    repository: SmallRepository
    commit: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def pids(self) -> Path:
        return self.folder.parent / "pids"

    @property
    def home(self) -> Path:
        return self.folder / ".shakeout"

    def manifest(self) -> str:
        return (self.folder / "shakeout.yaml").read_text()

    def change(self, subject: str, files: Mapping[str, str | None] | None = None, **manifest: str) -> str:
        """Commit files, and replacements in the manifest (`old=…`, `new=…`)."""
        written = dict(files or {})
        if manifest:
            assert manifest["old"] in self.manifest()
            written["shakeout.yaml"] = self.manifest().replace(manifest["old"], manifest["new"])
        self.commit = self.repository.commit(subject, written)
        return self.commit

    def request(self, environment: str | None = None, caller: Mapping[str, str] | None = None) -> Request:
        return make_request(
            manifest=self.folder / "shakeout.yaml",
            environment=environment,
            revision="HEAD",
            dirty=False,
            caller={**os.environ, **(caller or {})},
        )

    def run(self, *, keep: bool = False, prove: bool = False, caller: Mapping[str, str] | None = None) -> Finished:
        request = self.request(caller=caller)
        try:
            run = Run(request=request, target=make_target(request), progress=self.lines.append, keep=keep, prove=prove)
            return execute(run)
        finally:
            request.repository.close()

    def issue(self, report: Report) -> Issue:
        """The only issue."""
        assert len(report.issues) == 1, [issue.title for issue in report.issues]
        return report.issues[0]

    def processes(self) -> list[int]:
        """The processes that were started by this application's scripts, told by a variable of their environment."""
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"MARK={self.mark}".encode() in place.read_bytes().split(b"\0"):
                    found.append(int(place.parent.name))
            except OSError:
                continue
        return found

    @property
    def mark(self) -> str:
        return f"shop-{self.folder.parent.name}"

    def until(self, true: Callable[[], bool], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end
            time.sleep(0.02)

    def end(self) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "pids").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    folder = tmp_path / "shop"
    made = Team(folder, SmallRepository(folder))
    made.commit = made.repository.commit(
        "Open the shop",
        {
            "server.py": SERVER,
            "scripts/deploy.py": DEPLOY,
            "scripts/stop.py": STOP,
            "shakeout.yaml": MANIFEST % (made.pids, made.mark),
        },
    )
    yield made
    made.end()


def states(home: Path) -> dict[str, object]:
    """What is written down of environments, by name."""
    return {path.stem: json.loads(path.read_text()) for path in (home / "state").glob("*.json")}
