"""How well found groups of lines fit the true ones."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

_WILDCARDS = re.compile(r"(?:[^\s<>]*<\*>[^\s<>]*[\s.,:;#|/+-]*)+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """
    `grouping` (GA): share of lines whose whole group is exactly a true one (Zhu et al., ICSE SEIP 2019).

    `f1` (FGA): harmonic mean of the share of found groups that are true ones and of true ones that were found (Jiang et
    al., ISSTA 2024). `parsing` (PA): share of lines whose template has the true text, where wildcards that touch or are
    only divided by punctuation count as one, and so does a word with a wildcard in it.
    """

    grouping: float
    f1: float
    parsing: float


def accuracy(
    truth: Sequence[Hashable], found: Sequence[Hashable], texts: tuple[Sequence[str], Sequence[str]]
) -> Accuracy:
    """Compares the true and the found group of each line, and the two templates of each line."""
    true_groups, found_groups = _groups(truth), _groups(found)
    right = [lines for lines in found_groups if lines in true_groups]
    precision, recall = len(right) / len(found_groups), len(right) / len(true_groups)
    same = Counter(zip(*texts, strict=True))
    return Accuracy(
        grouping=sum(len(lines) for lines in right) / len(truth),
        f1=2 * precision * recall / (precision + recall) if right else 0.0,
        parsing=sum(count for (true, mined), count in same.items() if plain(true) == plain(mined)) / len(truth),
    )


def plain(template: str) -> str:
    """A template's text with wildcards joined."""
    return _SPACE.sub(" ", _WILDCARDS.sub("<*> ", template)).strip()


def _groups(names: Sequence[Hashable]) -> set[frozenset[int]]:
    groups: dict[Hashable, set[int]] = defaultdict(set)
    for line, name in enumerate(names):
        groups[name].add(line)
    return {frozenset(lines) for lines in groups.values()}
