"""
Where services are, as the output of a deploy command says it.

Read are, the surest first: the manifest's own patterns; lines of JSON with a service's name and its address; variables
(`BACKEND_URL=…`); what gcloud prints of a service; and lines that say nothing but that a service is at an address
(`backend deployed to https://…`). Of several lines of one kind the last one counts. Whatever else a line says, it is
not taken for an address: a service without one is a finding, not a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from shakeout.logs.entry import LogEntry

_URL = re.compile(r"https?://[^\s\"'<>`|\\)\]},;]+")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_VARIABLE = re.compile(
    r"(?:^|[\s:=])(?:export\s+|set-output name=|output\s+)?(?P<name>[A-Za-z][\w-]*)"
    r"_(?P<what>URL|URI|ENDPOINT|ADDRESS|REVISION)(?:=|::|:\s)\s*[\"']?(?P<value>[^\s\"']+)",
    re.I,
)
_GCLOUD_SERVICE = re.compile(r"\bService \[(?P<name>[\w-]+)\](?: revision \[(?P<revision>[\w-]+)\])?")
_GCLOUD_URL = re.compile(r"^\W*Service URL:\s*(?P<url>https?://\S+)")
_SAID = frozenset(
    (
        "a", "address", "and", "app", "as", "at", "available", "backend", "been", "can", "deploy", "deployed",
        "deployment", "done", "endpoint", "environment", "finished", "for", "has", "healthy", "host", "in", "info",
        "is", "it", "its", "listening", "live", "local", "localhost", "log", "new", "now", "of", "ok", "on", "online",
        "open", "public", "ready", "release", "released", "reachable", "revision", "run", "running", "server",
        "service", "serving", "site", "started", "successfully", "the", "to", "up", "uri", "url", "version", "visit",
        "was", "web", "website", "with",
    )
)  # fmt: skip
"""Words that a line may have beside a service's name and its address."""
_NAMES = ("service", "name", "app", "application", "component")
_ADDRESSES = ("url", "uri", "address", "endpoint", "service_url", "serviceUrl", "href")
_REVISIONS = ("revision", "revision_name", "latestReadyRevisionName", "latestReadyRevision", "image", "digest")


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """One service: its name in the manifest, what it may be called in the output, and the manifest's own patterns."""

    service: str
    called: frozenset[str]
    url_pattern: str | None = None
    revision_pattern: str | None = None


@dataclass(kw_only=True, slots=True)
class Announced:
    """What the output said of one service: the address without trailing slash, and the lines that say so."""

    url: str | None = None
    url_entry: LogEntry | None = None
    revision: str | None = None
    revision_entry: LogEntry | None = None
    _sure: dict[str, int] = field(default_factory=dict)

    def take(self, what: str, value: str, entry: LogEntry, sure: int) -> None:
        """Keep a value that is at least as sure as the one that is there."""
        if what == "url":
            address = _address(value)
            if address is None or sure < self._sure.get(what, 0):
                return
            self.url, self.url_entry = address, entry
        elif sure >= self._sure.get(what, 0):
            self.revision, self.revision_entry = value.strip(), entry
        self._sure[what] = max(sure, self._sure.get(what, 0))


def names_of(service: str, environment: str, application: str, own: str | None = None) -> frozenset[str]:
    """What a service may be called, in lower case with hyphens: its own name, or that with the usual parts."""
    stems = {service, own or service}
    around = {f"{stem}-{environment}" for stem in stems} | {f"{environment}-{stem}" for stem in stems}
    around |= {f"{application}-{stem}" for stem in stems}
    around |= {f"{application}-{stem}-{environment}" for stem in stems}
    around |= {f"{stem}-{word}" for stem in stems for word in ("service", "app")}
    return frozenset(_plain(name) for name in stems | around)


def announced(entries: Iterable[LogEntry], services: Iterable[Names]) -> dict[str, Announced]:
    """What the lines of an output say of each service."""
    known = tuple(services)
    found = {names.service: Announced() for names in known}
    by_name: dict[str, str] = {}
    for names in known:
        for called in names.called:
            # A name that two services may have says nothing; a service's own name is its own.
            by_name[called] = names.service if called not in by_name else ""
    by_name |= {_plain(names.service): names.service for names in known}
    current: str | None = None
    for entry in entries:
        text = entry.message
        for names in known:
            for what, pattern in (("url", names.url_pattern), ("revision", names.revision_pattern)):
                if pattern is not None and (match := re.search(pattern, text[:20_000])):
                    found[names.service].take(what, match[1], entry, 5)
        for name, what, value, sure in _said(text, by_name):
            found[name].take(what, value, entry, sure)
        if match := _GCLOUD_SERVICE.search(text):
            current = by_name.get(_plain(match["name"])) or None
            if current and match["revision"]:
                found[current].take("revision", match["revision"], entry, 2)
        elif current and (match := _GCLOUD_URL.search(text)):
            found[current].take("url", match["url"], entry, 2)
            current = None
    return found


def _said(text: str, by_name: Mapping[str, str]) -> Iterator[tuple[str, str, str, int]]:
    """(service, `url` or `revision`, value, how sure) of one line."""
    brace = text.find("{")
    if brace >= 0 and text.rstrip().endswith("}"):
        try:
            value = json.loads(text[brace:])
        except (ValueError, RecursionError):
            pass
        else:
            yield from _in_json(value, by_name, None, 0)
            return
    for match in _VARIABLE.finditer(text[:20_000]):
        stem = re.sub(r"_(?:service|app|public|base)$", "", match["name"], flags=re.I)
        service = by_name.get(_plain(stem)) or by_name.get(_plain(match["name"]))
        if service:
            yield service, "revision" if match["what"].upper() == "REVISION" else "url", match["value"], 3
    yield from _in_words(text, by_name)


def _in_json(
    value: Any, by_name: Mapping[str, str], key: str | None, depth: int
) -> Iterator[tuple[str, str, str, int]]:
    """Objects that name a service and its address, and mappings from a service's name to one or to its address."""
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:1000]:
            yield from _in_json(item, by_name, None, depth + 1)
        return
    own = by_name.get(_plain(key)) if key else None
    if isinstance(value, str):
        if own and _address(value) is not None:
            yield own, "url", value, 4
        return
    if not isinstance(value, dict):
        return
    named = next((name for field in _NAMES if isinstance(name := value.get(field), str)), None)
    service = by_name.get(_plain(named)) if named else own
    if service:
        for what, fields in (("url", _ADDRESSES), ("revision", _REVISIONS)):
            told = next((text for field in fields if isinstance(text := value.get(field), str) and text), None)
            if told is not None:
                yield service, what, told, 4
    for inner, item in list(value.items())[:1000]:
        if not service or isinstance(item, dict | list):
            yield from _in_json(item, by_name, str(inner), depth + 1)


def _in_words(text: str, by_name: Mapping[str, str]) -> Iterator[tuple[str, str, str, int]]:
    """A line that says nothing but that one service is at one address."""
    urls = _URL.findall(text)
    if len(urls) != 1 or len(text) > 500:
        return
    before, _, after = text.partition(urls[0])
    rest = re.sub(
        r"^\W*\d{4}-\d\d-\d\d[T ][\d:.,]+Z?(?:[+-]\d\d:?\d\d)?|\b(?:INFO|NOTICE|info|notice)\b",
        " ",
        before + " " + after,
    )
    tokens = _WORD.findall(rest)
    named = {service for token in tokens if (service := by_name.get(_plain(token)))}
    others = [token for token in tokens if not by_name.get(_plain(token)) and token.lower() not in _SAID]
    if len(named) == 1 and not others:
        yield next(iter(named)), "url", urls[0].rstrip("."), 1


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _address(text: str) -> str | None:
    """An address without trailing slash; None where it is none that can be asked."""
    text = text.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        well = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return text if well and not parts.query and not parts.fragment and parts.username is None else None
