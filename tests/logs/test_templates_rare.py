"""Rare events are templates of their own, whatever the lines around them say."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from shakeout.logs.templates import TemplateMiner, stream

pytestmark = pytest.mark.usefixtures("either_way")


def _random(rng: random.Random, letters: str, length: int) -> str:
    return "".join(rng.choices(letters, k=length))


def _texts(lines: list[str]) -> list[str]:
    miner = TemplateMiner(numbered=True)
    miner.add_lines(lines)
    texts = {template.id: template.text for template in miner.snapshot()}
    assert not miner.overflowed
    return [texts[number] for column in miner.numbers() for number in column]


def _hex(rng: random.Random) -> str:
    return f"{rng.getrandbits(64):016x}"


def test_an_event_too_rare_for_its_words_is_not_counted_as_another_of_as_many_words() -> None:
    rng = random.Random(8)
    lines = [f"request {_hex(rng)} served" for _ in range(stream.FIRST + 3 * stream.LINES)]
    rare = ("cache rebuilt after crash", "disk lost before backup", "certificate expired during handshake")
    for block, (text, count) in enumerate(zip(rare, (10, 10, 2), strict=True)):
        start = stream.FIRST + block * stream.LINES
        for at in rng.sample(range(start, start + stream.LINES), count):
            lines[at] = f"{text} {_hex(rng)}"
    said = Counter(_texts(lines))
    assert [said[f"{text} <*>"] for text in rare] == [10, 10, 2]


def test_two_rare_words_in_the_place_of_a_frequent_one_are_told_apart() -> None:
    rng = random.Random(9)
    for count in range(1, 8):
        lines = [f"request {_hex(rng)} served" for _ in range(stream.FIRST + stream.LINES)]
        for at in rng.sample(range(stream.FIRST, len(lines)), 13):
            lines[at] = f"request {_hex(rng)} failed"
        for at in [at for at, line in enumerate(lines) if line.endswith("failed")][:count]:
            lines[at] = f"request {_hex(rng)} aborted"
        assert Counter(_texts(lines))["request <*> aborted"] == count


@pytest.mark.parametrize("whose", ["", " of {}"])
def test_many_outcomes_of_which_one_is_nearly_always_are_told_apart(whose: str) -> None:
    rng = random.Random(10)
    seldom = ["failed", "aborted", "delayed", "dropped", "expired", "ignored", "refused", "skipped", "started"]
    seldom += ["stopped", "suspended", "resumed"]
    outcomes = [rng.choice(seldom) if rng.random() < 0.01 else "served" for _ in range(150_000)]
    lines = [
        f"request {_hex(rng)}{whose.format(_random(rng, 'abcdefghijklmnopqrstuvwxyz', 8))} {outcome}"
        for outcome in outcomes
    ]
    assert _texts(lines) == [f"request <*>{whose.format('<*>')} {outcome}" for outcome in outcomes]


def test_a_word_that_no_sketch_has_neither_hides_an_event_nor_makes_keys() -> None:
    rng = random.Random(13)
    lines = [f"pool of {_random(rng, 'abcdefghijkl', 8)} ran jk2_init() {at} times" for at in range(60_000)]
    for at in rng.sample(range(60_000), 5):
        lines[at] = lines[at].replace("jk2_init", "jk2_exit")
    miner = TemplateMiner(numbered=True)
    miner.add_lines(lines)
    assert Counter({t.text: t.count for t in miner.snapshot()}) == {
        "pool of <*> ran jk2_init() <*> times": 59_995,
        "pool of <*> ran jk2_exit() <*> times": 5,
    }
    assert not miner.overflowed
    assert len(miner.table.seen) < 30


@pytest.mark.parametrize(
    ("often", "seldom"),
    [
        ("link up-eth0 changed", "link down-eth0 changed"),
        (f"starting org.example.Web{'Auto' * 10}Filter", f"starting org.example.Web{'Auto' * 10}Router"),
    ],
)
def test_words_that_are_open_everywhere_are_told_apart_too(often: str, seldom: str) -> None:
    rng = random.Random(12)
    lines = [f"{often} {_hex(rng)}" for _ in range(20_000)]
    for at in rng.sample(range(20_000), 3):
        lines[at] = f"{seldom} {_hex(rng)}"
    assert Counter(_texts(lines)) == {f"{often} <*>": 19_997, f"{seldom} <*>": 3}


def test_a_sketch_that_was_wider_before_still_asks_for_the_words_of_its_key() -> None:
    rng = random.Random(16)
    names = [_random(rng, "abcdefghijkl", 6) for _ in range(13)]
    lines = [f"gate {names[at % 13]} ran jk2_init() {at} times" for at in range(stream.FIRST)]
    lines += [f"gate {names[0]} ran jk2_init() {at} times" for at in range(20_000)]
    for at in rng.sample(range(stream.FIRST, len(lines)), 3):
        lines[at] = lines[at].replace("jk2_init", "jk2_exit")
    found = Counter(_texts(lines))
    assert sum(count for text, count in found.items() if "jk2_exit" in text) == 3
