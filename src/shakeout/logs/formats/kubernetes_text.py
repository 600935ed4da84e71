"""Kubernetes state as text: `kubectl describe`, and the tables of `kubectl get`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shakeout.evidence.model import Locator
from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.formats.base import Documents, PlatformDocument
from shakeout.logs.formats.kubernetes_events import of_event, settled, workload

_BEGIN = re.compile(r"(?m)^Name:[ \t]+(?P<name>\S+)[ \t]*$")
_PAIR = re.compile(r"(?P<key>[A-Z][\w ./()-]{0,60}|[\w./-]{1,100}):(?:[ \t]+(?P<value>.*))?\Z")
_EVENTS = re.compile(r"LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+(?:SUBOBJECT\s+SOURCE\s+)?MESSAGE")
_TABLE = re.compile(r"(?:NAMESPACE\s{2,})?NAME\s{2,}[A-Z-]+(?:\s{2,}[A-Z-]+)+\s*\Z")
_GAP = re.compile(r"\s{2,}")


class Describe:
    """The text of `kubectl describe`: nested by indentation, with the events of the object below it."""

    name = "kubectl-describe"
    rank = 40

    def hint(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"Name:") and (b"\nNamespace:" in head or b"\nLabels:" in head)

    def read_document(self, value: Any, text: str, locator: Locator) -> Documents | None:
        begins = list(_BEGIN.finditer(text))
        if not begins:
            return None
        documents: list[PlatformDocument] = []
        entries: list[LogEntry] = []
        for index, match in enumerate(begins):
            end = begins[index + 1].start() if index + 1 < len(begins) else len(text)
            line = text.count("\n", 0, match.start()) + 1
            lines = text[match.start() : end].split("\n")
            place = Locator(source="log", path=locator.path, line=line, end_line=line + len(lines) - 1)
            data = _nested(lines)
            what = "pod" if "Containers" in data and "Node" in data else str(data.get("Kind", "object")).lower()
            documents.append(PlatformDocument(kind=f"{what}-description", name=match["name"], data=data, locator=place))
            containers = data.get("Containers")
            own = list(containers) if isinstance(containers, dict) else []
            service = own[0] if len(own) == 1 else None
            entries.extend(settled(list(_described_events(lines, place, match["name"], service))))
        return Documents(documents=documents, entries=entries)


def _nested(lines: list[str]) -> dict[str, Any]:
    """Pairs by indentation: a key without a value holds the lines that are indented more than it."""
    root: dict[str, Any] = {}
    stack: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    for line in lines:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        while len(stack) > 1 and indent <= stack[-1][0]:
            stack.pop()
        holder = stack[-1][1]
        match = _PAIR.match(line.strip())
        inner: dict[str, Any]
        if match is None:
            holder.setdefault("lines", []).append(line.strip())
        elif match["value"]:
            holder[match["key"]] = match["value"].strip()
            inner = {}
            stack.append((indent, inner))  # `State: Terminated` has its reason and exit code below it
            holder[f"{match['key']} detail"] = inner
        elif len(stack) < 12:
            inner = {}
            holder[match["key"]] = inner
            stack.append((indent, inner))
    return _without_empty(root)


def _without_empty(value: dict[str, Any]) -> dict[str, Any]:
    result = {}
    for key, item in value.items():
        kept = _without_empty(item) if isinstance(item, dict) else item
        if kept or not key.endswith(" detail"):
            result[key] = kept
    return result


def _described_events(lines: list[str], place: Locator, name: str, service: str | None) -> Iterator[LogEntry]:
    """The rows below `Events:`: type, reason, age, from, message; `service` is the pod's only container."""
    start = next((index for index, line in enumerate(lines) if line.startswith("Events:")), None)
    if start is None:
        return
    for index, line in enumerate(lines[start + 1 :], start + 1):
        parts = _GAP.split(line.strip(), maxsplit=4)
        level = of_event(parts[0], parts[1], parts[4]) if len(parts) == 5 else None
        if level is None:
            continue
        yield LogEntry(
            message=parts[4],
            locator=Locator(source="log", path=place.path, line=(place.line or 1) + index),
            severity=level,
            service=service,
            time_doubt="only an age is given, no time",
            stream="events",
            sequence=index,
            system=True,
            labels={"object": name},
            fields={"reason": parts[1], "age": parts[2], "from": parts[3]},
            headed=True,
        )


class Table:
    """The tables of `kubectl get`: events become entries, anything else a document of rows."""

    name = "kubectl-table"
    rank = 41

    def hint(self, head: bytes) -> bool:
        first = head.lstrip().partition(b"\n")[0].decode("utf-8", "replace").strip()
        return _EVENTS.match(first) is not None or _TABLE.match(first) is not None

    def read_document(self, value: Any, text: str, locator: Locator) -> Documents | None:
        lines = text.split("\n")
        top = next((index for index, line in enumerate(lines) if line.strip()), None)
        if top is None:
            return None
        header = lines[top]
        columns = [(match.group(), match.start()) for match in re.finditer(r"\S+(?: \S+)*", header)]
        rows = []
        for number, line in enumerate(lines[top + 1 :], top + 2):
            if line.strip():
                cells = {
                    name: line[start : columns[index + 1][1] if index + 1 < len(columns) else None].strip()
                    for index, (name, start) in enumerate(columns)
                }
                rows.append((number, cells))
        if _EVENTS.match(header.strip()):
            return Documents(entries=settled([_row(locator.path, number, cells) for number, cells in rows]))
        data = {"columns": [name for name, _ in columns], "rows": [cells for _, cells in rows]}
        return Documents(
            documents=[PlatformDocument(kind="table", name=_GAP.sub(" ", header.strip()), data=data, locator=locator)]
        )


def _row(path: str, number: int, cells: dict[str, str]) -> LogEntry:
    return LogEntry(
        message=cells.get("MESSAGE", ""),
        locator=Locator(source="log", path=path, line=number),
        time_doubt="only an age is given, no time",
        severity=of_event(cells.get("TYPE"), cells.get("REASON"), cells.get("MESSAGE", "")) or Severity.INFO,
        service=workload(cells.get("OBJECT", "")),
        stream="events",
        sequence=number,
        system=True,
        labels={"object": cells.get("OBJECT", "")},
        fields={"reason": cells.get("REASON", ""), "age": cells.get("LAST SEEN", "")},
        headed=True,
    )


FORMATS = (Describe(), Table())
