"""Prefixes that are remembered end where the regular expression says that they do, whatever stands behind them."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shakeout.logs.templates import TemplateMiner, compiled, layout_of, prefixes
from shakeout.logs.templates.prefix import LEVELS, Layout
from shakeout.logs.templates.prefixes import Prefixes

_MESSAGE = "pump primed"
_HEADS = {
    "time": ["2026-05-16 10:00:07 ", "2026-05-17 10:00:08,123 ", "May 16 10:00:07 "],
    "date": ["2026-05-16 ", "2026/05/17 "],
    "time and level": ["2026-05-16 10:00:07 INFO ", "2026-05-16T10:00:07Z ERROR: ", "2026-05-16 10:00:07 | WARN | "],
    "seconds": ["1117838570 info ", "1117838571.5 error "],
    "syslog": ["Jun 14 15:16:01 combo app(pam)[19939]: ", "Jun  4 15:16:02 combo kernel: "],
    "group": ["10:00:07 INFO [main] ", "10:00:07 WARN [Handler 3 on 6227] ", "10:00:08 INFO (a b) "],
    "component": ["10:00:07 INFO [main] com.example.Db: ", "10:00:07 WARN [x [1] y] com.example.Bus: "],
    "words before": ["- x7 RAS 10:00:07 KERN INFO ", "- x8 RAS 10:00:08 KERN FATAL "],
    "number": ["10:00:07 INFO 17 ", "10:00:07 INFO [8] "],
    "cells": ["20261231-22:15:29:606|Step_LSC|", "20261231-22:15:30:1|Step_Other|"],
    "separator": ["[10.30 16:49:06] chrome.exe - ", "[10.30 16:49:07] git.exe *64 - "],
    "columns": ["2026-09-28 04:30:30, Info                  CBS    ", "2026-09-28 04:30:31, Error    CSI    "],
    "two times": ["I0516 10:00:07.123456 16/05/26 10:00:07.5 ", "E0516 10:00:08.123456 17/05/26 10:00:08.5 "],
    "separated": ["10:00:07 app -|", "10:00:08 api-gate -|"],
    "words first": ["web 10:00:07 ", "api-gate 10:00:08 ", "a b 10:00:08 "],
    "source": ["I0516 10:00:07.123456 12 server.cc:12] ", "E0516 10:00:08.123456 7 db/x.cc:9] "],
}
_pieces = st.sampled_from(
    [*(head for heads in _HEADS.values() for head in heads),
     "Z ", "UTC ", "+01:00 ", "-0500 ", "2026 ", "| ", ", ", " ", "\t", "  ", "10:00:09 ", "0516 ", "1234567890 ", "7",
     "[x", "y]: ", "[", "]", "(", ") ", "w[", "INFO", "info: ", "D ", "- ", "–", "\u00a0", "\u3000", "\x1c", "\x85",
     "app: ", "app[x foo: ", "foo: y]: ", "a ", "é", "{", "\r", "", "Mon, ", "May 5 ", ":5 ", ">", "} ", _MESSAGE]
)  # fmt: skip
_layouts = {name: layout_of([head + _MESSAGE for head in heads] * 20) for name, heads in _HEADS.items()}


def _layout(name: str) -> Layout:
    layout = _layouts[name]
    assert layout is not None
    return layout


def _expected(layout: Layout, lines: list[str]) -> list[tuple[str, int]]:
    """By the regular expression that polars has, as for lines that do not come as bytes."""
    frame = layout.applied(pl.DataFrame({"line": lines}))
    return list(zip(frame["text"], prefixes.levels_of(frame["level"]).tolist(), strict=True))


def _taken(known: Prefixes, lines: list[str]) -> list[tuple[str, int]]:
    taken = known.taken("\n".join(lines).encode(), len(lines))
    texts = [text.removesuffix("\r") for text in taken.bare.decode().split("\n")]
    return list(zip(texts, taken.levels.tolist(), strict=True))


def _lines(heads: list[str]) -> st.SearchStrategy[list[str]]:
    """Lines that begin as those of a log do, or otherwise."""
    line = st.tuples(st.sampled_from(["", *heads, *heads, *heads]), st.lists(_pieces, max_size=5).map("".join))
    return st.lists(line.map("".join), min_size=1, max_size=12)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("name", sorted(_HEADS))
@given(data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_prefixes_end_where_the_expression_says(name: str, data: st.DataObject) -> None:
    known = Prefixes(_layout(name))
    first, second = data.draw(_lines(_HEADS[name])), data.draw(_lines(_HEADS[name]))
    heads = [head + message for head in _HEADS[name] for message in ("ok", "Z ok", "7")]
    for lines in (heads + first, first + second, second):
        stripped = [line.removesuffix("\r") for line in lines]
        assert _taken(known, lines) == _expected(_layout(name), stripped)


_NOT_SO = {
    "a bracket that is closed behind": ("syslog", "Jun 14 15:16:01 w app[x foo: {}ok", "", "y]: "),
    "no seconds since 1970": ("seconds", "{}117838570 info ok", "1", "2"),
    "seconds before the time": ("words first", "web {}117838570 10:00:07 ok", "2", "1"),
    "space beyond ASCII": ("number", "10:00:07 INFO 17 {}ok", "", "\u00a0"),
    "more such space": ("number", "10:00:07 INFO 17 {}ok", "", "\u2028"),
    "a mark behind the gap": ("group", "10:00:07 INFO [main] {}ok", "", "| "),
    "a zone": ("time", "2026-05-16 10:00:07 {}ok", "", "UTC "),
    "too long to be remembered": ("group", f"10:00:07 INFO [{'x' * 300}] {{}}ok", "", "| "),
    "another separator": ("separated", "10:00:07 app -|{}ok", "", "- "),
    "the end of the line": ("syslog", "Jun 14 15:16:01 combo kernel: {}", "ok", ""),
}


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("name", sorted(_NOT_SO))
def test_what_begins_alike_may_go_on_otherwise(name: str) -> None:
    which, line, learned, other = _NOT_SO[name]
    known = Prefixes(_layout(which))
    for part in (learned, other, learned):
        lines = [line.format(part)] * 3
        assert _taken(known, lines) == _expected(_layout(which), lines)


@pytest.mark.parametrize("name", sorted(_HEADS))
def test_a_prefix_is_looked_for_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if compiled.named(b"") is None:
        pytest.skip("there is no machine code")
    known = Prefixes(_layout(name))
    rng = random.Random(3)
    lines = [f"{rng.choice(_HEADS[name])}pump {number} primed" for number in range(50)]
    expected = _expected(_layout(name), lines)
    assert _taken(known, lines) == expected
    monkeypatch.setattr(Prefixes, "_found", None)
    again = [line.translate(str.maketrans("345678", "876543")) for line in lines]
    assert [level for _, level in _taken(known, again)] == [level for _, level in expected]


def test_remembered_prefixes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "KNOWN", 10)
    rng = random.Random(4)
    names = ["".join(rng.choices("abcdefgh", k=6)) for _ in range(200)]
    lines = [f"2026-05-16 10:00:07 INFO [{name}] pump primed" for name in names]
    layout = layout_of(lines)
    assert layout is not None
    known = Prefixes(layout)
    for _ in range(3):
        assert [text for text, _ in _taken(known, lines)] == [_MESSAGE] * len(lines)
    assert len(known._known) <= 10


def test_lines_that_are_no_text_have_their_prefix_taken_off_too(either_way: None) -> None:
    heads = (b"10:00:07 INFO [main]", b"10:00:07 INFO [m\xff n]", b"10:00:07 WARN [\xc3]")
    lines = [heads[min(number, 2)] + b" pump %d \xff primed" % number for number in range(40)]
    layout = layout_of([line.decode("utf-8", "replace") for line in lines])
    miner = TemplateMiner()
    miner.add_blocks([b"\n".join(lines)], path="-", layout=layout)
    assert [(found.text, found.count) for found in miner.snapshot()] == [
        ("pump <*> \N{REPLACEMENT CHARACTER} primed", 40)
    ]


def test_a_level_behind_words_is_the_last_of_these(either_way: None) -> None:
    lines = [f"- x{at} RAS 10:00:07 KERN {'FATAL' if at % 4 else 'INFO'} pump {at} primed" for at in range(40)]
    layout = layout_of(lines)
    for add in ("add_lines", "add_blocks"):
        miner = TemplateMiner()
        given_ = lines if add == "add_lines" else ["\n".join(lines).encode()]
        getattr(miner, add)(given_, path="-", layout=layout)
        assert [dict(found.severities) for found in miner.snapshot()] == [{"CRITICAL": 30, "INFO": 10}]


def test_levels_are_numbers_of_names() -> None:
    told = pl.Series(["INFO ", "[error] ", "x WARN: ", "", None, "VERBOSE | "], dtype=pl.String)
    found = prefixes.levels_of(told)
    assert found.dtype == np.int32
    assert [LEVELS[level] if level >= 0 else None for level in found] == [
        "INFO",
        "ERROR",
        "WARNING",
        None,
        None,
        "DEBUG",
    ]


def test_a_line_that_is_no_text_changes_nothing_of_its_neighbours(either_way: None) -> None:
    layout = _layout("group")
    lines = [b"10:00:07 INFO\x1cfoo [main] x", b"10:00:07 INFO [main] \xff"]
    alone, both = Prefixes(layout).taken(lines[0], 1), Prefixes(layout).taken(b"\n".join(lines), 2)
    assert both.bare.split(b"\n") == [alone.bare, b"\xff"]
