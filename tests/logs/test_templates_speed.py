"""What makes templates fast changes nothing of what they are."""

from __future__ import annotations

import random
import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shakeout.logs.templates import TemplateMiner
from shakeout.logs.templates.fold import SIGN, Known, names_folded
from shakeout.logs.templates.names import LONGEST, names_of
from shakeout.logs.templates.shape import _once, shape
from shakeout.logs.templates.table import EVERY

_piece = st.sampled_from([SIGN, "open ", "closed ", "/a/b/c ", "www.example.com ", "x=", "(", ") ", "node "])
_rough = st.lists(_piece, max_size=9).map("".join)


@given(portions=st.lists(st.lists(_rough, max_size=8), max_size=4))
@settings(deadline=None, max_examples=60)
def test_the_fold_with_a_memory_is_the_fold(portions: list[list[str]]) -> None:
    known = Known()
    for portion in portions:
        rough = pl.Series(values=portion, dtype=pl.String)
        assert known.folded(rough.to_list()) == names_folded(rough).to_list()


def test_a_phrase_that_is_repeated_is_one_phrase_wherever_it_begins() -> None:
    assert shape(f"sum: node {SIGN} ok node {SIGN} ok node {SIGN}, done") == shape(
        f"sum: node {SIGN} ok node {SIGN}, done"
    )
    assert shape(f"at x{SIGN} of y {SIGN} of y {SIGN}") == shape(f"at x{SIGN} of y {SIGN}")
    assert shape(f"a {SIGN} b {SIGN} c a {SIGN} b {SIGN} c a {SIGN}") != shape(f"a {SIGN} b {SIGN} c b {SIGN}")
    assert shape(f"sum: up {SIGN}up {SIGN}") == f"sum: up {SIGN}"
    assert shape(f"from {SIGN} to {SIGN}") == f"from {SIGN} to {SIGN}"


_stretch = st.sampled_from(["a ", "b", "|", "q" * 59, "w", f"b{SIGN}", f"b a {SIGN}", SIGN, SIGN])


@given(text=st.lists(_stretch, max_size=16).map("".join))
@settings(deadline=None, max_examples=500)
def test_repeated_phrases_are_those_of_an_expression(text: str) -> None:
    expression = re.compile(rf"((?:[^{SIGN}|]{{1,60}}{SIGN}){{1,4}}?)\1+")
    assert _once(text) == expression.sub(r"\1", text)


def test_words_that_two_events_share_are_names_however_long_the_line() -> None:
    tail = ("is", "said", "to", "be", "on")
    rows = [("trunk", name, verb, *tail) for name in ("north", "south", "west") for verb in ("up", "down")]
    rows += [("call", "on", "line", name, "lost") for name in ("north", "south", "west")]
    assert names_of(rows) == {"north", "south", "west"}
    assert names_of([(*row, *["word"] * LONGEST) for row in rows]) == frozenset()


def test_keys_that_can_not_be_kept_are_told_apart_before_they_are_counted() -> None:
    rng = random.Random(8)
    names = ["".join(rng.choices("abcdefgh", k=9)) for _ in range(3000)]
    lines = [f"player {name} joined" for name in names]
    whole, parts = TemplateMiner(numbered=True), TemplateMiner(numbered=True)
    whole.add_lines(lines)
    for start in range(0, len(lines), 100):
        parts.add_lines(lines[start : start + 100])
    assert set(whole.table.seen) == set(parts.table.seen)
    assert whole.table.passed == parts.table.passed
    assert min(whole.table.most) < EVERY
    assert len(whole.table.seen) == whole.table.each < len(set(names))
    assert [t.count for t in whole.snapshot()] == [len(lines)]
