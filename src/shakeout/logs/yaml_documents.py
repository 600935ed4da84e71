"""YAML documents with the lines that they stand on; every scalar stays the text that it is written as."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry
from shakeout.logs.limits import Notes

_BREAK = re.compile(r"(?m)^---[ \t]*(?:\r?\n|\Z)")
_KEYS = re.compile(r"\s*(?:- )?(?:textPayload|text_payload|message|msg|event|text):")
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NESTING = re.compile(r"(?:[\[{]\s*){200}|(?:- ){200}|&\w+[^\n]{0,200}\*\w+")


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One decoded document, its text, and the line on which that begins."""

    value: Any
    text: str
    line: int

    def locate(self, entry: LogEntry, path: str) -> Locator:
        """Where an entry's message stands: from its key to the line before the next key."""
        lines = self.text.split("\n")
        whole = Locator(source="log", path=path, line=self.line, end_line=self.line + len(lines) - 1)
        first = next((index for index, line in enumerate(lines) if _KEYS.match(line)), None)
        if first is None:
            return whole
        indent = len(lines[first]) - len(lines[first].lstrip(" -"))
        last = first
        for index in range(first + 1, len(lines)):
            line = lines[index]
            if line.strip() and len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith(("'", '"')):
                break
            if line.strip():
                last = index
        said = "\n".join(scalars("\n".join(lines[first : last + 1])))
        if (entry.quote or entry.message) not in said:
            return whole
        return Locator(source="log", path=path, line=self.line + first, end_line=self.line + last)


def yaml_documents(text: str, notes: Notes, path: str) -> list[YamlDocument]:
    """The documents of a text. One that is not YAML, or is built to explode, is left out and noted."""
    found = []
    position = 0
    line = 1
    for match in [*_BREAK.finditer(text), None]:
        end = match.start() if match else len(text)
        part = text[position:end]
        if part.strip():
            value = _load(part, notes, path)
            found.append(YamlDocument(value, part, line))
        if match:
            line += text.count("\n", position, match.end())
            position = match.end()
    return [document for document in found if document.value is not None]


def _load(text: str, notes: Notes, path: str) -> Any:
    if _NESTING.search(text):
        notes.add("skipped", path, "a YAML document with aliases or deep nesting")
        return None
    try:
        return yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError, ValueError):
        notes.add("doubt", path, "looks like YAML and is not; read as plain text")
        return None


def scalars(text: str) -> list[str]:
    """Every scalar of a piece of YAML without its quotes and folds; none where it is no YAML."""
    lines = text.split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    value = _load("\n".join(line[indent:] for line in lines), Notes(), "")
    result: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            result.append(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return result
