"""
How fast exported logs become folded errors, compared with `json.loads` of the same file.

Makes its own export (Cloud Logging entries as `gcloud logging read --format=json` writes them, newest first, one cause
hidden among ordinary requests), reads it in a process of its own, and reports seconds, memory and the ratio.

    python -m bench.reading             60,000 entries, about 60 MB
    ROWS=1000000 python -m bench.reading

A table goes to standard error; the last line of standard output is JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROWS = int(os.environ.get("ROWS", "60000"))
START = datetime(2025, 9, 3, 8, tzinfo=UTC)
TRACEBACK = """Traceback (most recent call last):
  File "/app/backend/history.py", line 41, in store
    self.client.insert("runs", rows)
  File "/usr/local/lib/python3.12/site-packages/clickhouse_connect/driver/client.py", line 812, in insert
    return self.data_insert(context)
  File "/app/backend/breaker.py", line 27, in call
    raise CircuitBreakerOpenError(f"SERVICE_UNAVAILABLE: Circuit breaker '{self.name}' is OPEN")
backend.breaker.CircuitBreakerOpenError: SERVICE_UNAVAILABLE: Circuit breaker 'clickhouse' is OPEN"""


def entry(number: int) -> dict[str, object]:
    """One entry; every fifth is a request, every fiftieth an error, the rest are the application's own."""
    moment = (START + timedelta(milliseconds=7 * number)).isoformat().replace("+00:00", "Z")
    service = ("backend", "auth", "frontend")[number % 3]
    common: dict[str, object] = {
        "insertId": f"68b8{number:016x}",
        "labels": {"instanceId": f"{number % 40:064x}", "commit-sha": "4f9d1c7e0b6a4f9d1c7e0b6a4f9d1c7e0b6a4f9d"},
        "logName": f"projects/harbour-staging/logs/run.googleapis.com%2F{'requests' if number % 5 == 0 else 'stdout'}",
        "receiveTimestamp": moment,
        "resource": {
            "labels": {
                "configuration_name": service,
                "location": "europe-west1",
                "project_id": "harbour-staging",
                "revision_name": f"{service}-00042-xyz",
                "service_name": service,
            },
            "type": "cloud_run_revision",
        },
        "severity": "INFO",
        "timestamp": moment,
    }
    if number % 50 == 3:
        common.update(severity="ERROR", textPayload=TRACEBACK)
    elif number % 5 == 0:
        common["httpRequest"] = {
            "latency": "0.012s",
            "protocol": "HTTP/1.1",
            "remoteIp": "203.0.113.7",
            "requestMethod": "GET",
            "requestSize": "512",
            "requestUrl": f"https://{service}-staging.example.com/v1/items/{number}",
            "responseSize": "2048",
            "serverIp": "203.0.113.9",
            "status": 200,
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0",
        }
        common["trace"] = f"projects/harbour-staging/traces/{number:032x}"
    elif number % 2:
        common["textPayload"] = f'INFO:     203.0.113.7:0 - "GET /v1/items/{number} HTTP/1.1" 200 OK'
    else:
        common["jsonPayload"] = {
            "event": "item stored",
            "item": number,
            "logger": f"{service}.store",
            "request_id": f"{number:032x}",
            "seconds": 0.0123,
        }
    return common


def write(path: Path, rows: int) -> int:
    """The export, newest first; returns its size in bytes."""
    with path.open("w") as file:
        file.write("[\n")
        for number in range(rows - 1, -1, -1):
            text = json.dumps(entry(number), indent=2).replace("\n", "\n  ")
            file.write(f"  {text}{',' if number else ''}\n")
        file.write("]\n")
    return path.stat().st_size


def fold(path: Path) -> int:
    from shakeout.logs.errors import errors
    from shakeout.logs.reading import read_evidence

    with read_evidence([path]) as evidence:
        return sum(error.count for error in errors(evidence.suspects()))


def every(path: Path) -> int:
    from shakeout.logs.errors import errors
    from shakeout.logs.reading import read_evidence

    with read_evidence([path]) as evidence:
        return sum(error.count for error in errors(evidence.entries()))


def loads(path: Path) -> int:
    return sum(item["severity"] == "ERROR" for item in json.loads(path.read_bytes()))


PARTS: dict[str, Callable[[Path], int]] = {"suspects, folded": fold, "every entry, folded": every, "json.loads": loads}


def measured(path: Path) -> Iterator[tuple[str, float, float, int]]:
    """(part, seconds, peak memory in MB, errors seen), each in a process of its own."""
    for part in PARTS:
        command = [sys.executable, "-m", "bench.reading", part, str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, memory, count = json.loads(result.stdout)
        yield part, seconds, memory, count


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        size = write(path, ROWS)
        print(f"{ROWS:,} entries, {size / 1e6:,.0f} MB, {size / ROWS:,.0f} bytes an entry", file=sys.stderr)
        print(f"{'part':22}{'seconds':>9}{'µs/entry':>10}{'MB peak':>9}{'errors':>9}", file=sys.stderr)
        results = {}
        for part, seconds, memory, count in measured(path):
            results[part] = {"seconds": round(seconds, 3), "memory_mb": round(memory), "errors": count}
            print(f"{part:22}{seconds:9.2f}{seconds / ROWS * 1e6:10.2f}{memory:9.0f}{count:9,}", file=sys.stderr)
    ratio = results["json.loads"]["seconds"] / results["suspects, folded"]["seconds"]
    print(f"json.loads takes {ratio:.2f} times as long as reading into folded errors", file=sys.stderr)
    print(json.dumps({"rows": ROWS, "bytes": size, "parts": results, "ratio_to_json_loads": round(ratio, 3)}))


def one(part: str, path: Path) -> None:
    begin = time.perf_counter()
    count = PARTS[part](path)
    seconds = time.perf_counter() - begin
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, count]))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
