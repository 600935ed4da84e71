"""
Environment variables as the repository declares them for its deployments, each with its line.

Read are `shakeout.yaml`, compose files, Cloud Run and Kubernetes YAML, Cloud Build, GitHub workflows, the literal
settings of deploy scripts (`--set-env-vars A=b`, `docker run -e A=b`), `.env` files, Dockerfiles and `fly.toml`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from shakeout.evidence.dockerfile import NAMES as DOCKERFILES
from shakeout.evidence.dockerfile import instructions
from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

LARGE = 300_000
"""Characters beyond which a file is data and not the configuration of a deployment."""
FILES = 500
_WORDS = re.compile(r"env|variables|secrets|kind:")
_TABLES = frozenset({"environment", "env", "env_vars", "environment_variables", "envvars", "variables"})
_SCRIPTS = re.compile(r"(?:.*/)?(?:[\w.-]+\.(?:sh|bash)|Makefile|justfile|Procfile|deploy[\w.-]*(?:\.py)?)")
_FLAGS = re.compile(r"--(?:set|update)-(?:env-vars|secrets)[= ]+(\"[^\"]*\"|'[^']*'|\S+)")
_SECRETS = re.compile(r"--(?:set|update)-secrets")
_DOCKER_RUN = re.compile(r"(?:^|\s)(?:-e|--env)[= ]+([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|\S*)")
_EXPORT = re.compile(r"\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s;&|]*)\s*(?:\\)?$")
_SERVICE = re.compile(r"\brun\s+(?:deploy|services\s+update)\s+([a-z][\w-]*)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$\{\{.*\}\}|\$\{[^}]*\}|\$[A-Za-z_]\w*|\$\(.*\)|\{\{.*\}\}|<no value>")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigurationValue:
    """
    One variable as one place declares it.

    `value` is None where it only refers to another place (a secret, a variable of the caller), which `refers` names.
    `scope` is the service that it is set for; None where the file does not say, or where it holds for all.
    """

    name: str
    value: str | None
    scope: str | None
    at: Locator
    refers: str = ""
    sample: bool = False
    """Whether the file is only an example (`.env.example`), which sets nothing."""


class Configuration:
    """Every declared variable of the repository at one commit."""

    described_as = Repository.described_as
    made_from = (Repository,)

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The files that are read: those nearest to the root first, at most FILES of them."""
        found = [path for path in self.repository.paths if is_configuration(path)]
        return tuple(sorted(found, key=lambda path: (path.count("/"), path))[:FILES])

    def elsewhere(self, name: str) -> bool:
        """Whether a file that is not read because there are too many of them has the variable's name."""
        if len(self.files) < FILES:
            return False
        read = frozenset(self.files)
        return any(is_configuration(at.path) and at.path not in read for at in self.repository.grep(name))

    @cached_property
    def all(self) -> tuple[ConfigurationValue, ...]:
        return tuple(value for path in self.files for value in read_configuration(path, self._text(path), self._commit))

    @property
    def _commit(self) -> str:
        return self.repository.commit

    def _text(self, path: str) -> str:
        text = self.repository.text(path) or ""
        return text if len(text) <= LARGE and (not path.endswith((".yaml", ".yml")) or _WORDS.search(text)) else ""

    @property
    def real(self) -> tuple[ConfigurationValue, ...]:
        """Those that a deployment gets."""
        return tuple(one for one in self.all if not one.sample)

    def of(self, name: str) -> tuple[ConfigurationValue, ...]:
        """Where one variable is declared for a deployment."""
        return tuple(one for one in self.real if one.name == name)

    def scope_of(self, owner: str | None) -> str | None:
        """The scope that a log's service is declared as."""
        scopes = {one.scope for one in self.real if one.scope}
        if owner is None:
            return next(iter(scopes)) if len(scopes) == 1 else None
        exact = [scope for scope in scopes if scope == owner]
        near = sorted(scope for scope in scopes if re.search(rf"(?:^|[-_.]){re.escape(scope)}(?:$|[-_.])", owner))
        return next(iter([*exact, *near]), owner if self._names(owner) else None)

    def _names(self, owner: str) -> bool:
        """Whether a file that declares variables for services has this one too, without any variable of its own."""
        key = re.compile(rf"\s+(?:- )?(?:name:\s*)?[\"']?{re.escape(owner)}[\"']?:?\s*")
        files = sorted({one.at.path for one in self.real if one.scope})
        return any(key.fullmatch(line) for path in files for line in self.repository.lines(path))

    def for_scope(self, scope: str | None) -> tuple[ConfigurationValue, ...]:
        """What one service gets: its own settings and those that hold for all."""
        return tuple(one for one in self.real if scope is None or one.scope in {None, scope})


def is_configuration(path: str) -> bool:
    """Whether a file may declare variables for a deployment."""
    name = posixpath.basename(path)
    if re.search(r"(?:^|/)(?:tests?|node_modules|vendor|docs)/", path):
        return False
    return (
        name.endswith((".yaml", ".yml"))
        or re.fullmatch(r"\.env(?:\.[\w.-]+)?|[\w.-]+\.env|\.flaskenv", name) is not None
        or DOCKERFILES.fullmatch(path) is not None
        or _SCRIPTS.fullmatch(path) is not None
        or name in {"fly.toml", "app.json"}
    )


def read_configuration(path: str, text: str, commit: str | None = None) -> Iterator[ConfigurationValue]:
    """The variables that one file declares."""
    if not text:
        return
    name = posixpath.basename(path)
    if name.endswith((".yaml", ".yml")):
        found = _yaml(text)
    elif ".env" in name or name == ".flaskenv":
        found = _dotenv(text)
    elif DOCKERFILES.fullmatch(path):
        found = _dockerfile(text)
    elif name == "fly.toml":
        found = _fly(text)
    else:
        found = _script(text)
    sample = bool(re.search(r"example|sample|template|dist$", name))
    for key, value, scope, line in found:
        refers = _REFERENCE.search(value) if value is not None else None
        yield ConfigurationValue(
            name=key, value=None if refers else value, scope=scope, sample=sample,
            refers=refers[0] if refers else "" if value is not None else "a secret",
            at=Locator(source="file", path=path, line=line, commit=commit),
        )  # fmt: skip


_Found = tuple[str, str | None, str | None, int]


def _yaml(text: str) -> Iterator[_Found]:
    try:
        documents = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError:
        return
    rows = text.split("\n")
    for document in documents:
        if isinstance(document, yaml.MappingNode):
            kind = _scalar(document, "kind")
            scope = _scalar(_child(document, "metadata"), "name")
            if kind in {"ConfigMap", "Secret"}:
                for part in ("data", "stringData"):
                    plain = kind == "ConfigMap" or part == "stringData"
                    yield from _table(_child(document, part), None, hidden=not plain)
            else:
                yield from _walk(document, scope, (), rows)


def _walk(node: Any, scope: str | None, above: tuple[str, ...], rows: Sequence[str]) -> Iterator[_Found]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            word = key.value if isinstance(key, yaml.ScalarNode) else ""
            inner = word if above[-1:] == ("services",) else scope
            if word in _TABLES and isinstance(value, yaml.MappingNode):
                yield from _table(value, scope)
            elif word in _TABLES and isinstance(value, yaml.SequenceNode):
                yield from _list(value, scope)
            elif word in _TABLES and isinstance(value, yaml.ScalarNode):
                yield from _lines(value, scope)
            elif word == "secrets" and isinstance(value, yaml.MappingNode) and above[-2:-1] == ("services",):
                yield from _table(value, scope, hidden=True)
            else:
                yield from _walk(value, inner, (*above, word), rows)
    elif isinstance(node, yaml.SequenceNode):
        words = [item.value for item in node.value if isinstance(item, yaml.ScalarNode)]
        named = _SERVICE.search(" ".join(words))
        for item in node.value:
            if isinstance(item, yaml.ScalarNode):
                yield from _flags(item.value, named[1] if named else scope, item.start_mark.line + 1)
            else:
                yield from _walk(item, scope, above, rows)
    elif isinstance(node, yaml.ScalarNode) and "--" in node.value:
        start = node.start_mark.line + (2 if node.style in {"|", ">"} else 1)
        for name, value, service, line in _script(node.value):
            yield name, value, service or scope, start + line - 1


def _table(node: Any, scope: str | None, *, hidden: bool = False) -> Iterator[_Found]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and _VARIABLE.fullmatch(key.value):
            text = value.value if isinstance(value, yaml.ScalarNode) and not hidden else None
            if isinstance(value, yaml.ScalarNode) and value.tag.endswith(":null") and not hidden:
                text = "${" + key.value + "}"  # compose takes it from the caller
            yield key.value, text, scope, key.start_mark.line + 1


def _list(node: yaml.SequenceNode, scope: str | None) -> Iterator[_Found]:
    for item in node.value:
        line = item.start_mark.line + 1
        if isinstance(item, yaml.ScalarNode):
            name, equals, value = item.value.partition("=")
            if _VARIABLE.fullmatch(name):
                yield name, value if equals else "${" + name + "}", scope, line
        elif isinstance(item, yaml.MappingNode):
            name = _scalar(item, "name")
            if name:
                own = _child(item, "value")
                value = own.value if isinstance(own, yaml.ScalarNode) else None
                place = own.start_mark.line + 1 if value is not None and own is not None else line
                empty = own is None and _child(item, "valueFrom") is None
                yield name, "" if empty else value, scope, place


def _lines(node: yaml.ScalarNode, scope: str | None) -> Iterator[_Found]:
    """`env_vars: |` with a variable in each line, as deploy actions take it."""
    start = node.start_mark.line + (2 if node.style in {"|", ">"} else 1)
    for number, row in enumerate(node.value.split("\n")):
        for part in row.split(",") if node.style not in {"|", ">"} else [row.rstrip(",")]:
            name, equals, value = part.strip().partition("=")
            if equals and _VARIABLE.fullmatch(name):
                yield name, value, scope, start + number


def _script(text: str) -> Iterator[_Found]:
    scope: str | None = None
    for number, row in enumerate(text.split("\n"), 1):
        if row.lstrip().startswith("#"):
            continue
        named = _SERVICE.search(row)
        scope = named[1] if named else scope
        yield from _flags(row, scope, number)
        for name, value in _DOCKER_RUN.findall(row):
            yield name, value.strip("\"'"), scope, number
        match = _EXPORT.match(row) if "--" not in row else None
        if match and row.lstrip().startswith("export"):
            yield match[1], match[2].strip("\"'"), None, number


def _flags(row: str, scope: str | None, line: int) -> Iterator[_Found]:
    for match in _FLAGS.finditer(row):
        text = match[1].strip("\"'")
        separator = ","
        if text.startswith("^") and "^" in text[1:]:
            separator, text = text[1:].split("^", 1)
        hidden = _SECRETS.match(match[0]) is not None
        for part in text.split(separator):
            name, equals, value = part.partition("=")
            if equals and _VARIABLE.fullmatch(name):
                yield name, None if hidden else value, scope, line


def _dotenv(text: str) -> Iterator[_Found]:
    for number, row in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        match = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=(.*)$", row)
        if match:
            value = match[2]
            quotes = re.match(r"\s*([\"'])(.*)\1\s*(?:#.*)?$", value)
            yield match[1], quotes[2] if quotes else re.sub(r"\s+#.*$", "", value).rstrip("\r"), None, number


def _dockerfile(text: str) -> Iterator[_Found]:
    for one in instructions(text):
        if one.word == "ENV":
            for name, value in re.findall(r"([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|\S*)", one.text):
                yield name, value.strip("\"'"), None, one.line


def _fly(text: str) -> Iterator[_Found]:
    inside = False
    for number, row in enumerate(text.split("\n"), 1):
        if row.strip().startswith("["):
            inside = row.strip() == "[env]"
        elif inside and (match := re.match(r"\s*([A-Za-z_]\w*)\s*=\s*(.+?)\s*$", row)):
            yield match[1], match[2].strip("\"'"), None, number


def _child(node: Any, name: str) -> Any:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == name:
            return value
    return None


def _scalar(node: Any, name: str) -> str | None:
    found = _child(node, name)
    return found.value if isinstance(found, yaml.ScalarNode) else None
