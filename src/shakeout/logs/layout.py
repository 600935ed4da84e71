"""How a file is laid out, from its first bytes: an array, an object, lines, YAML."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from shakeout.logs.sources import Source
from shakeout.logs.values import time

Layout = Literal["array", "object", "lines", "yaml"]
HEAD = 1 << 16

_ARRAY = re.compile(rb"\s*\[\s*[{\[\"\]]")
_OBJECT = re.compile(rb"\s*\{\s*[\"}]")
_ONE_LINE_OBJECT = re.compile(rb"\s*\{[^\n]*\}\s*(?:\n|\Z)")
_YAML = re.compile(rb"(?:\A|\n)(?:---\s*\n\s*(?:- )?[A-Za-z_]+:|apiVersion: |insertId: |items:\n)")
_TIMES = re.compile(
    rb'"(?:timestamp|time|ts|@timestamp|receiveTimestamp|receive_timestamp)"\s*:\s*("[^"\n]{8,40}"|\d{9,20})'
)


def layout(head: bytes) -> Layout:
    """The layout that a file's first bytes show; `lines` where they show no other."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _ARRAY.match(head):
        return "array"
    if _OBJECT.match(head):
        first = head.lstrip().partition(b"\n")[0].rstrip()
        return "lines" if b"\n" in head.strip() and first.endswith(b"}") and len(first) > 2 else "object"
    if _YAML.search(head[:4096]) and b"\x1b" not in head[:4096]:
        return "yaml"
    return "lines"


def newest_first(source: Source) -> bool:
    """Whether the first time in a file is later than the last one. Looks at its two ends only."""
    with source.open() as file:
        head = file.read(HEAD)
        file.seek(max(0, source.size - HEAD))
        tail = file.read(HEAD)
    key = _TIMES.search(head)
    if key is None:
        return False
    last = [match for match in _TIMES.finditer(tail) if match[0].split(b":")[0] == key[0].split(b":")[0]]
    first_time, last_time = _time(key[1]), _time(last[-1][1]) if last else None
    return first_time is not None and last_time is not None and first_time > last_time


def _time(value: bytes) -> datetime | None:
    return time(value.strip(b'"').decode("ascii", "replace"))[0]
