"""Failures that platform documents tell of (pods, containers, conditions), as occurrences that rules read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shakeout.evidence.model import QUOTE_LIMIT, Evidence, Locator
from shakeout.evidence.redaction import redact
from shakeout.logs.errorlog import Occurrence
from shakeout.logs.formats.base import PlatformDocument

_WAITING = frozenset({"ContainerCreating", "PodInitializing"})
"""Reasons for waiting that are no failure."""
_SERVICE_LABELS = (
    "app.kubernetes.io/name",
    "app",
    "k8s-app",
    "serving.knative.dev/service",
    "com.docker.compose.service",
)
LINES = 20_000
"""Lines of a document that are looked through for the words that say so."""


def occurrences_of(documents: Iterable[PlatformDocument], resolve: Callable[[Locator], str]) -> Iterator[Occurrence]:
    """One occurrence for each failure that a document states, in the order of the documents; each only once."""
    seen: set[tuple[str | None, str]] = set()
    for document in documents:
        for owner, text, quote in _failures(document):
            if (owner, text) in seen:
                continue
            seen.add((owner, text))
            found = _place(document, quote, resolve)
            if found is None:
                continue
            at, row = found
            yield Occurrence(
                key=hashlib.sha256(f"{document.locator}\0{owner}\0{text}".encode()).hexdigest()[:16],
                origin="service",
                owner=owner,
                type=None,
                text=redact(text),
                evidence=(Evidence(kind="platform", locator=at, quote=row, note=text),),
                system=True,
            )


def _place(document: PlatformDocument, words: str, resolve: Callable[[Locator], str]) -> tuple[Locator, str] | None:
    """The line of the document that says so, after the line with the document's own name where it has one."""
    first = document.locator.line or 1
    last = document.locator.end_line or first + LINES
    rows = resolve(replace(document.locator, line=first, end_line=last)).split("\n")
    start = next((number for number, row in enumerate(rows) if document.name in row), 0)
    for number in (*range(start, len(rows)), *range(start)):
        if words in rows[number]:
            row = rows[number] if len(rows[number]) <= QUOTE_LIMIT else words
            return replace(document.locator, line=first + number, end_line=None), row.strip()
    return None


def _failures(document: PlatformDocument) -> Iterator[tuple[str | None, str, str]]:
    """(service, what is wrong, the words that say so in the document)."""
    data = document.data
    if document.kind == "pod":
        yield from _pod(document.name, data)
    elif document.kind == "container":
        yield from _container(document.name, data)
    elif document.kind == "pod-description" or "Containers" in data:
        yield from _description(document.name, data)
    if document.kind not in {"pod", "container", "image"}:
        yield from _conditions(document.name, data)


def _pod(name: str, data: Mapping[str, Any]) -> Iterator[tuple[str | None, str, str]]:
    labels = _mapping(_mapping(data.get("metadata")).get("labels"))
    status = _mapping(data.get("status"))
    statuses = [*_list(status.get("initContainerStatuses")), *_list(status.get("containerStatuses"))]
    for container in statuses:
        own = str(container.get("name", ""))
        owner = _owner(labels) or own or None
        for moment in ("lastState", "state"):
            state = _mapping(container.get(moment))
            ended = _mapping(state.get("terminated"))
            waiting = _mapping(state.get("waiting"))
            if ended and ended.get("exitCode") not in {0, None}:
                reason = str(ended.get("reason") or "Error")
                text = f"container {own} of pod {name}: {reason}, exited with code {ended['exitCode']}"
                yield owner, f"{text}: {ended['message']}" if ended.get("message") else text, reason
            if waiting and waiting.get("reason") and waiting["reason"] not in _WAITING:
                message = f": {waiting['message']}" if waiting.get("message") else ""
                yield owner, f"container {own} of pod {name}: {waiting['reason']}{message}", str(waiting["reason"])


def _container(name: str, data: Mapping[str, Any]) -> Iterator[tuple[str | None, str, str]]:
    state = _mapping(data.get("State"))
    labels = _mapping(_mapping(data.get("Config")).get("Labels"))
    owner = _owner(labels) or name
    status = state.get("ExitCode")
    if state.get("OOMKilled") is True:
        yield owner, f"container {name}: OOMKilled", "OOMKilled"
    elif status not in {0, None} and str(state.get("Status", "")) in {"exited", "dead", "restarting"}:
        error = f": {state['Error']}" if state.get("Error") else ""
        yield owner, f"container {name} exited with code {status}{error}", "ExitCode"


def _description(name: str, data: Mapping[str, Any]) -> Iterator[tuple[str | None, str, str]]:
    for own, container in _mapping(data.get("Containers")).items():
        for moment in ("Last State", "State"):
            told = _mapping(container)
            state = _mapping(told.get(f"{moment} detail")) or _mapping(told.get(moment)) or told
            reason = str(state.get("Reason", ""))
            if reason and reason not in {"Completed", *_WAITING}:
                code = f", Exit Code: {state['Exit Code']}" if state.get("Exit Code") else ""
                yield str(own), f"container {own} of pod {name}: {reason}{code}", reason
                break


def _conditions(name: str, data: Mapping[str, Any]) -> Iterator[tuple[str | None, str, str]]:
    """Conditions that are False: Knative's and Cloud Run's `Ready`, a deployment's `Available` and `Progressing`."""
    status = _mapping(data.get("status"))
    for condition in _list(status.get("conditions")):
        if str(condition.get("status")) == "False" and condition.get("message"):
            reason = str(condition.get("reason") or condition.get("type"))
            message = " ".join(str(condition["message"]).split())
            yield name, f"{condition.get('type')} is False, {reason}: {message}", reason


def _owner(labels: Mapping[str, Any]) -> str | None:
    return next((str(labels[label]) for label in _SERVICE_LABELS if labels.get(label)), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
