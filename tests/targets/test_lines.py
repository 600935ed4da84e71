"""Bytes of output become clean lines, however they arrive."""

from __future__ import annotations

import time
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from shakeout.evidence.redaction import MARK, Redactor
from shakeout.targets.lines import GOES_ON, LINE_LIMIT, LineSplitter

SECRET = "q7-Zr4kL-secretless-0042"


def lines_of(*chunks: bytes, secrets: tuple[str, ...] = ()) -> list[str]:
    splitter = LineSplitter(Redactor(secrets), max(map(len, secrets), default=0))
    found = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [*found, *splitter.close()]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])), st.lists(st.integers(1, 9)))
def test_text_comes_through_in_any_chunks(text, sizes):
    data = text.encode()
    chunks, position = [], 0
    for size in sizes:
        chunks.append(data[position : position + size])
        position += size
    chunks.append(data[position:])
    assert lines_of(*chunks) == ([Redactor()(text)] if text else [])


@given(st.binary(max_size=2000))
def test_any_bytes_become_lines_that_are_lines_for_every_reader(data):
    for line in lines_of(data):
        assert len(line.splitlines()) <= 1
        assert "\x1b" not in line and "\x00" not in line


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 600), st.integers(1, 65_536))
def test_a_secret_across_a_cut_is_redacted(offset, chunk):
    data = ("a" * (LINE_LIMIT - 300 + offset) + SECRET + "b" * 30_000).encode()
    pieces = lines_of(*(data[at : at + chunk] for at in range(0, len(data), chunk)), secrets=(SECRET,))
    whole = "".join(piece.removesuffix(GOES_ON) for piece in pieces)
    assert whole == "a" * (LINE_LIMIT - 300 + offset) + MARK + "b" * 30_000


def test_a_secret_shape_across_a_cut_is_redacted():
    token = "Bearer " + "Zx9" * 1000
    for offset in range(0, 3200, 160):
        whole = "".join(lines_of(("-" * (LINE_LIMIT - offset) + " " + token + " " + "=" * 30_000).encode()))
        assert "Zx9" not in whole


def test_carriage_returns_and_empty_lines():
    assert lines_of(b"one\r\n\r\ntwo\rthree\n\n") == ["one", "", "two\\x0dthree", ""]


def test_one_endless_line_is_taken_in_bounded_memory_and_time():
    splitter = LineSplitter(Redactor((SECRET,)), len(SECRET))
    chunk = b"x" * 65_536
    tracemalloc.start()
    began = time.perf_counter()
    count = sum(1 for _ in range(64) for _ in splitter.feed(chunk))
    seconds = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count > 200
    assert peak < 3_000_000
    assert seconds < 30
