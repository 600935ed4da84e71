"""Where a protocol is written down in the repository, and how two commits differ in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from shakeout.evidence.model import Evidence
from shakeout.evidence.repository import Repository

FILES = ("*.json",)
DEPTH = 6


def difference(repository: Repository, client: str, server: str, event: str | None, field: str) -> list[Evidence]:
    """
    The schema's lines that the commits of client and server differ in, as quotes from both; empty where none is found.

    A schema is a JSON document in which, at one of the commits and not at the other, an object called `event` (or any
    object, where the event is unknown) has the key `field`.
    """
    for one, other in ((server, client), (client, server)):
        here, there = repository.at(one), repository.at(other)
        try:
            for path in dict.fromkeys(at.path for at in here.grep(f'"{field}"', FILES)):
                if found := _compared(here, there, path, event, field):
                    return found
        finally:
            here.close()
            there.close()
    return []


def _compared(here: Repository, there: Repository, path: str, event: str | None, field: str) -> list[Evidence]:
    document, old = _read(here, path), _read(there, path)
    if document is None or old is None:
        return []
    for keys in _holding(document, event, field, ()):
        if _has(old, (*keys, field)) or not _has(old, keys):
            continue
        found = [
            here.quote(path, _line(here.lines(path), (*keys, field)) or 0, note=f"at commit {here.commit[:12]}"),
            there.quote(
                path,
                _line(there.lines(path), keys) or 0,
                note=f"at commit {there.commit[:12]}, where nothing below it says '{field}'",
            ),
        ]
        return [item for item in found if item is not None] if all(found) else []
    return []


def numbers(repository: Repository, commit: str, value: str) -> Evidence | None:
    """The line of a JSON schema at a commit that says the protocol's number."""
    at = repository.at(commit)
    try:
        pattern = rf'^ *"(protocol|protocolVersion|protocol_version)" *: *"?{re.escape(value)}"?,? *$'
        place = next(iter(at.grep(pattern, FILES, fixed=False)), None)
        return at.quote(place.path, place.line or 0, note=f"at commit {commit[:12]}") if place else None
    finally:
        at.close()


def _read(repository: Repository, path: str) -> Any:
    try:
        return json.loads(repository.text(path) or "")
    except (ValueError, RecursionError):
        return None


def _holding(node: Any, event: str | None, field: str, keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(node, dict) or len(keys) > DEPTH:
        return
    if field in node and keys and (event is None or event in keys):
        yield keys
    for key, value in node.items():
        yield from _holding(value, event, field, (*keys, key))


def _has(node: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _line(lines: Sequence[str], keys: Sequence[str]) -> int | None:
    """The line of a key below its parents' lines, in the order of the file; None where it is written otherwise."""
    number = 0
    for key in keys:
        wanted = f"{json.dumps(key)}:"
        number = next(
            (place for place in range(max(number, 1), len(lines) + 1) if wanted in lines[place - 1].replace(" :", ":")),
            0,
        )
        if not number:
            return None
    return number
