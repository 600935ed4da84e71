"""
Memory limits as the repository declares them, each with its line and the services that the line stands under.

Read are YAML (`shakeout.yaml`, Cloud Run and Kubernetes manifests, Cloud Build steps, workflows) and the literal
`--memory` of deploy commands. Compose files are not: their limits hold for a developer's machine or another platform
than the one that says "Memory limit of … exceeded". Of other files (Terraform, TOML) only the line is known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from shakeout.evidence.configuration import LARGE, is_configuration
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

_SIZE = re.compile(r"\s*(?P<value>\d{1,7})\s?(?P<unit>[KMG])i?B?\s*", re.I)
_KEYS = frozenset({"memory", "mem_limit"})
_COMPOSE = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml")
_OTHERS = re.compile(r"\.(?:tf|hcl|toml|json)$|^Jenkinsfile$")
"""Files beside those that may declare variables: never documents and sources, which only speak of a limit."""
_FLAG = re.compile(r"--memory(?:\s+|=)[\"']?(?P<value>\d{1,7})(?P<unit>[KMG])i?B?\b", re.I)
_NAMED = re.compile(r"\brun\s+(?:deploy|services\s+update|services\s+replace|jobs\s+\w+)\s+([a-z][\w-]*)")
_PLAIN = re.compile(
    r"\b(?:memory|mem_limit)\b[\"']?\s{0,3}[:= ]\s{0,3}[\"']?(?P<value>\d{1,7})\s?(?P<unit>[KMG])i?B?\b", re.I
)
_WORDS = ("memory", "mem_limit")


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryLimit:
    """One setting: `kib` is its size, `owners` the names that the line stands under (none where none is seen)."""

    kib: int
    owners: frozenset[str]
    at: Locator

    def is_of(self, service: str) -> bool:
        """Whether the line is that service's: by name, `_` and `-` alike."""
        return _alike(service) in map(_alike, self.owners)


def kibibytes(value: str, unit: str) -> int:
    """The size of `512`, `Mi` in KiB; units of ten and of two are taken for one another, as platforms do."""
    return int(value) * {"k": 1, "m": 1024, "g": 1024 * 1024}[unit.strip().lower()[0]]


class MemoryLimits:
    """Every memory limit that the repository declares at one commit."""

    described_as = Repository.described_as
    made_from = (Repository,)

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def __iter__(self) -> Iterator[MemoryLimit]:
        paths = {at.path: None for word in _WORDS for at in self.repository.grep(word)}
        for path in paths:
            name = posixpath.basename(path)
            declares = is_configuration(path) or _OTHERS.search(name)
            if declares and not _COMPOSE.fullmatch(name):
                yield from read_limits(path, self.repository.text(path) or "", self.repository.commit)

    def of(self, service: str | None, kib: int) -> tuple[MemoryLimit, ...]:
        """
        The settings of that size which are the service's.

        One that stands under no name counts where its file's path or text names the service. Without a service, the
        only limit that there is.
        """
        found = list(self)
        if service is None:
            return tuple(found) if len(found) == 1 and found[0].kib == kib else ()
        word = re.compile(rf"(?<![\w-]){re.escape(service)}(?![\w-])")
        fitting = [one for one in found if one.kib == kib]
        own = [one for one in fitting if one.is_of(service)]
        near = [
            one
            for one in fitting
            if not one.owners and (word.search(one.at.path) or word.search(self.repository.text(one.at.path) or ""))
        ]
        return tuple(own or near)


def read_limits(path: str, text: str, commit: str | None = None) -> Iterator[MemoryLimit]:
    """The limits that one file declares."""
    if len(text) > LARGE:
        return
    rows = _yaml(text) if path.endswith((".yaml", ".yml")) else None
    for kib, owners, line in rows if rows is not None else _plain(text):
        yield MemoryLimit(kib=kib, owners=owners, at=Locator(source="file", path=path, line=line, commit=commit))


_Row = tuple[int, frozenset[str], int]


def _yaml(text: str) -> list[_Row] | None:
    try:
        documents = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError:
        return None
    return [row for document in documents for row in _walk(document, _named(document), ())]


def _walk(node: Any, owners: frozenset[str], above: tuple[str, ...]) -> Iterator[_Row]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            word = key.value if isinstance(key, yaml.ScalarNode) else ""
            size = _SIZE.fullmatch(value.value) if isinstance(value, yaml.ScalarNode) else None
            # What a container asks for (`requests`) is no limit.
            if word in _KEYS and size and "requests" not in above:
                yield kibibytes(size["value"], size["unit"]), owners, value.start_mark.line + 1
            else:
                inner = frozenset({word}) if above[-1:] == ("services",) else owners
                yield from _walk(value, inner | _named(value), (*above, word))
    elif isinstance(node, yaml.SequenceNode):
        words = [item for item in node.value if isinstance(item, yaml.ScalarNode)]
        joined = " ".join(item.value for item in words)
        called = _NAMED.search(joined)
        inner = frozenset({called[1]}) if called else owners
        for number, item in enumerate(words):
            before = words[number - 1].value if number else ""
            found = _FLAG.search(f"{before} {item.value}" if before == "--memory" else item.value)
            if found:
                yield kibibytes(found["value"], found["unit"]), inner, item.start_mark.line + 1
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode):
                yield from _walk(item, owners | _named(item), above)
    elif isinstance(node, yaml.ScalarNode) and "--memory" in node.value:
        start = node.start_mark.line + (1 if node.style in {"|", ">"} else 0)
        for kib, named, line in _plain(node.value):
            yield kib, named or owners, start + line


def _named(node: Any) -> frozenset[str]:
    """The names that a mapping gives itself: its `name`, and the `name` in its `metadata`."""
    found: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == "name" and isinstance(value, yaml.ScalarNode):
            found.add(value.value)
        elif isinstance(key, yaml.ScalarNode) and key.value == "metadata":
            found |= _named(value)
    return frozenset(found)


def _plain(text: str) -> Iterator[_Row]:
    """Lines of scripts and other files; a command goes on over lines that end with a backslash."""
    rows = text.split("\n")
    first = 0
    for number, row in enumerate(rows):
        if number and not rows[number - 1].rstrip().endswith("\\"):
            first = number
        if row.lstrip().startswith(("#", "//")):
            continue
        flag = _FLAG.search(row)
        found = flag or _PLAIN.search(row)
        if found is None:
            continue
        last = number
        while rows[last].rstrip().endswith("\\") and last + 1 < len(rows):
            last += 1
        command = " ".join(rows[first : last + 1]).replace("\\", " ")
        called = _NAMED.search(command) if flag else None
        yield kibibytes(found["value"], found["unit"]), frozenset({called[1]} if called else ()), number + 1


def _alike(name: str) -> str:
    return name.lower().replace("_", "-")
