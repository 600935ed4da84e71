"""
Which lines are looked at closely, and which follow the others of their sketch.

Of each sketch that was not met before a few lines are folded. If all of these are one event, every line of the sketch
is taken to have the key of one of them, here and in all blocks that follow; if not, every line of the sketch is folded.
Where the key has a word that is none of the sketch, a line follows only if it has that word: another there may say that
something else happened.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import and_

import numpy as np

from shakeout.logs.templates.agreement import Agreement, Learned, agreement
from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.group import outline_of, row_of, words_everywhere
from shakeout.logs.templates.names import names_of
from shakeout.logs.templates.part import Known, Row
from shakeout.logs.templates.runs import Fold, Found, Hashed, Holding, Runs, runs_of
from shakeout.logs.templates.shape import SHORT, shape
from shakeout.logs.templates.sketch import Sketches
from shakeout.logs.templates.slots import Slots, slots_of
from shakeout.logs.templates.words import LONGEST, WITHIN, Flags, Hashes, Numbers, spoken

FEW = 4
"""How many different lines a sketch must have before any of them speak for all."""

SAMPLES = (4, 16, 64)
"""How many different lines of a sketch are looked at; more where the first do not agree."""

MOST = SAMPLES[-1]

ASKED = 1 << 10
"""Sketches of a block that are thought about: those of most lines. All lines of others are folded for this once."""

HEARD = 1 << 13
"""Keys from which names are learned, and lines after which no more are asked."""

HEARD_OF_ONE = 512
"""Those among them that are of one sketch."""

LOOKED_AT = 1 << 12
"""Keys of the first block that say which words and which open slots are on all lines."""

REMEMBERED = 50_000
"""Sketches that are remembered; the lines of all others are folded one by one."""

PENDING = 1 << 12
"""Sketches of which too few lines came so far that are remembered."""

_LACKING = np.uint64(0x9E3779B97F4A7C15)
"""Makes of a sketch the one of its lines that lack a word which its key has."""

_ANY_VALUE = "00"
"""What is no word, whatever stands beside it."""

_DIVIDED = re.compile(f"{WITHIN.decode()}+")
_DIGIT = re.compile("[0-9]")
_NAME = re.compile("[^0-9]{2,4}[0-9]")


@dataclass(slots=True)
class _Undecided:
    """A sketch of which too few lines came so far: their keys with their hashes, and how many they were."""

    keys: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    wanted: int = FEW


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """Sketches that are known and sketches whose every line is folded, as they were at some time."""

    known: Hashes
    folded: Hashes


class Casts:
    """
    The memory of sketches: what was decided of each. It only ever grows, up to `REMEMBERED` of each kind.

    `learned` is what was found out where it had to be known.
    """

    def __init__(self) -> None:
        self.learned = Learned()
        self._known: dict[int, str] = {}
        self._common: set[int] = set()
        self._everywhere: frozenset[str] = frozenset()
        self._slots = Slots()
        self._looked = False
        self._folded: set[int] = set()
        self._needs: dict[int, tuple[str, ...]] = {}
        self._lacking: set[int] = set()
        self._open: dict[int, _Undecided] = {}
        self._met = Met(known=np.empty(0, np.uint64), folded=np.empty(0, np.uint64))
        self._heard: dict[str, None] = {}
        self._understood = 0
        self._listened = 0

    def met(self) -> Met:
        """What is remembered, or what was remembered a short time ago."""
        have, had = len(self._known) + len(self._folded), len(self._met.known) + len(self._met.folded)
        if have > had + had // 16:
            self._met = Met(known=_sorted(self._known), folded=_sorted(self._folded))
        return self._met

    def settled(self, sketches: Sketches, fold: Fold, hashed: Hashed, holding: Holding) -> tuple[list[str], Numbers]:
        """
        The keys of a block's lines, and which of them each line is taken to have.

        `fold` gives the keys of some lines, `hashed` a hash of each; `holding` says which of some lines, so many at a
        time, have all of some words.
        """
        return self._settled(sketches, fold, hashed, holding, frozenset())

    def _settled(
        self, sketches: Sketches, fold: Fold, hashed: Hashed, holding: Holding, before: Collection[int]
    ) -> tuple[list[str], Numbers]:
        """As `settled`; nothing more is asked of sketches that were asked `before`."""
        names, of, which = _chosen(sketches, _sorted(self._folded))
        names, of = self._without(names, of, holding)
        keys: dict[str, int] = {}
        rows = np.full(len(names), -1)
        for at, name in enumerate(names.tolist()):
            if (key := self._known.get(name)) is not None:
                rows[at] = keys.setdefault(key, len(keys))
        if (rows >= 0).all():
            return list(keys), rows.take(of)
        runs = runs_of(hashed, of, rows < 0)
        closely = _closely(runs, self._folded_ones(names))
        found = Found(runs, fold, keys, self._slots)
        begun = np.searchsorted(runs.owner, np.arange(len(names) + 1))
        asked = np.zeros(len(names), bool)
        asked[np.argsort(begun[:-1] - begun[1:], kind="stable")[:ASKED]] = True
        found.look(np.flatnonzero(closely | ~asked.take(runs.owner)))
        if not self._looked:
            self._looked = True
            self._slots = slots_of(found.keys()[:LOOKED_AT])
            found.open(self._slots)
            self._everywhere = words_everywhere(_blocks(found.keys()[:LOOKED_AT]))
        unsure = {
            int(names[at]): np.arange(begun[at], begun[at + 1])
            for at in np.flatnonzero(asked & (rows < 0)).tolist()
            if not self._is_folded(int(names[at]))
        }
        mine = {name: ones for name, ones in unsure.items() if name not in before}
        said = {
            name: sketches.said(number, wider=int(sketches.wider[number]) == name)
            for name, number in zip(names.tolist(), which.tolist(), strict=False)
            if name in mine
        }
        disputed = self._asked(mine, said, found)
        if disputed and self._listened < HEARD:
            doubtful = np.fromiter((name in disputed for name in names.tolist()), bool, len(names))
            heard = np.flatnonzero(runs.rank < np.where(doubtful, HEARD_OF_ONE, MOST).take(runs.owner))
            self._listened += len(heard)
            found.look(heard)
            self._learn(key for key, _ in found.keys_of(heard))
        self._decide(disputed, mine, said)
        if not before and not (
            self._folded.isdisjoint(mine.keys() - set(sketches.names.tolist()))
            and self._have_all({name: runs.places.take(ones) for name, ones in mine.items()}, holding)
        ):
            # Of what was too wide, the narrow ones are asked; of what has a key, the lines that lack a word of it.
            return self._settled(sketches, fold, hashed, holding, mine.keys())
        found.look_at_all(ones for name, ones in unsure.items() if not self._speak(name, len(ones)))
        common = np.zeros(len(names), bool)
        for at in np.flatnonzero(rows < 0).tolist():
            name = int(names[at])
            if self._speak(name, begun[at + 1] - begun[at]):
                rows[at] = keys.setdefault(self._known[name], len(keys))
                common[at] = name in self._common
        self._remember(sketches, names)
        result = rows.take(of)
        led = common.take(runs.owner) | (found.rows < 0)
        result[runs.lines] = np.where(led, rows.take(runs.owner), found.rows).repeat(
            np.diff(np.append(runs.first, len(runs.lines)))
        )
        used = np.bincount(result, minlength=len(keys)) > 0
        return list(itertools.compress(keys, used)), (np.cumsum(used) - 1).take(result)

    def _have_all(self, lines: Mapping[int, Numbers], holding: Holding) -> bool:
        """Whether all of some lines of sketches have the words that the keys of these have."""
        needy = sorted(lines.keys() & self._needs)
        if not needy:
            return True
        some = [lines[name] for name in needy]
        return bool(holding(np.concatenate(some), list(map(len, some)), [self._needs[name] for name in needy]).all())

    def _without(self, names: Hashes, of: Numbers, holding: Holding) -> tuple[Hashes, Numbers]:
        """The sketches of lines, where lines that lack a word that their sketch's key has are of another one."""
        needy = [at for at, name in enumerate(names.tolist()) if name in self._needs]
        if not needy:
            return names, of
        asked = np.zeros(len(names), bool)
        asked[needy] = True
        lines = np.flatnonzero(asked.take(of))
        lines = lines.take(np.argsort(of.take(lines), kind="stable"))
        sizes = np.bincount(of.take(lines), minlength=len(names)).take(needy)
        has = holding(lines, sizes.tolist(), [self._needs[int(names[at])] for at in needy])
        without = np.flatnonzero(np.bincount(of.take(lines[~has]), minlength=len(names)))
        if not len(without):
            return names, of
        others = names.take(without) ^ _LACKING
        self._lacking.update(others.tolist())
        now = np.zeros(len(names), np.intp)
        now[without] = len(names) + np.arange(len(without))
        of = of.copy()
        of[lines[~has]] = now.take(of.take(lines[~has]))
        return np.append(names, others), of

    def _is_folded(self, name: int) -> bool:
        return name in self._folded or name in self._lacking

    def _folded_ones(self, names: Hashes) -> Flags:
        return np.fromiter(map(self._is_folded, names.tolist()), bool, len(names))

    def _speak(self, name: int, size: int) -> bool:
        """Whether some of a sketch's `size` runs speak for all."""
        return size > FEW and name in self._known

    def _asked(self, mine: Mapping[int, Numbers], said: Mapping[int, Hashes], found: Found) -> dict[int, None]:
        """
        Looks closely at sketches, each with its runs in this block and what all lines of it say.

        Returns those whose lines do not agree.
        """
        waiting = {name: self._open.get(name) or _Undecided() for name in mine}
        for name, undecided in waiting.items():
            undecided.lines += len(mine[name])
        disputed: dict[int, None] = {}
        for size in SAMPLES:
            found.look_at_all(mine[name][:size] for name in waiting)
            for name, undecided in waiting.items():
                undecided.keys.update(found.keys_of(mine[name][:size]))
            ready = {name: one for name, one in waiting.items() if one.lines >= one.wanted}
            agreed = self._agreed(ready, said)
            for name, undecided in list(waiting.items()):
                if name in ready and name not in agreed and len(mine[name]) > size < MOST:
                    continue
                del waiting[name]
                if name in agreed:
                    continue
                if name in self._open or len(self._open) < PENDING:
                    self._open[name] = undecided
                if name in ready:
                    disputed[name] = None
        return disputed

    def _decide(self, names: Iterable[int], mine: Mapping[int, Numbers], said: Mapping[int, Hashes]) -> None:
        """Tries once more to make the lines of sketches agree; those that do not are folded from now on, or later."""
        undecided = {name: self._open[name] for name in names if name in self._open}
        agreed = self._agreed(undecided, said)
        for name, one in undecided.items():
            if name in agreed:
                continue
            one.wanted *= 4
            if one.wanted > MOST * 4 or len(one.keys) > MOST or len(mine[name]) > MOST:
                del self._open[name]
                if len(self._folded) < REMEMBERED:
                    self._folded.add(name)

    def _agreed(self, undecided: Mapping[int, _Undecided], said: Mapping[int, Hashes]) -> set[int]:
        """
        The sketches of which the lines that were looked at are one event each: a key stands for each of these.

        Where a key says more than every line of the sketch says, it stands only for the lines that have these words:
        where the place of `failed` is open, a line that no one looked at may say `aborted`.
        """
        known = Known(names=self.learned.names, everywhere=self._everywhere)
        ones: dict[int, Agreement] = {}
        for name, some in undecided.items():
            if len(self._known) + len(ones) < REMEMBERED and (found := agreement(some.keys, known)) is not None:
                ones[name] = found
        texts = {
            name: list(map(_text_of, [one.key] if one.common else undecided[name].keys)) for name, one in ones.items()
        }
        words = iter(spoken(text.encode() for some in texts.values() for text in some))
        more = {
            name: reduce(and_, itertools.islice(words, len(some))) - set(said[name].tolist())
            for name, some in texts.items()
        }
        for (name, one), those in zip(ones.items(), _those((texts[name][0], more[name]) for name in ones), strict=True):
            needed = reduce(and_, map(_never_said, texts[name])) | those
            if needed:
                self._needs[name] = tuple(sorted(needed))
            self._known[name] = one.key
            if one.common:
                self._common.add(name)
            self.learned.open(one)
            self._open.pop(name, None)
        return set(ones)

    def _learn(self, keys: Iterable[str]) -> None:
        """Learns which words are names, if there is much more to learn from than there was at the last time."""
        for key in keys:
            if len(self._heard) < HEARD:
                self._heard[key] = None
        if len(self._heard) > self._understood * 3 // 2:
            self._understood = len(self._heard)
            self.learned.names |= names_of(sorted({row_of(shape(key)) for key in self._heard}))

    def _remember(self, sketches: Sketches, names: Hashes) -> None:
        """That a sketch is what it became where it was widened: in another block there may be too few like it."""
        changed = sketches.names != sketches.wider
        for name, wider in zip(sketches.names[changed].tolist(), sketches.wider[changed].tolist(), strict=True):
            if name in self._known or len(self._known) >= REMEMBERED:
                continue
            if (key := self._known.get(wider)) is not None:
                self._known[name] = key
                if (needed := self._needs.get(wider)) is not None:
                    self._needs[name] = needed
                self._open.pop(name, None)


def wanted(sketches: Sketches, met: Met, hashed: Hashed) -> Numbers:
    """The lines of a block that will have to be folded, as far as can be said by what was met until then."""
    names, of, _ = _chosen(sketches, met.folded)
    runs = runs_of(hashed, of, ~_among(names, met.known))
    return np.sort(runs.places[_closely(runs, _among(names, met.folded))])


def _closely(runs: Runs, folded: Flags) -> Flags:
    """Which runs are looked at first: all of a sketch whose lines are `folded` or few, some of the others."""
    whole = folded | (np.bincount(runs.owner, minlength=len(folded)) <= FEW)
    closely: Flags = whole.take(runs.owner) | (runs.rank < SAMPLES[0])
    return closely


def _chosen(sketches: Sketches, folded: Hashes) -> tuple[Hashes, Numbers, Numbers]:
    """
    The sketches of a block's lines: the wider ones, but for those whose lines were found to differ.

    With them which of these each line has, and the number of a narrow sketch of each.
    """
    chosen = np.where(_among(sketches.wider, folded), sketches.names, sketches.wider)
    names, narrow, which = np.unique(chosen, return_index=True, return_inverse=True)
    return names, which.take(sketches.of), narrow


def _those(asked: Iterable[tuple[str, set[int]]]) -> list[set[str]]:
    """The words of texts that have some of these hashes each."""
    some = [(set(_DIVIDED.findall(text)) if hashes else set[str](), hashes) for text, hashes in asked]
    every = sorted(set[str]().union(*(words for words, _ in some)))
    found = dict(zip(every, spoken(word.encode() for word in every), strict=True)) if every else {}
    return [{word for word in words if found[word] & hashes} for words, hashes in some]


def _text_of(key: str) -> str:
    """A key without what may be cut off or could not be read."""
    end = key.rfind(" ") if len(key) >= SHORT else len(key)
    return key[:end].replace(SIGN, _ANY_VALUE).replace("\ufffd", _ANY_VALUE)


def _never_said(text: str) -> set[str]:
    """Words that are open in every sketch though they are no values, as `up-eth0`, and very long ones."""
    return {
        word
        for word in _DIVIDED.findall(text)
        if (len(word) > LONGEST or _DIGIT.search(word))
        and not (_ANY_VALUE in word or word.startswith("/") or _NAME.fullmatch(word))
    }


def _among(names: Hashes, ordered: Hashes) -> Flags:
    if not len(ordered):
        return np.zeros(len(names), bool)
    found: Flags = ordered.take(np.searchsorted(ordered, names), mode="clip") == names
    return found


def _blocks(keys: Iterable[str]) -> Collection[Iterable[Row]]:
    """The rows of keys, those of one outline together."""
    blocks: dict[Row, list[Row]] = defaultdict(list)
    for key in keys:
        row = row_of(shape(key))
        blocks[outline_of(row)].append(row)
    return blocks.values()


def _sorted(names: Iterable[int]) -> Hashes:
    return np.sort(np.fromiter(names, np.uint64))
