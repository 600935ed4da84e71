"""
`shakeout explain` on large inputs: one cause hidden in many entries, and a repository with a long history.

`make bench NAME=scale`. Variables: ROWS (60,000), COMMITS (2,000), PATHS (5,000); the sizes that the project promises
15 s and 1 GB for are ROWS=1000000 COMMITS=14000 PATHS=40000. Builds its own export (Cloud Logging, newest first) and
repository (`git fast-import`), runs the command line in a process of its own for each part, checks that it names the
right line and commit, and compares with `json.loads` of the same file. Wall time depends on what else the machine does,
processor time less so: both are shown. A table goes to standard error, one JSON object to standard output, last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.reading import entry

ROWS = int(os.environ.get("ROWS", "60000"))
COMMITS = int(os.environ.get("COMMITS", "2000"))
PATHS = int(os.environ.get("PATHS", "5000"))
START = datetime(2025, 9, 3, 8, tzinfo=UTC)
HIDDEN = 5
"""How often the cause shows among the entries."""
PLACE = "backend/prices.py"
BEFORE = "from backend import limits\n\n\ndef total(items):\n    return sum(items) * limits.FACTOR\n"
AFTER = "from backend import limits\n\n\ndef total(items):\n    return sum(items) * FACTOR\n"
FAILURE = f"""Traceback (most recent call last):
  File "/app/backend/app.py", line 12, in answer
    return total(items)
  File "/app/{PLACE}", line 5, in total
    return sum(items) * FACTOR
NameError: name 'FACTOR' is not defined. Did you mean: 'factor'?"""
LOADS = "import json, sys; print(len(json.loads(open(sys.argv[1], 'rb').read())))"


def ordinary(number: int, before: datetime) -> dict[str, object]:
    """An entry of the reading benchmark, an earlier one for each number, without that one's errors."""
    found = entry(number + 1 if number % 50 == 3 else number)
    moment = (before - timedelta(milliseconds=7 * number)).isoformat().replace("+00:00", "Z")
    return {**found, "insertId": f"68c1{number:016x}", "timestamp": moment, "receiveTimestamp": moment, "labels": {}}


def write_logs(path: Path, rows: int) -> int:
    """The export, newest first, with the cause hidden in it; returns its size in bytes."""
    hidden = {rows * (2 * place + 1) // (2 * HIDDEN) for place in range(HIDDEN)}
    with path.open("w") as file:
        file.write("[\n")
        for number in range(rows):
            found = ordinary(number, START)
            if number in hidden:
                for key in ("httpRequest", "jsonPayload"):
                    found.pop(key, None)
                found |= {"textPayload": FAILURE, "severity": "ERROR"}
            text = json.dumps(found, indent=2).replace("\n", "\n  ")
            file.write(f"  {text}{',' if number + 1 < rows else ''}\n")
        file.write("]\n")
    return path.stat().st_size


def write_repository(folder: Path, commits: int, paths: int) -> str:
    """A bare repository whose commit at a third of its history is the cause; returns that commit."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    cause = commits // 3
    first = int((START - timedelta(days=1)).timestamp()) - 600 * commits
    with subprocess.Popen(["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None
        write = importing.stdin.write
        for number in range(commits):
            subject = "Read the factor directly" if number == cause else f"Change item {number}"
            when = f"{first + 600 * number} +0000"
            write(f"commit refs/heads/main\ncommitter A <a@example.com> {when}\n".encode() + _data(subject))
            if number == 0:
                for path in range(paths):
                    write(_file(f"area{path % 200:03d}/part{path:05d}.py", f"value = {path}\n"))
                write(_file("backend/limits.py", "FACTOR = 2\n") + _file(PLACE, BEFORE))
                write(_file("backend/app.py", "from backend.prices import total\n" + "\n" * 10 + "answer = total\n"))
            elif number == cause:
                write(_file(PLACE, AFTER))
            else:
                path = number * 7919 % paths
                write(_file(f"area{path % 200:03d}/part{path:05d}.py", f"value = {path}\nchanged = {number}\n"))
        importing.stdin.close()
    asked = ["git", "-C", str(folder), "log", "-1", "--format=%H", "main", "--", PLACE]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _file(path: str, content: str) -> bytes:
    return f"M 100644 inline {path}\n".encode() + _data(content)


def measured(arguments: list[str], environment: dict[str, str]) -> tuple[dict[str, float], str]:
    """Wall and processor seconds (with those of its children) and peak memory in MB of one command; what it printed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, env=environment)
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
        seconds = time.perf_counter() - began
        output.seek(0)
        text = output.read()
    found = {"seconds": seconds, "processor": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss / 1024}
    return {name: round(value, 2) for name, value in found.items()}, text


def right(text: str, cause: str) -> bool:
    """Whether the report has one issue, with the right line and commit."""
    report: dict[str, Any] = json.loads(text)
    roots = [issue["root_cause"] for issue in report["issues"]]
    named = [(root["locators"], (root["introduced_by"] or {}).get("commit")) for root in roots if root]
    return named == [([f"{PLACE}:5"], cause)] and not report["unexplained"]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="shakeout-bench-") as place:
        folder = Path(place)
        # As installed: with compiled modules.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        sizes = {"one": HIDDEN, "ten thousand": min(10_000, ROWS), "all": ROWS}
        files = {name: folder / f"{name.replace(' ', '-')}.json" for name in sizes}
        written = {name: write_logs(files[name], rows) for name, rows in sizes.items()}
        cause = write_repository(folder / "repository", COMMITS, PATHS)
        print(
            f"{ROWS:,} entries, {written['all'] / 1e6:,.0f} MB; {COMMITS:,} commits, {PATHS:,} paths", file=sys.stderr
        )
        print(f"{'part':34}{'seconds':>9}{'processor':>11}{'MB peak':>9}  right", file=sys.stderr)
        measured(["-m", "shakeout", "explain", str(files["one"]), "-f", "json"], environment)
        parts: dict[str, dict[str, float]] = {}
        wrong = 0
        for name, file in files.items():
            arguments = ["-m", "shakeout", "explain", str(file), "--repo", str(folder / "repository"), "-f", "json"]
            part = f"explain, {name.replace('one', f'{HIDDEN}')} entries"
            parts[part], text = measured(arguments, environment)
            answer = right(text, cause)
            wrong += not answer
            _row(part, parts[part], "yes" if answer else "NO")
        parts["json.loads, all entries"], _ = measured(["-c", LOADS, str(files["all"])], environment)
        _row("json.loads, all entries", parts["json.loads, all entries"], "")
        print(json.dumps({"rows": ROWS, "bytes": written["all"], "commits": COMMITS, "paths": PATHS, "parts": parts}))
    if wrong:
        sys.exit(1)


def _row(part: str, values: dict[str, float], answer: str) -> None:
    seconds, processor, memory = values["seconds"], values["processor"], values["memory_mb"]
    print(f"{part:34}{seconds:9.2f}{processor:11.2f}{memory:9.0f}  {answer}", file=sys.stderr)


if __name__ == "__main__":
    main()
