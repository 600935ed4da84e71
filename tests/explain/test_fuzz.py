"""Whatever the logs and the repository: a report in every form or one clear error. FUZZ_SECONDS lengthens it."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest

from shakeout.errors import ShakeoutError
from shakeout.report.rendering import Format, render
from shakeout.runs.offline import Question, explain_offline
from shakeout.testing import SmallRepository

SECONDS = float(os.environ.get("FUZZ_SECONDS", "4"))
ONE = 30.0
"""Seconds that one input of some kilobytes may take, on a machine that does much else."""
SECRET = "gh" + "p_" + "Zz9Yy8Xx7Ww6" * 3

PYTHON = """Traceback (most recent call last):
  File "/app/shop/prices.py", line 5, in total
    return sum(items) * FACTOR
NameError: name 'FACTOR' is not defined"""
MODULE = """Traceback (most recent call last):
  File "/app/shop/app.py", line 2, in <module>
    import reportlab
ModuleNotFoundError: No module named 'reportlab'"""
REFUSED = """psycopg.OperationalError: connection to server at "db" (10.1.2.3), port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?"""
NODE = """Error: Cannot find module './store'
Require stack:
- /app/server.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1145:15)
    at Object.<anonymous> (/app/server.js:3:11)"""
TEXTS = (
    PYTHON, MODULE, REFUSED, NODE, f"ERROR could not clone https://x:{SECRET}@git.example.com/shop.git",
    "KeyError: 'DATABASE_URL'", "Container called exit(137).", "Memory limit of 512 MiB exceeded with 530 MiB used.",
    "panic: runtime error: index out of range [5]\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:9 +0x1d",
    "SyntaxError: invalid syntax (prices.py, line 3)", "(1146, \"Table 'shop.orders' doesn't exist\")",
    "CircuitBreakerOpenError: SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN",
    "TypeError: total() missing 1 required positional argument: 'currency'",
)  # fmt: skip
PIECES = (
    b"\x00", b"\x1b[2J", b"\xff\xfe", b"\xe2\x80\xae", b"\n", b"\r", b'"', b"\\", b"{", b"}", b"[", b"]", b"\\u0000",
    b"\\ud800", b"/../../etc/passwd", b" line 99999999999999999999", b"--output=x", b"(" * 60, b"a" * 5000, b"'" * 9,
    b"$(touch owned)", b"None", b"null", b"-1", b"1e999", b"%s%n", b"\xc2\xa0", b"Traceback (most recent call last):\n",
)  # fmt: skip


def seeds() -> list[bytes]:
    entries = [
        {
            "insertId": f"e{number}", "logName": "projects/acme/logs/stderr", "severity": "ERROR", "textPayload": text,
            "timestamp": f"2026-02-01T10:00:{number:02d}Z", "labels": {"commit-sha": "0123abc"},
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop"}},
        }
        for number, text in enumerate(TEXTS)
    ]  # fmt: skip
    return [
        json.dumps(entries, indent=1).encode(),
        "\n".join(json.dumps(item) for item in entries).encode(),
        "\n".join(TEXTS).encode(),
        "\n".join(f"web-1  | {row}" for text in TEXTS for row in text.split("\n")).encode(),
        json.dumps({"raw_logs": [{"message": text, "level": "error"} for text in TEXTS]}).encode(),
    ]


def mutated(chance: random.Random, data: bytes) -> bytes:
    result = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(result) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            result[place:place] = chance.choice(PIECES)
        elif kind == 1:
            del result[place : place + chance.randint(1, 400)]
        elif kind == 2:
            result[place:place] = result[place : place + chance.randint(1, 900)]
        elif kind == 3 and result:
            result[place % len(result)] = chance.randrange(256)
        elif kind == 4:
            del result[place:]
        else:
            result[place:place] = chance.choice(TEXTS).encode()
    return bytes(result)


@pytest.fixture
def repository(tmp_path: Path) -> SmallRepository:
    """Code that the logs are about, some of it broken."""
    made = SmallRepository(tmp_path / "repository")
    made.commit(
        "Begin",
        {
            "shop/__init__.py": "",
            "shop/limits.py": "FACTOR = 2\n",
            "shop/prices.py": "from shop import limits\n\n\ndef total(items):\n    return sum(items) * limits.FACTOR\n",
            "shop/app.py": "import os\nimport reportlab\n\nDB = os.environ['DATABASE_URL']\n",
            "requirements.txt": "flask==3.0\n",
            "package.json": '{"dependencies": {',
            "server.js": "\n\nconst store = require('./store')\n",
            "Dockerfile": "FROM python:3.11-slim\nCOPY . /app\nCMD [\n",
            "compose.yaml": "services:\n  shop: {environment: {DATABASE_URL: 'postgresql://shop@db.internal:5432/shop'}\n",
            ".github/workflows/ci.yml": "on: push\njobs: [\n",
            "shop/cut.py": "def broken(:\n    '''never closed",
        },
    )
    made.commit(
        "Read the factor directly",
        {"shop/prices.py": "from shop import limits\n\n\ndef total(items):\n    return sum(items) * FACTOR\n"},
    )
    return made


def test_mangled_logs_become_a_report_or_one_clear_error(repository: SmallRepository, tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("FUZZ_SEED", "11")))
    given = seeds()
    end = time.monotonic() + SECONDS
    rounds = explained = 0
    while time.monotonic() < end or rounds < 5:
        rounds += 1
        path = tmp_path / "input.log"
        path.write_bytes(mutated(chance, chance.choice(given)))
        began = time.monotonic()
        try:
            report = explain_offline(Question(evidence=[path], repository=repository.folder))
        except ShakeoutError as error:
            assert error.exit_status == 2
            continue
        assert time.monotonic() - began < ONE
        explained += any(issue.root_cause for issue in report.issues)
        assert not [note for note in report.notes if "rule" in note and "failed" in note], report.notes
        for form in Format:
            text = render(report, form)
            assert SECRET not in text
            assert not {char for char in text if (char < " " and char not in "\n\t") or "\x7f" <= char <= "\x9f"}
            text.encode()
    assert explained, f"none of {rounds} inputs led to a root cause"
