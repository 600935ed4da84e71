"""Log files as columns of lines, in portions of bounded size."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from shakeout.errors import InputError
from shakeout.logs.templates.block import column_of
from shakeout.logs.templates.fold import without_escapes
from shakeout.logs.templates.miner import TemplateMiner
from shakeout.logs.templates.prefix import SAMPLE, Layout, layout_of

PORTION = 1 << 20
"""Bytes that are read at once."""

LONGEST = 1 << 20
"""Bytes of a line that are kept; the rest of a longer one is passed over."""


def mine(path: Path, miner: TemplateMiner, *, content: bool = False) -> Layout | None:
    """
    Adds a file to `miner`, line by line, and returns the layout whose prefix was taken off.

    `content` says that each line is the bare message. InputError if the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return mine_stream(stream, miner, path=str(path), content=content)
    except OSError as error:
        raise InputError(f"cannot read {path}", seen=str(error), hint="give a log file that can be read") from error


def mine_stream(stream: BinaryIO, miner: TemplateMiner, *, path: str, content: bool = False) -> Layout | None:
    """As `mine`, for an open binary stream. InputError if it is compressed or in UTF-16."""
    parts = blocks(stream)
    first = next(parts, None)
    if first is None:
        return None
    if problem := _unreadable(first):
        raise InputError(f"cannot read {path}", expected="text in UTF-8", seen=problem[0], hint=problem[1])
    first = first.removeprefix(codecs.BOM_UTF8)
    layout = None if content else layout_of(without_escapes(column_of(first).head(SAMPLE)).to_list())
    miner.add_blocks(itertools.chain((first,), parts), path=path, layout=layout)
    return layout


def _unreadable(begin: bytes) -> tuple[str, str] | None:
    """What a file is instead of text that can be read, and what to do about it."""
    if begin.startswith(b"\x1f\x8b"):
        return "a file that gzip compressed", "give its content: gunzip -c FILE | shakeout templates -"
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text in UTF-16", "give it in UTF-8: iconv -f UTF-16 -t UTF-8 FILE | shakeout templates -"
    return None


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """
    Blocks of whole lines, each without its last line end.

    The end of a line longer than `LONGEST` is left out; a file that ends without a line end has the last line all the
    same.
    """
    kept: list[bytes] = []
    size = 0
    while data := stream.read(PORTION):
        cut = data.rfind(b"\n")
        if cut < 0:
            if size < LONGEST:
                kept.append(data)
                size += len(data)
            continue
        kept.append(data[:cut])
        yield b"".join(kept)
        kept = [data[cut + 1 :]] if cut + 1 < len(data) else []
        size = len(data) - cut - 1
    if kept:
        yield b"".join(kept)
