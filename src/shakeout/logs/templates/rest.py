"""Which templates the lines belong to whose keys were not kept."""

from __future__ import annotations

from collections.abc import Mapping

from shakeout.logs.templates.model import OVERFLOW, identity
from shakeout.logs.templates.table import Table
from shakeout.logs.templates.traces import MARKS, outline_of, trace_of

_EACH = sum(1 << 2 * place for place in range(MARKS))
"""The lower bit of each mark."""

_ALL = (1 << 2 * MARKS) - 1


class Rest:
    """
    Maps the trace of a key that was not kept to a template's id.

    A trace has the key's outline and two bits of the length of each of its first words. A template of the same outline
    fits if the bits agree at the places where all its kept keys agree. The best fit is taken, the more frequent of
    equal ones.
    """

    def __init__(self, table: Table, by_key: Mapping[str, str], counts: Mapping[str, int]) -> None:
        self._candidates: dict[int, list[tuple[int, str, int, int]]] = {}
        self._known: dict[int, str] = {}
        if not table.passed:
            return
        seen: dict[tuple[int, str], tuple[int, int]] = {}
        for key, owner in by_key.items():
            trace = trace_of(key)
            marks, group = trace & _ALL, (outline_of(trace), owner)
            first, agreed = seen.get(group, (marks, _ALL))
            seen[group] = (first, agreed & ~_differing(first ^ marks))
        for (outline, owner), (marks, agreed) in sorted(seen.items()):
            self._candidates.setdefault(outline, []).append((counts[owner], owner, marks, agreed))

    def template_of(self, trace: int) -> str:
        """The id of the template for a trace; that of `OVERFLOW` if none of its outline was kept."""
        known = self._known.get(trace)
        if known is None:
            candidates = self._candidates.get(outline_of(trace), ())
            if len(candidates) == 1:
                return candidates[0][1]
            fits = [
                (_differing((trace ^ marks) & agreed).bit_count(), -count, owner)
                for count, owner, marks, agreed in candidates
            ]
            known = self._known[trace] = min(fits)[2] if fits else identity(OVERFLOW)
        return known

    def template_of_key(self, key: str) -> str:
        """The same for the key itself."""
        return self.template_of(trace_of(key))


def _differing(bits: int) -> int:
    """Both bits of each mark of which one bit is set."""
    low = (bits | bits >> 1) & _EACH
    return low | low << 1
