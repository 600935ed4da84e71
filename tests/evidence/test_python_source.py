# ruff: noqa: E501 (a table of small programs reads best by the line)
"""Names of Python source, compared with what really running it shows, and with ruff."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shakeout.evidence.python_source import PythonSource

FATES: list[tuple[str, str, int, str]] = [
    ("def f():\n    return x\n", "x", 2, "nowhere"),
    ("x = 1\ndef f():\n    return x\n", "x", 3, "bound"),
    ("def f():\n    return len\n", "len", 2, "builtin"),
    ("def f(x):\n    return x\n", "x", 2, "bound"),
    ("def f(*, a, **x):\n    return x\n", "x", 2, "bound"),
    ("def f():\n    print(x)\n    x = 1\n", "x", 2, "later"),
    ("x = 0\ndef f():\n    x += 1\n", "x", 3, "later"),
    ("def f(a):\n    if a:\n        x = 1\n    return x\n", "x", 4, "on one branch"),
    ("def f(a):\n    if a:\n        x = 1\n    else:\n        return\n    return x\n", "x", 6, "bound"),
    ("def f(a):\n    if a:\n        x = 1\n    else:\n        raise ValueError\n    return x\n", "x", 6, "bound"),
    ("def f(a):\n    for x in a:\n        pass\n    return x\n", "x", 4, "on one branch"),
    ("def f(a):\n    for y in a:\n        x = y\n        break\n    else:\n        x = 0\n    return x\n", "x", 7, "bound"),
    ("def f():\n    while True:\n        x = 1\n        break\n    return x\n", "x", 5, "bound"),
    ("def f(a):\n    while a:\n        x = 1\n    return x\n", "x", 4, "on one branch"),
    ("def f(a):\n    try:\n        x = a()\n    except OSError:\n        pass\n    return x\n", "x", 6, "on one branch"),
    ("def f(a):\n    try:\n        x = a()\n    except OSError:\n        raise\n    return x\n", "x", 6, "bound"),
    ("def f(a):\n    try:\n        x = a()\n    finally:\n        x.close()\n", "x", 5, "on one branch"),
    ("def f(a):\n    try:\n        x = a()\n    finally:\n        print()\n    return x\n", "x", 6, "bound"),
    ("def f(a):\n    with a() as x:\n        pass\n    return x\n", "x", 4, "bound"),
    ("def f(a):\n    with suppress(OSError):\n        x = a()\n    return x\n", "x", 4, "on one branch"),
    ("def f(a):\n    match a:\n        case [x, _]:\n            pass\n    return x\n", "x", 5, "on one branch"),
    ("def f(a):\n    match a:\n        case [x]:\n            pass\n        case x:\n            pass\n    return x\n", "x", 7, "bound"),
    ("def f(a):\n    if (x := a):\n        pass\n    return x\n", "x", 4, "bound"),
    ("def f(a):\n    if a:\n        x = 1\n    sys.exit()\n    return x\n", "x", 5, "bound"),
    ("try:\n    pass\nexcept OSError as x:\n    pass\nprint(x)\n", "x", 5, "deleted"),
    ("x = 1\ndel x\nprint(x)\n", "x", 3, "deleted"),
    ("def f():\n    global x\n    x = 1\ndef g():\n    return x\n", "x", 5, "global only"),
    ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n    return g\n", "x", 5, "bound"),
    ("class A:\n    x = 1\n    def f(self):\n        return x\n", "x", 4, "nowhere"),
    ("class A:\n    x = 1\n    y = x\n", "x", 3, "bound"),
    ("class A:\n    x = [1]\n    y = [z for z in x]\n", "x", 3, "bound"),
    ("class A:\n    x = 1\n    y = [x for _ in '']\n", "x", 3, "nowhere"),
    ("def f(a):\n    y = [x for x in a]\n    return x\n", "x", 3, "nowhere"),
    ("def f(a):\n    y = [(x := b) for b in a]\n    return x\n", "x", 3, "bound"),
    ("if TYPE_CHECKING:\n    from a import x\ndef f():\n    return x\n", "x", 4, "type checking only"),
    ("try:\n    import x\nexcept ImportError:\n    x = None\ndef f():\n    return x\n", "x", 6, "bound"),
    ("def f(a=x):\n    pass\nx = 1\n", "x", 1, "later"),
    ("@x\ndef f():\n    x = 1\n", "x", 1, "nowhere"),
    ("def f():\n    return lambda: x\n", "x", 2, "nowhere"),
    ("def f():\n    x: int\n    return x\n", "x", 3, "later"),
    ("def f():\n    import a.b\n    return a\n", "a", 3, "bound"),
    ("def f():\n    from a import b as x\n    return x, b\n", "b", 3, "nowhere"),
    ("def f(y):\n    return f'{y} {x!r}'\n", "x", 2, "nowhere"),
    ("def x():\n    return x\n", "x", 2, "bound"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "line", "fate"), FATES)
def test_a_lookup_comes_to_its_fate(text: str, name: str, line: int, fate: str) -> None:
    (lookup,) = (one for one in PythonSource(text).lookups(name) if one.line == line)
    assert lookup.fate == fate


def test_a_postponed_annotation_is_not_looked_up_when_the_line_runs() -> None:
    source = PythonSource("from __future__ import annotations\ndef f(a: X) -> 'Y':\n    b: Z = 1\n")
    assert all(source.lookups(name)[0].annotation for name in "XYZ")
    assert not PythonSource("def f(a: X): ...\n").lookups("X")[0].annotation


def test_null_bytes_and_depth_are_syntax_errors_or_answers() -> None:
    with pytest.raises(SyntaxError):
        PythonSource("x\0")
    with pytest.raises(SyntaxError):
        PythonSource("print 'x'\n")
    deep = PythonSource("x = " + "+".join(["y"] * 2000) + "\n")
    assert deep.is_undefined("y", 1)
    branches = "def f(a):\n    if a:\n        pass\n" + "    elif a:\n        x = 1\n" * 700 + "    return x\n"
    assert PythonSource(branches).lookups("x")[0].fate in {"on one branch", "bound"}


def test_what_binds_names_as_the_program_runs_is_seen() -> None:
    for text in ("exec(x)\n", "globals()['a'] = 1\n", "globals().update(b)\n", "import builtins\nbuiltins._ = 1\n"):
        assert PythonSource(text).dynamic_line is not None, text
    assert PythonSource("a = globals()\nb = {}\nb.update(a)\n").dynamic_line is None


def test_a_new_import_goes_below_the_head_of_the_file() -> None:
    assert PythonSource('#!/bin/x\n# licence\n"""Words."""\nx = 1\n').import_line() == 3
    assert PythonSource("#!/bin/x\n# coding: utf-8\n\nx = 1\n").import_line() == 2
    assert PythonSource("import a\nfrom b import (\n    c,\n)\nx = 1\nimport d\n").import_line() == 4
    assert PythonSource("x = 1\n").import_line() == 0


def ruff_undefined(text: str) -> set[tuple[str, int]]:
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [str(ruff), "check", "--isolated", "--select", "F821", "--output-format", "json", "-"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {(item["message"].split("`")[1], item["location"]["row"]) for item in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[2].joinpath("src/shakeout/evidence").glob("*.py")), ids=str
)
def test_good_files_have_no_failing_lookup(path: Path) -> None:
    source = PythonSource(path.read_text("utf-8"))
    names = {read.name for read in source.scopes.reads}
    failing = [one for name in names for one in source.lookups(name) if one.fate == "nowhere"]
    assert failing == []


def test_what_is_undefined_is_what_ruff_calls_undefined() -> None:
    for text, name, line, fate in FATES:
        if fate == "nowhere":
            assert (name, line) in ruff_undefined(text), text
        elif fate == "bound":
            assert (name, line) not in ruff_undefined(text), text


def program(seed: int) -> str:
    """A small function of names that are bound, deleted and used in every order, made from a number."""
    random = Random(seed)

    def block(depth: int) -> list[str]:
        return [row for _ in range(random.randint(1, 3)) for row in statement(depth)]

    def inside(depth: int) -> list[str]:
        return [f"    {row}" for row in block(depth + 1)]

    def statement(depth: int) -> list[str]:
        one, other = random.choice("abc"), random.choice("abc")
        simple = [
            f"{one} = 1", f"{one} = {other}", f"use({one})", f"{one} += 1", f"del {one}", "return", "raise OSError",
            f"use([{other} for {one} in [1]])", f"import os as {one}", f"use(lambda: {one})", f"use({one} := 2)",
        ]  # fmt: skip
        if depth > 2 or random.random() < 0.6:
            return [random.choice(simple)]
        return random.choice(
            [
                lambda: ["if take():", *inside(depth), "else:", *inside(depth)],
                lambda: [f"for {one} in items():", *inside(depth)],
                lambda: ["try:", *inside(depth), f"except OSError as {one}:", *inside(depth)],
                lambda: ["try:", *inside(depth), "finally:", *inside(depth)],
                lambda: ["while take():", *inside(depth), "    break"],
            ]
        )()

    return "\n".join(["def f():", *(f"    {row}" for row in block(0))]) + "\n"


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9).map(program), st.lists(st.booleans(), min_size=12, max_size=12))
def test_each_name_error_of_a_run_is_foreseen_and_no_sure_lookup_fails(text: str, choices: list[bool]) -> None:
    decisions = iter([*choices, *([False] * 500)])
    budget = iter(range(200))
    seen: list[int] = []

    def use(value: object) -> None:
        if next(budget, None) is None:
            raise SystemExit

    scope = {"use": use, "take": lambda: next(decisions), "items": lambda: [1, 2] if next(decisions) else []}
    try:
        ast.parse(text)
        exec(compile(text, "<case>", "exec"), scope)
        scope["f"]()  # type: ignore[operator]
    except NameError as error:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<case>":
                seen.append(trace.tb_lineno)
            trace = trace.tb_next
        # The first error of a chain (one in a handler of another) counts: only the last has its line at hand.
        failing = {one.line: one.fate for one in PythonSource(text).lookups(str(error).split("'")[1]) if one.fails}
        deleting = {node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Delete)}
        assert seen[-1] in failing or seen[-1] in deleting, text
    except (SystemExit, OSError, TypeError, StopIteration, AttributeError):
        pass
