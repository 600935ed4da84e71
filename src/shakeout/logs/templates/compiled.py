"""The words of a block by machine code, made from `words.c` when the package was installed, if a compiler was there."""

from __future__ import annotations

import ctypes
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from shakeout.logs.templates import words as plain
from shakeout.logs.templates.words import COUNTED, COUNTERS, Hashes, Words, bare, counters, least

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


@cache
def _library() -> ctypes.CDLL | None:
    """The library, if it is there, can be loaded, and was made from the source beside it."""
    try:
        library = ctypes.CDLL(str(_HERE / "libwords.so"))
        source = zlib.crc32((_HERE / "words.c").read_bytes())
        made_from = library.shakeout_source
    except (OSError, AttributeError):
        return None
    made_from.restype, made_from.argtypes = ctypes.c_uint32, []
    if made_from() != source:
        return None
    size, address = ctypes.c_int64, ctypes.c_void_p
    library.shakeout_words.restype = size
    library.shakeout_words.argtypes = [ctypes.c_char_p, size, size, address, size, size, address, address, address]
    library.shakeout_names.restype = None
    library.shakeout_names.argtypes = [address, address, size, address, ctypes.c_uint32, address]
    return library
