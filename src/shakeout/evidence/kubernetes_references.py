"""Where the repository's Kubernetes manifests ask for secrets and config maps, and which of them they declare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from shakeout.evidence.model import Locator
from shakeout.evidence.repository import Repository

Stored = Literal["secret", "config map"]

_ASKS: dict[Stored, re.Pattern[str]] = {
    "secret": re.compile(r"\b(?:secretKeyRef|secretRef|secret|secretName|imagePullSecrets)\s*:"),
    "config map": re.compile(r"\b(?:configMapKeyRef|configMapRef|configMap)\s*:"),
}
_KINDS: dict[Stored, frozenset[str]] = {
    "secret": frozenset({"Secret", "SealedSecret", "ExternalSecret"}),
    "config map": frozenset({"ConfigMap"}),
}
_NEAR = 4
"""Lines between the word that says what is asked for and its name, or its key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredObject:
    """A secret or a config map that a manifest declares: its keys, and the line of its name."""

    name: str
    keys: tuple[str, ...]
    at: Locator


def asked_for(repository: Repository, kind: Stored, name: str, key: str | None) -> tuple[Locator, ...]:
    """The lines that ask for an object by name, or for one key of it; a template's `{{ … }}` is no name."""
    found = []
    for at in repository.grep(name, ["*.yaml", "*.yml"]):
        rows = repository.lines(at.path)
        number = at.line or 1
        row = rows[number - 1]
        if re.search(rf"\b(?:name|secretName)\s*:\s*['\"]?{re.escape(name)}['\"]?\s*(?:[,}}#]|$)", row) is None:
            continue
        around = range(max(1, number - _NEAR), min(len(rows), number + _NEAR) + 1)
        above = [rows[one - 1] for one in around if one <= number]
        if not any(_ASKS[kind].search(one) for one in above):
            continue
        lines = [number] if key is None else [one for one in around if _has_key(rows[one - 1], key)]
        nearest = min(lines, key=lambda one: (abs(one - number), one), default=None)
        if nearest is not None:
            found.append(Locator(source="file", path=at.path, line=nearest, commit=repository.commit))
    return tuple(dict.fromkeys(found))


def _has_key(row: str, key: str) -> bool:
    return re.search(rf"\bkey\s*:\s*['\"]?{re.escape(key)}['\"]?\s*(?:[,}}#]|$)", row) is not None


def declared_objects(repository: Repository, kind: Stored) -> Iterator[DeclaredObject]:
    """Every object of a kind that the manifests declare, with the names of its keys; no value is kept."""
    word = "Secret" if kind == "secret" else "ConfigMap"
    for path in dict.fromkeys(at.path for at in repository.grep(f"kind: .*{word}", ["*.yaml", "*.yml"], fixed=False)):
        text = repository.text(path) or ""
        try:
            documents = [one for one in yaml.safe_load_all(text) if isinstance(one, dict)]
        except yaml.YAMLError:
            continue
        for document in documents:
            name = _table(document.get("metadata")).get("name")
            if document.get("kind") not in _KINDS[kind] or not isinstance(name, str):
                continue
            wanted = re.compile(rf"^\s*name:\s*['\"]?{re.escape(name)}['\"]?\s*$")
            line = next((number for number, row in enumerate(text.split("\n"), 1) if wanted.match(row)), 1)
            at = Locator(source="file", path=path, line=line, commit=repository.commit)
            yield DeclaredObject(name=name, keys=tuple(_keys(document)), at=at)


def _keys(document: dict[str, Any]) -> Iterator[str]:
    spec = _table(document.get("spec"))
    for table in (document.get("data"), document.get("stringData"), spec.get("encryptedData")):
        yield from (str(key) for key in _table(table))
    entries = spec.get("data")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("secretKey"):
            yield str(entry["secretKey"])


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
