"""Kubernetes and Cloud Run state: `get -o json|yaml`, lists, events; Cloud Run's services are of the same shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import Documents, PlatformDocument
from shakeout.logs.formats.kubernetes_events import of_event, workload
from shakeout.logs.values import as_text, time

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Objects:
    """Anything with `kind` and `apiVersion`, alone, in a list, or in an array of them."""

    name = "kubernetes-objects"
    rank = 30

    def hint(self, head: bytes) -> bool:
        return (b"apiVersion" in head and b"kind" in head) or (b"items" in head and b"metadata" in head)

    def read_document(self, value: Any, text: str, locator: Locator) -> Documents | None:
        found = list(_objects(value, "", 0))
        if not found:
            return None
        entries = [event(item, locator, number) for number, item in enumerate(found) if item["kind"] == "Event"]
        return Documents(
            documents=[
                PlatformDocument(kind=kind(item), name=_name(item), data=item, locator=locator) for item in found
            ],
            entries=sorted(entries, key=lambda entry: (entry.time is None, entry.time and entry.time.timestamp())),
        )


def _objects(value: Any, inherited: str, depth: int) -> Iterator[dict[str, Any]]:
    if depth > 3:
        return
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, inherited, depth + 1)
        return
    if not isinstance(value, dict):
        return
    items = value.get("items")
    own = value.get("kind")
    if isinstance(items, list) and (own is None or as_text(own).endswith("List")):
        yield from _objects(items, as_text(own).removesuffix("List"), depth + 1)
    elif isinstance(value.get("metadata"), dict) and (own or inherited):
        yield {**value, "kind": as_text(own or inherited)}


def kind(item: Mapping[str, Any]) -> str:
    """The kind in lower case with hyphens; Cloud Run's kinds say that they are Cloud Run's."""
    name = _WORDS.sub("-", as_text(item.get("kind"))).lower()
    if "knative" in as_text(item.get("apiVersion")) or as_text(item.get("apiVersion")).startswith("run.googleapis.com"):
        return f"cloud-run-{name}"
    return name


def _name(item: Mapping[str, Any]) -> str:
    metadata = item["metadata"]
    return as_text(metadata.get("name") or metadata.get("generateName"))


def event(item: Mapping[str, Any], locator: Locator, number: int) -> LogEntry:
    """An event as a log entry: what it says, of what, and when it was last seen."""
    about = item.get("involvedObject") or item.get("regarding") or {}
    name = as_text(about.get("name")) if isinstance(about, dict) else ""
    stamp = next(
        (
            item[key]
            for key in ("lastTimestamp", "eventTime", "firstTimestamp", "deprecatedLastTimestamp")
            if item.get(key)
        ),
        item["metadata"].get("creationTimestamp"),
    )
    moment, doubt = time(stamp)
    message = as_text(item.get("message") or item.get("note"))
    return LogEntry(
        message=message,
        locator=locator,
        time=moment,
        time_doubt=doubt,
        severity=of_event(item.get("type"), item.get("reason"), message) or Severity.INFO,
        service=workload(f"{as_text(about.get('kind'))}/{name}") if name else None,
        stream="events",
        sequence=number,
        system=True,
        labels={"object": f"{as_text(about.get('kind')).lower()}/{name}"} if name else {},
        fields={"reason": item.get("reason"), "count": item.get("count")},
        headed=True,
    )


FORMATS = (Objects(),)
