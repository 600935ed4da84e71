"""YAML of other tools, with the line of every value. Anchors and merge keys are followed; tags mean nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_NODES = 20_000


@dataclass(frozen=True, slots=True)
class Lined:
    """A value with its 1-based line: a text, a list of `Lined`, or a mapping of texts to `Lined`."""

    value: Any
    line: int

    def get(self, *keys: str) -> Lined | None:
        """The value below the keys, None where it is not there."""
        found: Lined | None = self
        for key in keys:
            found = found.value.get(key) if found is not None and isinstance(found.value, Mapping) else None
        return found

    def items(self) -> Iterator[tuple[str, Lined]]:
        """The pairs of a mapping; of anything else none."""
        if isinstance(self.value, Mapping):
            yield from self.value.items()

    def each(self) -> Iterator[Lined]:
        """The elements of a list; of anything else none."""
        if isinstance(self.value, list):
            yield from self.value

    def text(self, *keys: str) -> str | None:
        """The text below the keys."""
        found = self.get(*keys)
        return found.value if found is not None and isinstance(found.value, str) else None


def read(text: str) -> list[Lined]:
    """Every document of the text; those before the first that cannot be read, where one cannot."""
    found: list[Lined] = []
    budget = [_NODES]
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            if node is not None:
                found.append(_lined(node, budget, 0))
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    return found


def _lined(node: yaml.Node, budget: list[int], depth: int) -> Lined:
    budget[0] -= 1
    line = node.start_mark.line + 1
    if budget[0] < 0 or depth > 40:
        raise ValueError("too much of it")
    if isinstance(node, yaml.ScalarNode):
        return Lined(str(node.value), line)
    if isinstance(node, yaml.SequenceNode):
        return Lined([_lined(item, budget, depth + 1) for item in node.value], line)
    values: dict[str, Lined] = {}
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value == "<<":
            merged = _lined(value, budget, depth + 1)
            for one in [merged, *merged.each()]:
                values = {**dict(one.items()), **values}
        elif isinstance(key, yaml.ScalarNode):
            inner = _lined(value, budget, depth + 1)
            values[str(key.value)] = Lined(inner.value, key.start_mark.line + 1)
    return Lined(values, line)
