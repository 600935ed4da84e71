"""
Every fault, injected and deployed alone, explained, and held against the truth about it.

`make bench NAME=faults`. Variables: ROUNDS (1), FAULTS (names, separated by commas; all), BELONGING (only faults that
belong to these environments, separated by commas), HEALTHY (runs of the application without a fault, 0), ENVIRONMENT
(where to deploy, instead of where each fault belongs; one of Cloud Run is rehearsed on a double), PROVE (1: deploy each
fix, too, and say what came of it). Each round clones the application at its HEAD anew, commits the fault among harmless
commits, deploys that, verifies and explains it. Scored is whether the root cause (claim and place), the change, the
guard and the priority are right, whether every link has evidence, and that there is no issue besides.
Reports of one fault are compared between rounds, without addresses, times, temporary folders and random identities.

The table goes to standard error, one JSON object to standard output as the last line.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shakeout.report.model import Report
from shakeout.report.rendering import Format, render
from shakeout.runs.faults import Fault, load_faults
from shakeout.runs.scoring import Score, score
from shakeout.runs.trying import try_faults

TOP = Path(__file__).parents[1]
COLUMNS = ("root", "change", "guard", "priority", "evidence", "nothing_besides")

_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\d{8}T\d{6}Z?(?:-[0-9a-f]{6,7}\b)?"), "<time>"),
    (re.compile(r"(?<![\w.])(?:127\.0\.0\.\d+|localhost|\[::1?\]|0\.0\.0\.0):\d{2,5}\b"), "<address>"),
    (re.compile(r"\bport \d{4,5}\b"), "port <address>"),
    (re.compile(r"/tmp/[\w./-]*?(?=/data|/source|/application|[\s'\",:)]|$)"), "<folder>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<identity>"),
    (re.compile(r"\b(?:run-[0-9a-f]{16}|[0-9a-f]{32})\b"), "<identity>"),
    # Fingerprints of keys that each release makes anew (`generate: true`).
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?![0-9a-f])"), "<fingerprint>"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|seconds)\b"), "<seconds>"),
    (re.compile(r"\b(?:pid|process|Process|PID) ?[\[(]?\d+\b"), "process <number>"),
    (re.compile(r"\.log:\d+"), ".log:<line>"),
    (re.compile(r"(checks/[\w-]+\.txt):\d+"), r"\1:<line>"),
)
_TIMED = frozenset({"seconds", "date", "run", "id", "started_at", "clock", "revision", "url", "reproduce", "at"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """One round of one fault: its score, its report without what varies, and how long its phases took (seconds)."""

    score: Score
    text: str
    seconds: Mapping[str, float]
    proofs: tuple[str, ...]


def normalised(report: Report) -> str:
    """The issues, services and outcomes of a report as JSON text, without addresses, times and random identities."""
    data = json.loads(render(report, Format.JSON))
    kept = {
        "status": data["status"],
        "issues": data["issues"],
        "unexplained": data.get("unexplained", []),
        "services": [[item["name"], item["status"]] for item in data["services"]],
        "checks": [[item["name"], item["outcome"]] for item in data["checks"]],
        "recommendations": data["recommendations"],
        "next_steps": data["next_steps"],
    }
    text = json.dumps(_without(kept), indent=1, ensure_ascii=False)
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return text


def _without(value: Any) -> Any:
    """The value without keys that hold times, addresses or excerpts of logs."""
    if isinstance(value, dict):
        left = {key: item for key, item in value.items() if key not in _TIMED and key != "excerpt"}
        return {key: _without(item) for key, item in left.items()}
    return [_without(item) for item in value] if isinstance(value, list) else value


def run(faults: list[Fault], folder: Path) -> tuple[Report, tuple[Score, ...]]:
    """Inject, deploy and explain the faults together; none of them is the healthy application."""
    proving = os.environ.get("PROVE", "0") == "1"
    tried = try_faults(TOP, faults, folder, os.environ.get("ENVIRONMENT") or None, prove=proving)
    return tried.report, score(tried.report, faults, tried.injected)


def one(fault: Fault) -> Ran:
    """One round of one fault."""
    with tempfile.TemporaryDirectory(prefix="shakeout-bench-") as folder:
        report, scores = run([fault], Path(folder))
    problems = tuple(problem for item in scores for problem in item.problems)
    values = {name: all(getattr(item, name) for item in scores) for name in COLUMNS}
    proofs = [f"{item.proof.status}: {item.proof.detail}" for item in report.issues if item.proof is not None]
    return Ran(
        score=Score(fault=fault.name, problems=problems, **values),
        text=normalised(report),
        seconds=report.seconds,
        proofs=tuple(proofs),
    )


def differences(rounds: list[Ran]) -> Iterator[str]:
    """The first lines in which a later round's report is not the first one's."""
    for number, other in enumerate(rounds[1:], 2):
        rows = difflib.unified_diff(
            rounds[0].text.splitlines(), other.text.splitlines(), "round 1", f"round {number}", lineterm="", n=0
        )
        yield from list(rows)[:12]


def healthy(count: int) -> list[str]:
    """The titles of issues that runs of the application without a fault yield; none is right."""
    found = []
    for _ in range(count):
        with tempfile.TemporaryDirectory(prefix="shakeout-bench-") as folder:
            report, _ = run([], Path(folder))
            found += [issue.title for issue in report.issues]
            found += [f"{item.name}: {item.detail}" for item in report.checks if item.outcome != "passed"]
    return found


def _words(variable: str) -> list[str]:
    return [word for word in os.environ.get(variable, "").split(",") if word]


def main() -> None:
    known = load_faults(TOP / "faults")
    belonging = _words("BELONGING")
    names = _words("FAULTS") or [name for name in known if not belonging or known[name].environment in belonging]
    rounds = int(os.environ.get("ROUNDS", "1"))
    began = time.monotonic()
    print(f"{'fault':34}{''.join(f'{name[:9]:>10}' for name in COLUMNS)}{'same':>6}{'explain':>9}", file=sys.stderr)
    results: dict[str, Any] = {}
    for name in names:
        ran = [one(known[name]) for _ in range(rounds)]
        right = {column: all(getattr(item.score, column) for item in ran) for column in COLUMNS}
        same = len({item.text for item in ran}) == 1
        slowest = max(item.seconds.get("explain", 0.0) for item in ran)
        marks = "".join(f"{'yes' if value else 'NO':>10}" for value in right.values())
        print(f"{name:34}{marks}{('yes' if same else 'NO') if rounds > 1 else '-':>6}{slowest:9.2f}", file=sys.stderr)
        problems = list(dict.fromkeys(problem for item in ran for problem in item.score.problems))
        for problem in problems:
            print(f"    {problem}", file=sys.stderr)
        proofs = list(dict.fromkeys(proof for item in ran for proof in item.proofs))
        for proof in proofs if os.environ.get("PROVE", "0") == "1" else ():
            print(f"    {proof}", file=sys.stderr)
        for row in differences(ran):
            print(f"    {row[:200]}", file=sys.stderr)
        results[name] = {
            **right,
            "right": not problems,
            "same": same,
            "explain_seconds": round(slowest, 3),
            "problems": problems,
            "proofs": proofs,
        }
    unwell = healthy(int(os.environ.get("HEALTHY", "0")))
    for line in unwell:
        print(f"healthy, and yet: {line}", file=sys.stderr)
    right_ones = sum(item["right"] for item in results.values())
    print(f"{right_ones} of {len(results)} right in {rounds} rounds, {time.monotonic() - began:.0f} s", file=sys.stderr)
    summary = {
        "rounds": rounds,
        "faults": len(results),
        "right": right_ones,
        "same": sum(item["same"] for item in results.values()),
        "healthy_runs": int(os.environ.get("HEALTHY", "0")),
        "healthy_findings": unwell,
        "results": results,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
