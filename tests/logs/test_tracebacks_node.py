"""Stacks as the installed Node.js really prints them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from shakeout.logs.tracebacks.model import Traceback
from shakeout.logs.tracebacks.node import parse

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")

CAUSES = """
function connect() { throw new Error("connect ECONNREFUSED 127.0.0.1:5432"); }
function session() { try { connect(); } catch (error) { throw new TypeError("no session", { cause: error }); } }
session();
"""


def run(folder: Path, text: str, name: str = "server.js") -> list[str]:
    path = folder / name
    path.write_text(text)
    result = subprocess.run(["node", str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode != 0
    return result.stderr.splitlines()


def parsed(lines: list[str]) -> Traceback:
    found = parse(lines)
    assert found is not None
    return found


def test_nested_causes_have_the_first_cause_first(tmp_path: Path) -> None:
    found = parsed(run(tmp_path, CAUSES))
    assert [(str(one), one.relation) for one in found.exceptions] == [
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", "direct cause"),
        ("TypeError: no session", ""),
    ]
    frame = found.first.frames[-1]
    assert (Path(frame.path).name, frame.line, frame.function) == ("server.js", 2, "connect")


def test_members_of_an_aggregate_come_before_it(tmp_path: Path) -> None:
    text = """Promise.any([Promise.reject(new Error("one")), Promise.reject(new RangeError("two"))])
    .catch((error) => { console.error("all failed", error); process.exit(3); });"""
    found = parsed(run(tmp_path, text))
    assert [(str(one), one.relation) for one in found.exceptions] == [
        ("Error: one", "member"),
        ("RangeError: two", "member"),
        ("AggregateError: All promises were rejected", ""),
    ]


def test_a_syntax_error_has_the_place_above_it_as_its_last_frame(tmp_path: Path) -> None:
    found = parsed(run(tmp_path, "const x = ;\n"))
    assert str(found.last) == "SyntaxError: Unexpected token ';'"
    frame = found.last.frames[-1]
    assert (Path(frame.path).name, frame.line, frame.code) == ("server.js", 1, "const x = ;")


def test_a_missing_module_has_the_stack_of_requires_as_notes(tmp_path: Path) -> None:
    found = parsed(run(tmp_path, 'require("not-installed");\n'))
    assert found.last.message.startswith("Cannot find module 'not-installed'\nRequire stack:\n- ")
    assert "server.js" in {Path(frame.path).name for frame in found.last.frames}


def test_a_missing_file_of_an_es_module(tmp_path: Path) -> None:
    found = parsed(run(tmp_path, 'import x from "./nowhere.js";\n', "server.mjs"))
    assert found.last.type == "Error"
    assert found.last.message.startswith("Cannot find module ")


def test_an_unhandled_event_has_only_the_frames_of_the_error(tmp_path: Path) -> None:
    found = parsed(run(tmp_path, 'require("net").connect(1, "127.0.0.1");\n'))
    assert str(found.last) == "Error: connect ECONNREFUSED 127.0.0.1:1"
    assert [frame.function for frame in found.last.frames] == ["TCPConnectWrap.afterConnect [as oncomplete]"]


def test_every_cut_of_a_stack_is_read_without_a_crash(tmp_path: Path) -> None:
    lines = run(tmp_path, CAUSES)
    for cut in range(len(lines)):
        parse(lines[cut:])
        parse(lines[:cut])


def test_text_without_a_stack_is_none() -> None:
    assert parse(["Error: bad", "hello"]) is None
