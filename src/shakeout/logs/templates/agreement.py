"""Whether some keys are one event, each of them looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.group import divided, outline_of, row_of
from shakeout.logs.templates.part import Known
from shakeout.logs.templates.shape import aligned, shape, spaced, with_empty_value


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """
    The key that stands for several.

    If it is `common` to them it has a value wherever they differ: at the places `opened` of its row. Else it is one of
    them, and says less than all do.
    """

    key: str
    common: bool
    opened: frozenset[int] = frozenset()


@dataclass(kw_only=True, slots=True)
class Learned:
    """
    What agreement taught.

    `names` are words that are names, `opened` has for some keys the places of their rows in which words were found to
    be values.
    """

    names: frozenset[str] = frozenset()
    opened: dict[str, frozenset[int]] = field(default_factory=dict)

    def open(self, found: Agreement) -> None:
        """Notes what places are open in a key."""
        if found.opened:
            self.opened[found.key] = self.opened.get(found.key, frozenset()) | found.opened

    def joined(self, other: Learned) -> Learned:
        """What was learned from both."""
        opened = dict(self.opened)
        for key, places in other.opened.items():
            opened[key] = opened.get(key, frozenset()) | places
        return Learned(names=self.names | other.names, opened=opened)


def agreement(keys: Mapping[str, int], known: Known) -> Agreement | None:
    """
    What stands for some keys, given with their hashes, if they are of one event; None if they are not.

    If the common key had another shape than the pattern of all, the key of the smallest hash is taken.
    """
    if len(keys) == 1:
        return Agreement(key=next(iter(keys)), common=True)
    if len({"  " in key and with_empty_value(key) is not None for key in keys}) > 1:
        return None
    rows = {row_of(text) for text in {shape(key) for key in keys}}
    if len({outline_of(row) for row in rows}) > 1:
        return None
    patterns = [pattern for pattern, _ in divided(sorted(rows), known)]
    if len(patterns) > 1:
        return None
    parts = aligned([spaced(key) for key in sorted(keys)])
    merged = None if parts is None else "".join(parts)
    if merged is not None and SIGN in merged and row_of(shape(merged)) == patterns[0]:
        opened = frozenset(place for place, words in enumerate(zip(*rows, strict=True)) if len(set(words)) > 1)
        return Agreement(key=merged, common=True, opened=opened)
    return Agreement(key=min(keys, key=lambda key: (keys[key], key)), common=False)
