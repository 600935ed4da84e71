"""Lines of a block of bytes, by their positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shakeout.logs.templates.words import Numbers


def ends_of(block: bytes) -> Numbers:
    """Where each line of a block ends."""
    return np.append(np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")), len(block))


def bounds(ends: Numbers, places: Sequence[int] | Numbers) -> tuple[Numbers, Numbers]:
    """Where some lines begin and end, by where each line of their block ends."""
    at = np.asarray(places, np.intp)
    return np.where(at > 0, ends.take(at - 1, mode="wrap") + 1, 0), ends.take(at)


def lines_of(block: bytes, ends: Numbers | None, places: Sequence[int] | Numbers) -> list[bytes]:
    """Some lines of a block, if it is known where its lines end, or if not."""
    if ends is None:
        lines = block.split(b"\n")
        return [lines[place] for place in places]
    starts, stops = bounds(ends, places)
    return [block[start:end] for start, end in zip(starts.tolist(), stops.tolist(), strict=True)]
