"""
What takes most time, by machine code: the words of a block, and its prefixes.

It is made from `words.c` and `prefixes.c` when the package is installed, if a compiler is there (`hatch_build.py`).
"""

from __future__ import annotations

import ctypes
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shakeout.logs.templates import words as plain
from shakeout.logs.templates.words import COUNTED, COUNTERS, Flags, Hashes, Numbers, Words, bare, counters, least

_HERE = Path(__file__).parent
_BYTES_OF_A_WORD = 4


def named(block: bytes) -> tuple[Hashes, list[Words]] | None:
    """What `words.named` finds, in one part; None where there is no machine code of the present source."""
    library = _library()
    if library is None:
        return None
    lines = int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n"))) + 1
    last, ends = np.empty(lines, np.int64), np.empty(lines, np.int64)
    made = -1
    for room in (len(block) // _BYTES_OF_A_WORD + lines, len(block) + 1):
        words, counts = np.empty(room, np.uint64), np.zeros((len(COUNTED), COUNTERS), np.uint32)
        at = (array.ctypes.data for array in (last, ends, counts))
        made = library.shakeout_words(block, len(block), plain.PART, words.ctypes.data, room, lines, *at)
        if made >= 0:
            break
    often = least(lines)
    for count, shift in zip(counts, COUNTED, strict=True):
        count[counters(bare(), shift)] = often
    names = np.empty(lines, np.uint64)
    library.shakeout_names(words.ctypes.data, last.ctypes.data, lines, counts.ctypes.data, often, names.ctypes.data)
    return names, [Words(words=words[:made], last=last.astype(np.intp), ends=ends.astype(np.intp))]


def prefixed(
    block: bytes, lines: int, kinds: bytes, table: NDArray[np.void], longest: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]] | None:
    """
    Where the prefix of each line ends, its level, and where the line ends, by the known prefixes of `prefixes`.

    None where there is no machine code of the present source.
    """
    library = _library()
    if library is None:
        return None
    cuts, levels, ends = np.empty(lines, np.int32), np.empty(lines, np.int32), np.empty(lines, np.int64)
    at = (array.ctypes.data for array in (cuts, levels, ends))
    library.shakeout_prefixes(block, len(block), lines, kinds, table.ctypes.data, len(table) - 1, longest, *at)
    return cuts, levels, ends


def hash_of_prefix(prefix: bytes) -> int | None:
    """What stands for a prefix, whatever its digits, in the table that `prefixed` is given."""
    library = _library()
    return None if library is None else int(library.shakeout_prefix(prefix, len(prefix)))


def cut(block: bytes, ends: NDArray[np.int64], cuts: NDArray[np.int32]) -> bytes | None:
    """The lines of a block, which end at `ends`, without so many bytes of each."""
    library = _library()
    if library is None:
        return None
    left = np.empty(len(block) - int(cuts.sum(dtype=np.int64)), np.uint8)
    library.shakeout_cut(block, len(ends), ends.ctypes.data, cuts.ctypes.data, left.ctypes.data)
    return left.tobytes()


def holding(
    block: bytes, starts: Numbers, ends: Numbers, sizes: Sequence[int], words: Sequence[Sequence[bytes]]
) -> Flags | None:
    """Which lines have all the words that are asked of them, see `Block.holding`; None without machine code."""
    library = _library()
    if library is None:
        return None
    found = np.empty(len(starts), bool)
    every = [word for some in words for word in some]
    arrays = [np.array(array, np.int64) for array in (starts, ends, sizes, list(map(len, words)))]
    stops = np.cumsum(list(map(len, every)), dtype=np.int64)
    at = [array.ctypes.data for array in arrays]
    library.shakeout_holding(block, *at[:2], len(words), *at[2:], b"".join(every), stops.ctypes.data, found.ctypes.data)
    return found


def source_of(folder: Path) -> int:
    """What says which source in a folder a library was made from."""
    return zlib.crc32(b"".join(source.read_bytes() for source in sorted(folder.glob("*.c"))))


@cache
def _library() -> ctypes.CDLL | None:
    """The library, if it is there, can be loaded, and was made from the source beside it."""
    try:
        library = ctypes.CDLL(str(_HERE / "libtemplates.so"))
        source = source_of(_HERE)
        made_from = library.shakeout_source
    except (OSError, AttributeError):
        return None
    made_from.restype, made_from.argtypes = ctypes.c_uint32, []
    if made_from() != source:
        return None
    size, address, text = ctypes.c_int64, ctypes.c_void_p, ctypes.c_char_p
    small, large = ctypes.c_uint32, ctypes.c_uint64
    _declare(library.shakeout_words, size, text, size, size, address, size, size, address, address, address)
    _declare(library.shakeout_names, None, address, address, size, address, small, address)
    _declare(library.shakeout_holding, None, text, address, address, size, address, address, text, address, address)
    _declare(library.shakeout_prefix, large, text, size)
    _declare(library.shakeout_prefixes, None, text, size, size, text, address, large, size, address, address, address)
    _declare(library.shakeout_cut, None, text, size, address, address, address)
    return library


def _declare(function: Any, result: Any, *given: Any) -> None:
    function.restype, function.argtypes = result, given
