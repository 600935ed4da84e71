"""Python's tracebacks, as interpreters really print them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shakeout.logs.tracebacks.model import Traceback
from shakeout.logs.tracebacks.python import parse

PROGRAMS = {
    "chained": """
def connect():
    raise ConnectionRefusedError(111, "Connection refused")
def session():
    try: connect()
    except OSError as error: raise RuntimeError("no session\\nfor this user") from error
def handle():
    try: session()
    except RuntimeError: {}["user"]
handle()
""",
    "recursion": "def walk(n): return walk(n + 1)\nwalk(0)\n",
    "syntax": "import broken\n",
    "group": """
import asyncio
async def one(): raise KeyError("one")
async def two(): raise FileNotFoundError(2, "two")
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(one()); group.create_task(two())
asyncio.run(main())
""",
    "nested-group": """
try:
    raise ExceptionGroup("outer", [ValueError("v"), ExceptionGroup("inner", [TypeError("t"), KeyError("k")])])
except Exception as error:
    error.add_note("while loading")
    raise RuntimeError("top") from error
""",
}


def interpreters() -> list[str]:
    """This interpreter, and any newer one that is installed beside it."""
    beside = sorted(Path(sys.base_prefix).parent.glob("3.1[1-9].*/bin/python"))
    return [sys.executable, *(str(path) for path in beside)]


@pytest.fixture(params=interpreters())
def run(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    (tmp_path / "broken.py").write_text("def serve(:\n    pass\n")

    def start(program: str) -> list[str]:
        path = tmp_path / "program.py"
        path.write_text(PROGRAMS[program])
        result = subprocess.run([request.param, str(path)], capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode == 1
        return result.stderr.splitlines()

    return start


def parsed(lines: list[str]) -> Traceback:
    found = parse(lines)
    assert found is not None
    return found


def test_chained_exceptions_have_the_first_cause_first(run) -> None:  # type: ignore[no-untyped-def]
    found = parsed(run("chained"))
    assert [(one.type, one.relation) for one in found.exceptions] == [
        ("ConnectionRefusedError", "direct cause"),
        ("RuntimeError", "context"),
        ("KeyError", ""),
    ]
    assert found.first.message == "[Errno 111] Connection refused"
    assert found.exceptions[1].message == "no session\nfor this user"
    assert found.exceptions[1].notes == ("for this user",)
    assert [(frame.line, frame.function) for frame in found.first.frames] == [(5, "session"), (3, "connect")]
    assert found.first.frames[-1].code == 'raise ConnectionRefusedError(111, "Connection refused")'
    assert not found.truncated


def test_repeated_frames_are_counted(run) -> None:  # type: ignore[no-untyped-def]
    found = parsed(run("recursion"))
    assert found.last.type == "RecursionError"
    assert found.last.frames[-1].repeated > 900
    assert found.last.frames[-1].code == "def walk(n): return walk(n + 1)"


def test_a_syntax_error_has_the_place_of_the_error_as_its_last_frame(run) -> None:  # type: ignore[no-untyped-def]
    found = parsed(run("syntax"))
    assert found.last.type == "SyntaxError"
    frame = found.last.frames[-1]
    assert (Path(frame.path).name, frame.line, frame.function, frame.code) == ("broken.py", 1, "", "def serve(:")


def test_members_of_a_group_come_before_it(run) -> None:  # type: ignore[no-untyped-def]
    found = parsed(run("group"))
    assert [(one.type, one.relation, len(one.frames)) for one in found.exceptions[:2]] == [
        ("KeyError", "member", 1),
        ("FileNotFoundError", "member", 1),
    ]
    assert found.last.type == "ExceptionGroup"
    assert found.last.message == "unhandled errors in a TaskGroup (2 sub-exceptions)"


def test_groups_within_groups_and_what_they_caused(run) -> None:  # type: ignore[no-untyped-def]
    found = parsed(run("nested-group"))
    assert [(str(one), one.relation) for one in found.exceptions] == [
        ("ValueError: v", "member"),
        ("TypeError: t", "member"),
        ("KeyError: 'k'", "member"),
        ("ExceptionGroup: inner (2 sub-exceptions)", "member"),
        ("ExceptionGroup: outer (2 sub-exceptions)\nwhile loading", "direct cause"),
        ("RuntimeError: top", ""),
    ]


def test_a_traceback_without_its_end_is_truncated(run) -> None:  # type: ignore[no-untyped-def]
    lines = run("chained")
    found = parsed(lines[:3])
    assert found.truncated
    assert found.last.type == ""
    assert found.last.frames[0].function == "handle" or found.last.frames[0].function == "session"


def test_a_traceback_without_its_beginning_is_truncated_and_keeps_its_frames(run) -> None:  # type: ignore[no-untyped-def]
    lines = run("chained")
    found = parsed(lines[2:])
    assert found.truncated
    assert [one.type for one in found.exceptions] == ["ConnectionRefusedError", "RuntimeError", "KeyError"]


def test_every_cut_of_a_traceback_is_read_without_a_crash(run) -> None:  # type: ignore[no-untyped-def]
    for program in PROGRAMS:
        lines = run(program)
        for cut in range(len(lines)):
            parse(lines[cut:])
            parse(lines[:cut])


def test_text_without_a_traceback_is_none() -> None:
    assert parse(["ValueError: bad", "hello"]) is None
    assert parse([]) is None
