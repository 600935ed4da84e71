"""What may be done about a setting of the manifest: patches that take it out, or give it another value."""

from __future__ import annotations

import re

from shakeout.evidence.model import Locator
from shakeout.evidence.patches import unified, with_line
from shakeout.evidence.repository import Repository
from shakeout.why import Remedy


def without_setting(repository: Repository | None, at: Locator, key: str, summary: str) -> Remedy:
    """The manifest without the setting `key` on that line; in words where the manifest is not in the repository."""
    text = repository.text(at.path) if repository is not None else None
    after = _taken_out(text, at.line, key) if text is not None and at.line is not None else None
    if text is None or after is None:
        return Remedy("words", summary)
    return Remedy("manifest", summary, patch=unified(at.path, text, after))


def with_value(repository: Repository | None, at: Locator, key: str, value: str, summary: str) -> Remedy:
    """The manifest with another value for the setting `key` on that line."""
    text = repository.text(at.path) if repository is not None else None
    rows = text.split("\n") if text is not None else []
    if text is None or at.line is None or not 1 <= at.line <= len(rows):
        return Remedy("words", summary)
    pattern = re.compile(
        rf"^(.*?(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*:\s+)(\"[^\"]*\"|'[^']*'|[^\s,}}#][^,}}#]*?)(\s*(?:[,}}#].*)?)$"
    )
    match = pattern.match(rows[at.line - 1])
    if match is None:
        return Remedy("words", summary)
    row = f"{match[1]}{value}{match[3]}"
    return Remedy("manifest", summary, patch=unified(at.path, text, with_line(text, at.line, row)))


def _taken_out(text: str, line: int, key: str) -> str | None:
    """The text without one setting, without the comment that stands right above it, and without emptied parents."""
    rows = text.split("\n")
    if not 1 <= line <= len(rows):
        return None
    place = line - 1
    row = rows[place]
    if not re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*:", row):
        inner = re.sub(
            rf"(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*:\s*(?:\"[^\"]*\"|'[^']*'|[^,}}]*)(?:,\s*)?", "", row, count=1
        )
        inner = re.sub(r",\s*\}", "}", inner)
        return "\n".join([*rows[:place], inner, *rows[place + 1 :]]) if inner != row else None
    while True:
        parent = _parent(rows, place)
        first = place
        while (
            first > 0 and rows[first - 1].lstrip().startswith("#") and _indent(rows[first - 1]) == _indent(rows[place])
        ):
            first -= 1
        last = place + 1
        while last < len(rows) and rows[last].strip() and _indent(rows[last]) > _indent(rows[place]):
            last += 1
        above = _parent(rows, parent) if parent is not None else None
        if parent is None:
            return "\n".join([*rows[:first], *rows[last:]])
        if _children(rows, parent) > 1:
            return "\n".join([*rows[:first], *rows[last:]])
        if above is None or _parent(rows, above) is None:
            emptied = f"{rows[parent].rstrip()} {{}}"
            return "\n".join([*rows[:parent], emptied, *rows[parent + 1 : first], *rows[last:]])
        place = parent


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip(" "))


def _meant(row: str) -> bool:
    return bool(row.strip()) and not row.lstrip().startswith("#")


def _parent(rows: list[str], place: int) -> int | None:
    return next(
        (
            number
            for number in range(place - 1, -1, -1)
            if _meant(rows[number]) and _indent(rows[number]) < _indent(rows[place])
        ),
        None,
    )


def _children(rows: list[str], parent: int) -> int:
    found: list[int] = []
    for row in rows[parent + 1 :]:
        if not _meant(row):
            continue
        if _indent(row) <= _indent(rows[parent]):
            break
        found.append(_indent(row))
    return sum(indent == min(found) for indent in found) if found else 0
