"""Templates as a source of evidence: what rules read in place of raw lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shakeout.logs.entry import LogEntry, Severity
from shakeout.logs.templates.miner import TemplateMiner
from shakeout.logs.templates.model import Template


@dataclass(frozen=True, kw_only=True, slots=True)
class Templates:
    """
    The templates of a run's logs, the most frequent first, so that a million equal errors cost one.

    `lines` is the number of entries they stand for; `overflowed` says that some counts are estimates.
    """

    templates: tuple[Template, ...]
    lines: int
    overflowed: bool

    def __iter__(self) -> Iterator[Template]:
        return iter(self.templates)

    def at_least(self, severity: Severity) -> Iterator[Template]:
        """Templates that were logged at `severity` or above at least once."""
        for template in self.templates:
            if any(Severity[name] >= severity for name in template.severities):
                yield template


def templates_of(entries: Iterable[LogEntry]) -> Templates:
    """The templates of log entries, in one pass and bounded memory."""
    miner = TemplateMiner()
    miner.add_entries(entries)
    return Templates(templates=miner.snapshot(), lines=miner.lines, overflowed=miner.overflowed)
