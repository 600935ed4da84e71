"""What a program writes on every line, and names that are new on every line, hide no event and make none."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from shakeout.logs.templates import TemplateMiner
from shakeout.logs.templates.agreement import agreement
from shakeout.logs.templates.fold import SIGN
from shakeout.logs.templates.group import MANY_BLOCKS, grouped, row_of, words_everywhere
from shakeout.logs.templates.part import Known, Part
from shakeout.logs.templates.slots import MANY, Slots, slots_of

_MARKS = list(itertools.product(",;:|=", repeat=2))
_VERBS = ("opened", "closed", "mounted", "painted", "moved", "sold", "weighed", "lent")
_THINGS = ("door", "drawer", "share", "boat", "bridge", "valve", "tap", "wheel")


def _random(rng: random.Random, letters: str = "abcdefghijklmnopqrstuvwxyz", length: int = 8) -> str:
    return "".join(rng.choices(letters, k=length))


def _events() -> list[str]:
    """Texts of several lengths and with several marks, of which no two share a word at the same place but by chance."""
    rng = random.Random(11)
    texts = [f"{verb} {_random(rng)}" for verb in _VERBS]
    texts += [f"{_random(rng)} {thing} {_random(rng)}" for thing in _THINGS]
    texts += [f"{_random(rng)}: {verb} {thing}" for verb, thing in zip(_VERBS, _THINGS, strict=True)]
    texts += [f"{_random(rng)} {at} {_random(rng)}" for at in range(8)]
    texts += [f"{at} {_random(rng)} {_random(rng)}" for at in range(8)]
    return texts + [f"{_random(rng)}{one} {_random(rng)}{two} {_random(rng)}" for one, two in _MARKS]


@pytest.mark.parametrize("tail", ["tenant {} zone {}", "(tenant {} zone {})", "[ticket {}] clerk {} end"])
def test_words_on_every_line_are_no_sign_that_lines_are_alike(tail: str) -> None:
    rng = random.Random(12)
    events = _events()
    lines = [
        f"{events[number % len(events)]} {tail.format(_random(rng), _random(rng, '0123456789abcdef', 16))}"
        for number in range(len(events) * 300)
    ]
    rng.shuffle(lines)
    miner = TemplateMiner(numbered=True)
    miner.add_lines(lines)
    ids = [str(number) for column in miner.numbers() for number in column]
    texts = [next(text for text in events if line.startswith(f"{text} ")) for line in lines]
    pairs = Counter(zip(texts, ids, strict=True))
    assert len(pairs) == len(events) == len(set(ids))
    assert not miner.overflowed


def test_names_that_are_new_on_every_line_make_no_keys_of_rare_events() -> None:
    rng = random.Random(14)
    marks = _MARKS * 14
    rare, often = (
        [f"{_random(rng)}{one} {_random(rng)}{other} {_random(rng)}" for one, other in some]
        for some in (marks[:300], marks[300:])
    )
    texts = [text for text in rare for _ in range(9)] + often * 200
    rng.shuffle(texts)
    miner = TemplateMiner(numbered=True)
    miner.add_lines(f"{text} for tenant {_random(rng)} today" for text in texts)
    ids = [str(number) for column in miner.numbers() for number in column]
    assert len(set(zip(texts, ids, strict=True))) == len(set(texts)) == len(set(ids))
    assert len(miner.table.seen) < 1.2 * len(set(texts))


_BEGUN_BY_NAMES = {
    "{name} went aboard at gate 7": "<*> went aboard at gate <*>",
    "{name}: hold is nearly full": "<*>: hold is nearly full",
    "{name}:/hold/{name} shut, {name} left": "<*>:<*> shut, <*> left",
    "{name} joined": "<*> joined",
    "[{name}] asks for a berth": "[<*>] asks for a berth",
}


@pytest.mark.parametrize("text", sorted(_BEGUN_BY_NAMES))
@pytest.mark.parametrize("names", [60, 20_000])
def test_lines_that_begin_with_names_are_one_event(text: str, names: int) -> None:
    rng = random.Random(15)
    lines = [text.replace("{name}", _random(rng)) for _ in range(names)]
    lines += [f"{verb} the {thing}" for verb in _VERBS for thing in _THINGS] * 50
    rng.shuffle(lines)
    miner = TemplateMiner()
    miner.add_lines(lines)
    assert [found.count for found in miner.snapshot() if found.text == _BEGUN_BY_NAMES[text]] == [names]
    assert not miner.overflowed


@pytest.mark.parametrize("begins", ["codes", "verbs", "imperatives"])
def test_lines_that_begin_with_codes_or_verbs_are_an_event_each(begins: str) -> None:
    rng = random.Random(16)
    words = [_random(rng).upper() if begins == "codes" else f"{_random(rng)}ed" for _ in range(60)]
    if begins == "imperatives":  # nothing but their number tells them from names
        words = [_random(rng).title() for _ in range(30)]
    miner = TemplateMiner()
    miner.add_lines(f"{word} the berth at noon" for word in words for _ in range(30))
    assert {found.count for found in miner.snapshot()} == {30}


def test_words_are_everywhere_only_where_there_are_many_kinds_of_lines() -> None:
    marks = [f"{',' * count}(" for count in range(MANY_BLOCKS)]
    blocks = [[row_of(f"word{mark} of {'day' if at % 3 else 'night'}")] for at, mark in enumerate(marks)]
    assert words_everywhere(blocks) == {"word", "of", "day"}
    assert words_everywhere(blocks[1:]) == frozenset()


def test_a_slot_is_open_if_nearly_every_word_in_it_is_seen_once() -> None:
    rng = random.Random(13)
    names = [_random(rng) for _ in range(MANY)]
    open_ = [f"shelf {at} of clerk {name} today" for at, name in enumerate(names)]
    few = [f"sent by {name} twice" for name in names[: MANY - 1]]
    again = [f"seen by {name} often" for name in names for _ in range(2)]
    slots = slots_of([*open_, *few, *again])
    assert slots.found == {("clerk", "today")}
    assert slots.opened("lent to clerk bob today") == f"lent to clerk {SIGN} today"
    assert slots.opened("clerk eve  today, clerk bob today.") == f"clerk {SIGN}  today, clerk bob today."
    for other in (
        "aclerk bob today",
        "clerk b0b today",
        "clerk bob todays",
        "clerk: bob today",
        "clerk today",
        "clerk",
    ):
        assert slots.opened(other) == other
    assert Slots().opened(open_[0]) == open_[0]


_NAMES = Known(names=frozenset({"ada", "bob", "eve"}))


def test_the_key_that_stands_for_several_has_a_value_where_they_differ() -> None:
    keys = {f"parcel {SIGN} left by {name} at gate {SIGN}": at for at, name in enumerate(sorted(_NAMES.names))}
    found = agreement(keys, _NAMES)
    assert found is not None
    assert (found.key, found.common) == (f"parcel {SIGN} left by {SIGN} at gate {SIGN}", True)
    assert [row_of(found.key)[place] for place in found.opened] == [SIGN]
    assert {row_of(found.key)} == set(grouped(keys, _NAMES).values())
    assert agreement({"door opened": 1, "door closed": 2}, Known()) is None
    assert agreement({"door opened": 1, "door (opened)": 2}, Known()) is None


def test_a_common_key_of_another_shape_is_not_taken() -> None:
    keys = {f"moved {SIGN} {name} home": hashed for hashed, name in ((7, "ada"), (3, "bob"), (5, "eve"))}
    found = agreement(keys, _NAMES)
    assert found is not None
    assert (found.key, found.common) == (f"moved {SIGN} bob home", False)


def test_a_word_more_in_a_place_that_was_opened_is_a_value_and_elsewhere_it_is_not() -> None:
    seen = f"player {SIGN} left the room {SIGN}"
    for place, found in ((1, {f"player ada left the room {SIGN}"}), (5, {f"player {SIGN} left the room quietly"})):
        like = Known(opened={row_of(seen): frozenset({place})})
        other = Known(opened={row_of(seen): frozenset({6 - place})})
        assert len(set(grouped({seen, *found}, like).values())) == 1
        assert len(set(grouped({seen, *found}, other).values())) == 2


def test_the_place_with_the_fewest_words_divides_where_values_count_as_words_each() -> None:
    rows = [(verb, "by", "order", "of", SIGN) for verb in _VERBS[:3]] + [(_VERBS[0], "by", "order", "of", "robin")]
    parts = Part(rows, Known()).divided()
    assert [{row[0] for row in part} for part in parts] == [{verb} for verb in sorted(_VERBS[:3])]
