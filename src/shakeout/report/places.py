"""The lines of the repository that an issue points at, for the forms that need a file and a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shakeout.evidence.model import Evidence
from shakeout.report.model import Issue, Report

_PLACE = re.compile(r"([^\s:][^:\n]{0,500}):([1-9]\d{0,8})(?:-([1-9]\d{0,8}))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file of the repository (POSIX path, relative), a 1-based line and the last line of the range."""

    path: str
    line: int
    end_line: int


def place_of(issue: Issue, report: Report) -> Place:
    """Where the issue is: its root cause's line, otherwise the deepest evidence in a file, otherwise the manifest."""
    manifest = report.facts.get("manifest")
    fallback = Place(path=manifest if isinstance(manifest, str) else "shakeout.yaml", line=1, end_line=1)
    return next(_places(issue), fallback)


def evidence_place(evidence: Evidence) -> Place | None:
    """The line of the repository that a piece of evidence stands on; None for logs, probes and the like."""
    at = evidence.locator
    if at.source != "file" or at.line is None or not _inside(at.path):
        return None
    return Place(path=at.path, line=at.line, end_line=at.end_line or at.line)


def _places(issue: Issue) -> Iterator[Place]:
    for text in issue.root_cause.locators if issue.root_cause else ():
        if (match := _PLACE.fullmatch(text)) and _inside(match[1]):
            line = int(match[2])
            yield Place(path=match[1], line=line, end_line=max(line, int(match[3] or line)))
    for items in (*(why.evidence for why in reversed(issue.whys)), issue.evidence):
        for item in items:
            if place := evidence_place(item):
                yield place


def _inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and path == path.strip() and path.isprintable()
