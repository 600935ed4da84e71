"""Whatever the input: entries, notes or one clear error, in bounded time and memory. FUZZ_SECONDS lengthens it."""

# ruff: noqa: E501
from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shakeout.errors import InputError
from shakeout.logs.errors import errors
from shakeout.logs.limits import Limits
from shakeout.logs.reading import read_evidence

SECONDS = float(os.environ.get("FUZZ_SECONDS", "4"))
SAMPLES = Path(__file__).parent / "samples"


def survey(path: Path, limits: Limits | None = None) -> tuple[int, int, tuple[str, ...]]:
    """(entries, errors, notes) of a file; every message stands at its locator."""
    try:
        with read_evidence([path], limits=limits or Limits()) as evidence:
            entries = list(evidence.entries())
            for entry in entries[:20]:
                assert (entry.quote or entry.message) in evidence.resolve(entry.locator)
            found = list(errors(entries))
            assert found == list(errors(evidence.suspects()))
            list(evidence.documents)
            return len(entries), len(found), tuple(str(note) for note in evidence.notes)
    except InputError as error:
        return 0, 0, (str(error),)


def seeds() -> list[bytes]:
    entry = {
        "insertId": "a", "timestamp": "2025-09-03T10:00:00Z", "severity": "ERROR", "logName": "projects/p/logs/x",
        "jsonPayload": {"message": "no ledger\n  File \"/a.py\", line 3, in f", "error": {"stack": "Error: x\n    at f (a.js:1:2)"}},
    }  # fmt: skip
    pod = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "a"}}]}
    texts = [
        json.dumps([entry, entry], indent=2),
        json.dumps(entry),
        json.dumps({"raw_logs": [entry]}),
        json.dumps(pod),
    ]
    texts.append("---\n" + "\n".join(f"{key}: {json.dumps(value)}" for key, value in entry.items()))
    return [text.encode() for text in texts] + [path.read_bytes() for path in sorted(SAMPLES.rglob("*.log"))]


def mutated(chance: random.Random, data: bytes) -> bytes:
    result = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(result) + 1)
        match chance.randrange(7):
            case 0:
                del result[at:]
            case 1:
                del result[:at]
            case 2:
                result[at:at] = chance.randbytes(chance.randint(1, 40))
            case 3:
                result[at:at] = chance.choice(
                    [b"[", b"{", b'"', b"\\", b"]", b"}", b"\n", b"\r", b"\x1b[31m", b"\x00", b"\xff\xfe"]
                )
            case 4:
                end = min(len(result), at + chance.randint(1, 200))
                result[at:at] = result[at:end] * chance.randint(1, 20)
            case 5:
                result[at : at + chance.randint(1, 30)] = b""
            case _:
                result[at:at] = chance.choice(
                    [b"[" * 3000, b'{"a":' * 3000, b"9" * 400, b"\\u0000", b"\\ud800", b"-" * 500]
                )
        if not result:
            return b"x"
    return bytes(result[:200_000])


def test_mutations_of_real_inputs_are_read_without_a_crash(tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("FUZZ_SEED", "20250903")))
    pool = seeds()
    begin = time.monotonic()
    rounds = 0
    path = tmp_path / "input"
    while time.monotonic() - begin < SECONDS:
        path.write_bytes(mutated(chance, chance.choice(pool)))
        once = time.monotonic()
        survey(path)
        assert time.monotonic() - once < 10
        rounds += 1
    assert rounds > 10


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=600))
def test_any_bytes_are_read_without_a_crash(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "input"
    path.write_bytes(data)
    survey(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["message", "severity", "level", "time", "textPayload", "jsonPayload", "log", "stream",
                                       "MESSAGE", "kind", "metadata", "items", "record", "insertId", "exception", "a"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON)
def test_any_json_is_read_without_a_crash(tmp_path: Path, value: object) -> None:
    path = tmp_path / "input"
    path.write_text(json.dumps(value))
    survey(path)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000, b'{"a":' * 200_000, b'[{"message": "cut', b'{"raw_logs": [{"message": "a", "level": "error"}, {"mess',
        b"\xff\xfe\x00", b"\x00" * 5000, b"\x1b]0;title", b"---\na: &x [*x, *x]\n", b"---\n" + b"- " * 5000,
        b'{"message": "' + b"\\u0000" * 100 + b'", "level": "error"}', b'[1, "text ERROR", null, {"message": "m", "level": 50}]',
        b"(" * 50_000, b"Traceback (most recent call last):\n" * 5000, b"  File \"a\", line 1, in f\n" * 20_000,
        b'insertId: x\njsonPayload: {"e":p\r,r: {""}}', b"Caused by: " * 20_000, b"    at a(" * 20_000, b"goroutine 1 [x]:\n" * 5000, b"\x85\n" * 100,
    ],
    ids=range(19),
)  # fmt: skip
def test_a_built_input_is_read_in_time(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "input"
    path.write_bytes(data)
    begin = time.monotonic()
    survey(path)
    assert time.monotonic() - begin < 15


def test_utf_16_is_read_as_text(tmp_path: Path) -> None:
    for name in ("utf-16", "utf-16-le", "utf-16-be"):
        path = tmp_path / f"{name}.log"
        path.write_bytes(("2025-09-03 10:00:00 ERROR kein Anschluß\n" * 4).encode(name))
        assert survey(path)[:2] == (4, 1)


def test_what_is_not_utf_8_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "latin.log"
    path.write_bytes("ERROR: kein Anschluß\n".encode("latin-1"))
    assert survey(path)[:2] == (1, 1)


def test_binary_is_said_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "image.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "app.log").write_bytes(b"ERROR: no ledger\n")
    count, _, notes = survey(tmp_path)
    assert count == 1
    assert any("binary, not a log" in note for note in notes)


def test_text_that_is_no_log_is_read_as_text_and_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("some words\nother words\n")
    count, found, notes = survey(path)
    assert (count, found) == (2, 0)
    assert any("no known log format" in note for note in notes)


def test_a_cut_array_gives_its_whole_entries_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    whole = json.dumps(
        [{"message": f"failed {n}", "level": "error", "time": f"2025-09-03T10:00:0{n}Z"} for n in range(5)], indent=1
    )
    path.write_text(whole[: whole.index("failed 4")])
    count, found, notes = survey(path)
    assert (count, found) == (4, 4)
    assert any("cut off" in note for note in notes)


def test_a_long_line_is_cut_and_said(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"ERROR: " + b"x" * 50_000 + b"\nERROR: next\n")
    count, _, notes = survey(path, Limits(line=10_000))
    assert count == 2
    assert any("longer than 10000 bytes" in note for note in notes)


PROGRAM = """
import re, sys
from pathlib import Path
from shakeout.logs.reading import read_evidence
from shakeout.logs.errors import errors
with read_evidence([Path(sys.argv[1])]) as evidence:
    print(sum(error.count for error in errors(evidence.entries())))
    # Not ru_maxrss: that begins with what the process had that started this one.
    print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.parametrize("start", [b"ERROR: ", b'{"message": "', b'[{"message": "'])
def test_one_line_of_hundreds_of_megabytes_needs_little_memory(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "line.log"
    with path.open("wb") as file:
        file.write(start)
        for _ in range(500):
            file.write(b"x" * (1 << 20))
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True, timeout=100
    )
    assert int(run.stdout.split()[1]) < 400


def test_more_kinds_of_errors_than_are_kept_are_folded(tmp_path: Path) -> None:
    path = tmp_path / "many.log"
    path.write_text("".join(f"ERROR: order {number} of user {number * 7} failed\n" for number in range(3000)))
    with read_evidence([path]) as evidence:
        found = list(errors(evidence.entries()))
    assert sum(one.count for one in found) == 3000
    assert len(found) < 60
    assert any(one.folded for one in found)
