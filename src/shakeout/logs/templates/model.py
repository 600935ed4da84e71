"""What a template is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shakeout.evidence.model import Evidence, Locator
from shakeout.logs.templates.values import Kind

OVERFLOW = "(lines beyond the bound of templates)"
"""The text of the template that stands for what no template could be kept for."""


def identity(text: str) -> str:
    """The id of a template: 12 hex digits of its text's SHA-256, so the same text has the same id in every run."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One line that made a template: the line itself, unredacted and bounded, and where it stands."""

    text: str
    locator: Locator


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """
    What stood at one wildcard of a template, counted from the left.

    `samples` are the first distinct values of the kept examples, bounded; `kind` is what all of them are.
    """

    kind: Kind
    samples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """
    One event of a log: its words, with `<*>` for each value.

    `count` is the number of lines or entries. `estimated` says that the log had more different lines than can be kept,
    and that a part of `count` is therefore shared out in proportion. `first` and `last` are times in UTC, where known;
    `severities` and `services` count entries by name; `instances` are bounded, `instances_seen` is not.
    """

    id: str
    text: str
    count: int
    first: datetime | None = None
    last: datetime | None = None
    severities: Mapping[str, int] = field(default_factory=dict)
    services: Mapping[str, int] = field(default_factory=dict)
    instances: tuple[str, ...] = ()
    values: tuple[Values, ...] = ()
    examples: tuple[Example, ...] = ()
    estimated: bool = False

    def evidence(self) -> Evidence | None:
        """The first line as evidence, with the count as its note; None for the lines that have no template."""
        if not self.examples:
            return None
        note = f"{self.count} lines of the template {self.text}"
        return Evidence(kind="log", locator=self.examples[0].locator, quote=self.examples[0].text, note=note)

    @property
    def example(self) -> Example | None:
        """The first line or entry of this template."""
        return self.examples[0] if self.examples else None
