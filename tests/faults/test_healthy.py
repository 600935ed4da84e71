"""A healthy system yields no issue, however noisy its logs are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shakeout.cli.execute import execute
from shakeout.report.model import Report
from shakeout.runs.faults import inject
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request
from shakeout.runs.targets import make_target
from shakeout.testing import SmallRepository

TOP = Path(__file__).parents[2]

NOISY = """
import http.server
import json
import logging
import os
import sys
import warnings

logging.basicConfig(stream=sys.stderr, level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s")
log = logging.getLogger("shop.stock")


def noise():
    warnings.warn("the parameter 'limit' is deprecated, use 'size'", DeprecationWarning, stacklevel=1)
    log.warning("the cache is cold; the first answers may be slow")
    for attempt in (1, 2):
        log.error("connection to 127.0.0.1:9 failed: Connection refused (attempt %d of 3), trying again", attempt)
    log.info("connected at the third attempt")
    try:
        json.loads("{")
    except ValueError:
        log.exception("a message that cannot be read was set aside")
    try:
        {}["LIMIT"]
    except KeyError:
        log.exception("no LIMIT is given: the usual one is taken")
    try:
        undefined_helper()
    except NameError:
        log.exception("the optional helper is not installed")
    log.error("Missing environment variable: SENTRY_DSN; errors are not sent anywhere")
    log.error("CircuitBreakerOpenError: circuit breaker 'mail' is OPEN")
    log.critical("this is a drill: no error at all")
    print("Traceback (most recent call last): is how a trace begins", file=sys.stderr, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        noise()
        data = json.dumps({"ok": True, "commit": os.environ.get("COMMIT")}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        log.error("client 203.0.113.7 went away before the answer was sent: Broken pipe")
        log.error("ConnectionResetError: [Errno 104] Connection reset by peer")


noise()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
MANIFEST = """
version: 1
application: shop
services:
  stock:
    run: ${python} -W default server.py
    health: {}
    version: {}
    environment: {COMMIT: "${commit}"}
  web:
    run: ${python} -W default server.py
    health: {}
    version: {}
    needs: [stock]
    environment: {COMMIT: "${commit}"}
checks:
  script:
    kind: command
    run: ${python} check.py
environments: {local: {}}
"""
CHECK = """
import sys
import traceback

try:
    raise TimeoutError("the first try took too long")
except TimeoutError:
    traceback.print_exc()
print("ERROR the first try failed; the second one passed", file=sys.stderr)
"""


def deployed(folder: Path, home: Path) -> Report:
    request = make_request(
        manifest=folder / "shakeout.yaml",
        environment="local",
        revision="HEAD",
        dirty=False,
        caller=dict(os.environ),
        home=home,
    )
    try:
        return execute(Run(request=request, target=make_target(request), progress=lambda line: None)).report
    finally:
        request.repository.close()


@pytest.mark.parametrize("number", range(2))
def test_the_console_without_a_fault_yields_no_issue(number: int, tmp_path: Path) -> None:
    inject(TOP, tmp_path / "application", [])
    report = deployed(tmp_path / "application", tmp_path / "home")
    assert [issue.title for issue in report.issues] == []
    assert {item.name: item.detail for item in report.checks if item.outcome != "passed"} == {}
    assert report.status == "SUCCESSFUL"


def test_noise_in_the_logs_of_a_healthy_application_is_no_issue(tmp_path: Path) -> None:
    small = SmallRepository(tmp_path / "shop")
    small.commit("Open the shop", {"server.py": NOISY, "shakeout.yaml": MANIFEST, "check.py": CHECK})
    report = deployed(small.folder, tmp_path / "home")
    assert "Traceback" in "".join(path.read_text() for path in (tmp_path / "home").rglob("logs/stock.log"))
    assert report.issues == ()
    assert report.unexplained == ()
    assert {item.outcome for item in report.checks} == {"passed"}
    assert report.status == "SUCCESSFUL"


def test_noise_is_not_blamed_for_what_another_cause_explains(tmp_path: Path) -> None:
    small = SmallRepository(tmp_path / "shop")
    small.commit("Open the shop", {"server.py": NOISY, "shakeout.yaml": MANIFEST, "check.py": CHECK})
    change = small.commit("Name the interpreter", {"shakeout.yaml": MANIFEST.replace(
        "  web:\n    run: ${python} -W", "  web:\n    run: pyton3 -W")})  # fmt: skip
    report = deployed(small.folder, tmp_path / "home")
    (issue,) = report.issues
    assert issue.root_cause is not None and issue.root_cause.claim == "CommandNotFound"
    assert issue.root_cause.introduced_by is not None and issue.root_cause.introduced_by.commit == change
