"""Imports go one way, as the design draws the house; each arrow is held by reading the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "shakeout"
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"evidence", "manifest"}),
    frozenset({"logs", "checks", "targets"}),
    frozenset({"rehearsal"}),
    frozenset({"why"}),
    frozenset({"catalogue"}),
    frozenset({"fixes"}),
    frozenset({"report"}),
    frozenset({"history"}),
    frozenset({"runs"}),
    frozenset({"console", "cli"}),
    frozenset({"testing", "casework", "__main__"}),
)
"""From the ground up: a part imports its own floor and those below it."""

CATALOGUE_MAY_USE = {"catalogue", "why", "evidence", "logs", "manifest", "errors"}


def part_of(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def floor_of(part: str) -> int:
    return next(number for number, parts in enumerate(FLOORS) if part in parts)


def imports_of(path: Path) -> set[str]:
    """The parts of the package that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [item.name for item in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("shakeout.")}
    return found


FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem != "__init__")


@pytest.mark.parametrize("part", sorted({part_of(path) for path in FILES}))
def test_a_part_imports_nothing_from_the_floors_above_it(part: str) -> None:
    above = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in FILES
        if part_of(path) == part
        for name in sorted(imports_of(path))
        if floor_of(name) > floor_of(part)
    ]
    assert not above


def test_the_catalogue_uses_only_the_engine_evidence_logs_and_the_manifests_types() -> None:
    for path in FILES:
        if part_of(path) == "catalogue":
            assert imports_of(path) <= CATALOGUE_MAY_USE, path


def test_the_engine_knows_no_rule() -> None:
    for path in FILES:
        if part_of(path) == "why":
            assert "catalogue" not in imports_of(path)


STREAMS = frozenset({"stdin", "stdout", "stderr"})
STARTERS = frozenset({"run", "Popen", "call", "check_call", "check_output", "create_subprocess_exec"})


def inherited_by(call: ast.Call) -> set[str]:
    """Which of our streams a program that is started so gets; those of `os.posix_spawn` are set one by one."""
    given = {item.arg for item in call.keywords}
    given |= {"stdout", "stderr"} if "capture_output" in given else set()
    return set(STREAMS - given - ({"stdin"} if "input" in given else set()))


def test_no_program_that_is_started_gets_our_streams() -> None:
    """What goes on after us, or hangs, must not hold the terminal or the pipe of whoever waits for us to end."""
    started = [
        (f"{path.relative_to(SOURCE)}:{node.lineno}", node)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in STARTERS
        and "subprocess" in ast.unparse(node.func)
    ]
    assert len(started) > 10
    assert {place: inherited_by(call) for place, call in started if inherited_by(call)} == {}
