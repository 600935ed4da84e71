"""
How the repository's declarations let services of Cloud Run reach other networks.

Read are service manifests of Cloud Run (`apiVersion: serving.knative.dev/v1`), and `gcloud run deploy` in scripts,
workflows and steps of Cloud Build. A manifest is the whole of a service; a command leaves what it does not name as it
was before. Annotations and flags are those of Cloud Run's documentation ("Direct VPC egress", "Serverless VPC Access").
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from shakeout.evidence.configuration import LARGE, is_configuration
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

_WAYS = frozenset({"run.googleapis.com/vpc-access-connector", "run.googleapis.com/network-interfaces"})
_EGRESS = "run.googleapis.com/vpc-access-egress"
_ALL = frozenset({"all", "all-traffic"})
_DEPLOY = re.compile(r"\brun\s+(?:deploy|services\s+update)\s+[\"']?([a-z][a-z0-9-]{0,48})(?![\w-])")
_WAY_FLAG = re.compile(r"--(?:vpc-connector|network|subnet)(?:\s+|=)\S")
_ALL_FLAG = re.compile(r"--vpc-egress(?:\s+|=)[\"']?(?:all-traffic|all)(?![\w-])")
_WORDS = ("serving.knative.dev", "run deploy", "run services update", "- deploy")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceEgress:
    """
    One declaration of a service: `at` is the line that names it, `way` the one that lets it into a private network,
    `all_traffic` the one that sends everything there. `whole` says that what does not stand in it is not set.
    """

    service: str
    at: Locator
    whole: bool
    way: Locator | None = None
    all_traffic: Locator | None = None


class Egress:
    """Every such declaration of the repository at one commit."""

    described_as = Repository.described_as
    made_from = (Repository,)

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    @cached_property
    def all(self) -> tuple[ServiceEgress, ...]:
        """In the order of paths and lines."""
        paths = {at.path for word in _WORDS for at in self.repository.grep(word) if is_configuration(at.path)}
        found: list[ServiceEgress] = []
        for path in sorted(paths):
            found += read_egress(path, self.repository.text(path) or "", self.repository.commit)
        return tuple(found)

    def of(self, service: str | None) -> tuple[ServiceEgress, ...]:
        """The declarations of a service; without a name, those of the only service that is declared."""
        names = {one.service for one in self.all}
        wanted = service if service is not None else next(iter(names)) if len(names) == 1 else None
        return tuple(one for one in self.all if one.service == wanted)


def read_egress(path: str, text: str, commit: str | None = None) -> Iterator[ServiceEgress]:
    """The declarations of one file."""
    if len(text) > LARGE:
        return
    for one in _yaml(text) if posixpath.splitext(path)[1] in {".yaml", ".yml"} else _commands(text, 1):
        service, whole, line, way, all_traffic = one
        place = [Locator(source="file", path=path, line=at, commit=commit) if at else None for at in (way, all_traffic)]
        yield ServiceEgress(
            service=service,
            at=Locator(source="file", path=path, line=line, commit=commit),
            whole=whole,
            way=place[0],
            all_traffic=place[1],
        )


_Row = tuple[str, bool, int, int | None, int | None]
"""Service, whole, its line, the line of its way in, the line that sends everything there."""


def _yaml(text: str) -> list[_Row]:
    try:
        documents = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError:
        return []
    return [row for document in documents for row in _document(document)]


def _document(node: Any) -> Iterator[_Row]:
    version, kind = _scalar(node, "apiVersion"), _scalar(node, "kind")
    if (
        version is None
        or kind is None
        or not version.value.startswith("serving.knative.dev/")
        or kind.value != "Service"
    ):
        yield from _steps(node)
        return
    name = _scalar(_child(node, "metadata"), "name")
    if name is None:
        return
    annotations = _child(_child(_child(_child(node, "spec"), "template"), "metadata"), "annotations")
    way = next((line for line, key, _ in _pairs(annotations) if key in _WAYS), None)
    everything = next((line for line, key, value in _pairs(annotations) if key == _EGRESS and value in _ALL), None)
    yield name.value, True, name.start_mark.line + 1, way, everything


def _steps(node: Any) -> Iterator[_Row]:
    """Commands within YAML: lists of words, and texts of one line or more."""
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _steps(value)
    elif isinstance(node, yaml.SequenceNode):
        words = [item for item in node.value if isinstance(item, yaml.ScalarNode)]
        yield from _of_words(words)
        for item in node.value:
            if item not in words or "\n" in item.value:
                yield from _steps(item)
    elif isinstance(node, yaml.ScalarNode) and "run" in node.value:
        yield from _commands(node.value, node.start_mark.line + (2 if node.style in {"|", ">"} else 1))


def _of_words(words: list[yaml.ScalarNode]) -> Iterator[_Row]:
    joined = " ".join(word.value for word in words)
    named = _DEPLOY.search(joined)
    if named is None or "\n" in joined:
        return
    lines = [word.start_mark.line + 1 for word in words for _ in range(len(word.value) + 1)]
    way, everything = _WAY_FLAG.search(joined), _ALL_FLAG.search(joined)
    yield (
        named[1],
        False,
        lines[named.start(1)],
        lines[way.start()] if way else None,
        lines[everything.start()] if everything else None,
    )


def _commands(text: str, start: int) -> Iterator[_Row]:
    """Commands of a script; each goes on over the lines that end with a backslash."""
    rows = text.split("\n")
    number = 0
    while number < len(rows):
        last = number
        while rows[last].rstrip().endswith("\\") and last + 1 < len(rows):
            last += 1
        command = rows[number : last + 1]
        named = next(((at, found) for at, row in enumerate(command) if (found := _DEPLOY.search(row))), None)
        if named is not None and not command[0].lstrip().startswith("#"):
            way = next((at for at, row in enumerate(command) if _WAY_FLAG.search(row)), None)
            everything = next((at for at, row in enumerate(command) if _ALL_FLAG.search(row)), None)
            first = start + number
            yield (
                named[1][1],
                False,
                first + named[0],
                first + way if way is not None else None,
                first + everything if everything is not None else None,
            )
        number = last + 1


def _child(node: Any, name: str) -> Any:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == name:
            return value
    return None


def _scalar(node: Any, name: str) -> yaml.ScalarNode | None:
    found = _child(node, name)
    return found if isinstance(found, yaml.ScalarNode) else None


def _pairs(node: Any) -> Iterator[tuple[int, str, str]]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            yield key.start_mark.line + 1, key.value, value.value
