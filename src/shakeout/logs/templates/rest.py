"""Which templates the lines belong to whose keys were not kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from shakeout.logs.templates.model import OVERFLOW, identity
from shakeout.logs.templates.table import Table
from shakeout.logs.templates.traces import MARKS, outline_and_marks, trace_of

Marks = tuple[int | None, ...]


class Rest:
    """
    Maps the trace of a key that was not kept to a template's id.

    A trace has the key's outline and two bits of the length of each of its first words. A template of the same outline
    fits if the bits agree at the places where all its kept keys agree. The best fit is taken, the more frequent of
    equal ones.
    """

    def __init__(self, table: Table, by_key: Mapping[str, str], counts: Mapping[str, int]) -> None:
        self._candidates: dict[int, list[tuple[int, str, Marks]]] = {}
        self._known: dict[int, str] = {}
        if not table.passed:
            return
        seen: dict[tuple[int, str], list[set[int]]] = defaultdict(lambda: [set() for _ in range(MARKS)])
        for key, owner in by_key.items():
            outline, own = outline_and_marks(trace_of(key))
            for marks, mark in zip(seen[outline, owner], own, strict=True):
                marks.add(mark)
        for (outline, owner), places in sorted(seen.items()):
            certain = tuple(next(iter(marks)) if len(marks) == 1 else None for marks in places)
            self._candidates.setdefault(outline, []).append((counts[owner], owner, certain))

    def template_of(self, trace: int) -> str:
        """The id of the template for a trace; that of `OVERFLOW` if none of its outline was kept."""
        known = self._known.get(trace)
        if known is None:
            outline, marks = outline_and_marks(trace)
            fits = [
                (_misfits(certain, marks), -count, owner) for count, owner, certain in self._candidates.get(outline, ())
            ]
            known = self._known[trace] = min(fits)[2] if fits else identity(OVERFLOW)
        return known

    def template_of_key(self, key: str) -> str:
        """The same for the key itself."""
        return self.template_of(trace_of(key))


def _misfits(certain: Marks, marks: tuple[int, ...]) -> int:
    return sum(1 for one, other in zip(certain, marks, strict=True) if one is not None and one != other)
