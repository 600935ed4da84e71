"""
Templates as a source of evidence: what rules read in place of raw lines.

The miner's engine takes a quarter of a second to load; it is loaded when a rule asks for a template, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from shakeout.logs.entry import LogEntry, Severity

if TYPE_CHECKING:
    from shakeout.logs.templates.miner import TemplateMiner
    from shakeout.logs.templates.model import Template


class Templates:
    """
    The templates of a run's logs, the most frequent first, so that a million equal errors cost one.

    The logs are read when something is first asked of them, in one pass and bounded memory; `read` gives their entries.
    """

    described_as = "the logs"

    def __init__(self, read: Callable[[], Iterable[LogEntry]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Template]:
        return iter(self._miner.snapshot())

    @property
    def lines(self) -> int:
        """The number of entries that the templates stand for."""
        return self._miner.lines

    @property
    def overflowed(self) -> bool:
        """Whether some counts are estimates."""
        return self._miner.overflowed

    def at_least(self, severity: Severity) -> Iterator[Template]:
        """Templates that were logged at `severity` or above at least once."""
        for template in self:
            if any(Severity[name] >= severity for name in template.severities):
                yield template

    def of(self, text: str) -> Template | None:
        """The template of an entry's first line; None where it has none of its own."""
        return self._by_id.get(self._miner.match(text) or "")

    @cached_property
    def _by_id(self) -> dict[str, Template]:
        return {template.id: template for template in self}

    @cached_property
    def _miner(self) -> TemplateMiner:
        from shakeout.logs.templates.miner import TemplateMiner

        miner = TemplateMiner()
        miner.add_entries(self._read())
        return miner


def templates_of(entries: Iterable[LogEntry]) -> Templates:
    """The templates of log entries."""
    return Templates(lambda: entries)
