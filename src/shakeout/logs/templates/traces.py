"""
What is remembered of a key that is not kept: a trace, one number of a million.

A trace has the key's outline, a number below `OUTLINES` for its spaces and punctuation, and its marks, two bits of the
length of each of its first words.
"""

from __future__ import annotations

import zlib

import polars as pl

OUTLINES = 1 << 10
MARKS = 5
_FEW = 64
_PUNCTUATION = b" \t=:,;()[]{}<>\"'|\n"
_WORDS = bytes(byte for byte in range(256) if byte not in _PUNCTUATION)


def trace_of(key: str) -> int:
    """The trace of one key."""
    data = key.encode("utf-8", "replace")
    trace = _outline(data.translate(None, _WORDS))
    words = data.split(b" ", MARKS)[:MARKS]
    for word in words:
        trace = trace << 2 | len(word) & 3
    return trace << 2 * (MARKS - len(words))


def traces_of(keys: pl.Series) -> pl.Series:
    """The traces of a column of keys."""
    if len(keys) < _FEW:
        return pl.Series("trace", map(trace_of, keys), dtype=pl.Int32)
    joined = (keys.str.join("\n").item() or "").encode("utf-8", "replace")
    left = joined.translate(None, _WORDS).split(b"\n")
    if len(left) != len(keys):
        return pl.Series("trace", map(trace_of, keys), dtype=pl.Int32)
    numbers = {punctuation: _outline(punctuation) for punctuation in set(left)}
    frame = pl.DataFrame(
        {"trace": pl.Series([numbers[punctuation] for punctuation in left], dtype=pl.Int32), "key": keys}
    )
    words = pl.col("key").str.splitn(" ", MARKS + 1).struct
    trace = pl.col("trace")
    for place in range(MARKS):
        trace = trace * 4 + words.field(f"field_{place}").str.len_bytes().fill_null(0).cast(pl.Int32) % 4
    return frame.select(trace).to_series()


def outline_of(trace: int) -> int:
    """The outline that a trace begins with."""
    return trace >> 2 * MARKS


def _outline(punctuation: bytes) -> int:
    return zlib.crc32(punctuation) % OUTLINES
